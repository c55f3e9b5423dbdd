"""Latency with Core ML on a Mac, over the compute units that an app may choose.

coremltools compiles a file each time it loads it, and turns pictures into pixel buffers within
each prediction; an app does the first once and may avoid the second.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from benchmarks.apple.placement import placement
from benchmarks.build_files import ModelFile
from benchmarks.latency.timing import timing
from export.suppress_output import suppress_output
from facestyle import gallery
from facestyle.dependencies import require
from facestyle.errors import UserError

UNITS = ("ALL", "CPU_AND_NE", "CPU_AND_GPU", "CPU_ONLY")
"""coremltools' names; an iPhone app's default is ALL."""

FORMATS = (".mlpackage", ".mlmodel")

ELSEWHERE = (
    "Core ML runs on macOS only; on a Mac, install facestyle[bench,coreml] and type the same "
    "command, or import an Xcode performance report made there or on an iPhone"
)

NOTE = (
    "Core ML through coremltools: load times include compilation, inference includes the "
    "conversion of pictures to pixel buffers."
)

VALUES = {"strength": 1.0, "depth": 1.0, "depth_low": 0.0, "depth_high": 1.0}
"""What inputs that are no pictures hold; a style code holds ``OTHER`` throughout."""

OTHER = 0.5


@dataclass(frozen=True)
class CoreMLSettings:
    """How to measure.

    Attributes:
        units: of ``UNITS``, one row each.
        warm_up: runs before the measured ones, the first one included.
        runs, seconds: least number of measured runs, and least time that they take.
    """

    units: tuple[str, ...] = UNITS
    warm_up: int = 5
    runs: int = 50
    seconds: float = 3.0


class Model(Protocol):
    """A model that is loaded."""

    def description(self) -> Any:
        """The specification's ``ModelDescription``."""

    def predict(self, inputs: dict[str, Any]) -> object:
        """Execute it once."""

    def placement(self) -> dict[str, int] | None:
        """Operations by device; None if this system does not tell."""


Load = Callable[[Path, str], Model]
"""Loads a file for compute units."""


def measure(
    files: Sequence[ModelFile],
    settings: CoreMLSettings,
    load: Load | None = None,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[str], None] = lambda step: None,
) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """Measure files on this Mac, one after the other.

    Args:
        files: ``.mlpackage`` or ``.mlmodel``.
        settings: how.
        load: what executes models; None for Core ML.
        clock: seconds.
        progress: told what is about to be done.

    Returns:
        the report's ``device``, its rows (not yet judged), and what could not be measured and why.

    Raises:
        UserError: elsewhere than on macOS, and when nothing could be measured.
    """
    _check(files, settings)
    if load is None:
        if sys.platform != "darwin":
            raise UserError(ELSEWHERE)
        load = core_ml()
    rows, faults = [], []
    for file in files:
        for units in settings.units:
            progress(f"{file.name} ({units})")
            try:
                rows.append(_row(file, units, settings, load, clock))
            except UserError as error:
                faults.append(f"{file.name} ({units}): {error}")
    if not rows:
        raise UserError(faults[0])
    return device(), rows, [NOTE, *faults]


def _check(files: Sequence[ModelFile], settings: CoreMLSettings) -> None:
    if not files:
        raise UserError("no .mlpackage or .mlmodel to measure with Core ML")
    for file in files:
        if file.path.suffix not in FORMATS:
            raise UserError(f"{file.path}: Core ML runs {' and '.join(FORMATS)} only")
        if not file.path.exists():
            raise UserError(f"{file.path}: no such file")
    for units in settings.units:
        if units not in UNITS:
            raise UserError(f"unknown compute units {units!r}: choose from {', '.join(UNITS)}")


def _row(
    file: ModelFile, units: str, settings: CoreMLSettings, load: Load, clock: Callable[[], float]
) -> dict[str, Any]:
    def timed(work: Callable[[], Any]) -> tuple[float, Any]:
        start = clock()
        result = work()
        return 1000 * (clock() - start), result

    load_ms, model = timed(lambda: load(file.path, units))
    given = inputs(model.description())
    # coremltools changes the dictionary that it is given.
    first_ms, _ = timed(lambda: model.predict(dict(given)))
    for _ in range(settings.warm_up - 1):
        model.predict(dict(given))
    samples: list[float] = []
    while len(samples) < settings.runs or sum(samples) < 1000 * settings.seconds:
        samples.append(timed(lambda: model.predict(dict(given)))[0])
    return {
        "name": f"{file.name} ({units})",
        **file.entry(),
        "runtime": {
            "name": "Core ML",
            "version": platform.mac_ver()[0] or "unknown",
            "delegate": units,
            "threads": None,
        },
        "stages": {"inference": timing(samples)},
        "load_ms": load_ms,
        "first_run_ms": first_ms,
        "placement": model.placement(),
        "conditions": {"inputs": "a painted portrait"},
        "problems": [],
    }


def inputs(description: Any) -> dict[str, Any]:
    """What a model is given: a real picture for each picture, constants for the rest.

    Args:
        description: the specification's ``ModelDescription``.
    """
    portrait = gallery.portraits()[0].path
    given: dict[str, Any] = {}
    for feature in description.input:
        if feature.type.WhichOneof("Type") == "imageType":
            size = feature.type.imageType.width, feature.type.imageType.height
            given[feature.name] = Image.open(portrait).convert("RGB").resize(size)
        else:
            shape = tuple(feature.type.multiArrayType.shape)
            given[feature.name] = np.full(shape, VALUES.get(feature.name, OTHER), np.float32)
    return given


def core_ml() -> Load:
    """What executes models with Core ML.

    Raises:
        UserError: when coremltools is not installed.
    """
    require("coreml")
    with suppress_output("coremltools"):
        import coremltools as ct
        from coremltools.models.compute_plan import MLComputePlan

    class Loaded:
        """An ``MLModel``."""

        def __init__(self, path: Path, units: str) -> None:
            self.units = ct.ComputeUnit[units]
            try:
                self.model = ct.models.MLModel(str(path), compute_units=self.units)
                # Fails here, not in the first prediction, where Core ML refused the file.
                self.compiled = self.model.get_compiled_model_path()
            except Exception as error:  # whatever Core ML and its bindings raise
                raise UserError(f"Core ML does not load it: {_line(error)}") from error

        def description(self) -> Any:
            return self.model.get_spec().description

        def predict(self, inputs: Mapping[str, Any]) -> object:
            try:
                return self.model.predict(inputs)
            except Exception as error:
                raise UserError(f"Core ML does not execute it: {_line(error)}") from error

        def placement(self) -> dict[str, int] | None:
            try:
                return placement(MLComputePlan.load_from_path(self.compiled, self.units))
            except Exception:  # macOS before 14.4 has no compute plan
                return None

    return Loaded


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1][:200] if lines else type(error).__name__


def device() -> dict[str, Any]:
    """This computer as a report's ``device``; what it does not tell is left out."""
    memory, cores = _sysctl("hw.memsize"), _sysctl("hw.ncpu")
    told = {
        "kind": "apple",
        "name": _sysctl("hw.model") or platform.machine() or "Mac",
        "processor": _sysctl("machdep.cpu.brand_string"),
        "cores": int(cores) if cores.isdigit() else None,
        "memory_bytes": int(memory) if memory.isdigit() else None,
        "system": f"macOS {platform.mac_ver()[0]}" if platform.mac_ver()[0] else None,
    }
    return {key: value for key, value in told.items() if value}


def _sysctl(name: str) -> str:
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

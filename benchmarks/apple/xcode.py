"""Xcode's Core ML performance reports, as rows of a benchmark report.

Apple does not document the file. Xcode 16 keeps a report as a folder ``NAME.mlperf`` with a
``report.json``; its members are taken from two public programs that read it independently of
each other (``anemll/utils/analyze_coreml_ops.py`` of Anemll, and an importer that states the form
in its comments). They agree but for the operations' devices, which one of them finds missing:

- ``modelMetadata``: ``fileName``, ``size``
- ``deviceInfo``: ``modelName``, ``osNameAndVersionWithoutBuildNumber``, and identifiers
- ``computeUnit``: MLComputeUnits, 0 to 3
- ``deviceResults``: ``predict``, ``load`` and ``compile``, each with ``samples`` in seconds, and
  ``modelStructure``, in which operations may have ``deviceUsage.preferred.deviceType``

No report made by Xcode was at hand. What is missing is left out; what is not of this form is
refused. A device's name, serial number and identifier, which Xcode writes too, are never read.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.apple.placement import UNKNOWN
from benchmarks.latency.timing import timing
from facestyle.errors import UserError

REPORT = "report.json"

UNITS = {0: "CPU_ONLY", 1: "CPU_AND_GPU", 2: "ALL", 3: "CPU_AND_NE"}
"""MLComputeUnits in Core ML's header."""

DEVICES = {"cpu": "CPU", "gpu": "GPU", "neuralEngine": "Neural Engine"}
"""By the case of Swift's MLComputeDevice."""

NOTE = "Imported from an Xcode performance report, whose form Apple does not document."

SLOWEST = 60.0
"""Seconds that a prediction may take; samples above it are no seconds."""


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """Import a report.

    Args:
        path: a ``.mlperf`` folder, or the ``report.json`` in it.

    Returns:
        the report's ``device``, its one row (not yet judged), and a note on where it is from.

    Raises:
        UserError: when it cannot be read or is of another form.
    """
    file = path / REPORT if path.is_dir() else path
    try:
        made = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{file}: not the JSON of an Xcode performance report") from error
    results = _member(made, "deviceResults")
    samples = _samples(_member(results, "predict"))
    if not samples:
        raise UserError(
            f"{file}: not an Xcode performance report of a known form (no prediction times in "
            "seconds under deviceResults.predict.samples)"
        )
    return _device(_member(made, "deviceInfo")), [_row(made, samples, file)], [NOTE]


def _member(of: object, name: str) -> dict[str, Any]:
    found = of.get(name) if isinstance(of, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _text(of: Mapping[str, Any], name: str) -> str | None:
    value = of.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _samples(of: Mapping[str, Any]) -> list[float]:
    """Times in milliseconds; none unless all are."""
    samples = of.get("samples")
    if not isinstance(samples, list) or not all(map(_is_seconds, samples)):
        return []
    return [1000 * float(value) for value in samples]


def _is_seconds(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 < value < SLOWEST  # type: ignore[arg-type,operator]


def _device(told: Mapping[str, Any]) -> dict[str, Any]:
    system = _text(told, "osNameAndVersionWithoutBuildNumber")
    device = {"kind": "apple", "name": _text(told, "modelName") or "Apple device"}
    return device | ({"system": system} if system else {})


def _row(made: Mapping[str, Any], samples: list[float], file: Path) -> dict[str, Any]:
    metadata, results = _member(made, "modelMetadata"), _member(made, "deviceResults")
    folder = file.parent.name if file.name == REPORT else file.name
    name = _text(metadata, "fileName") or Path(folder).stem or "model"
    unit = made.get("computeUnit")
    units = UNITS.get(unit) if isinstance(unit, int) else None
    size = metadata.get("size")
    sized = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    loads = _samples(_member(results, "load"))
    return {
        "name": f"{name} ({units or 'compute units unknown'}, Xcode)",
        "file": {"name": name} | ({"bytes": size} if sized else {}),
        "graph": None,
        "network": None,
        "precision": None,
        "height": None,
        "width": None,
        "runtime": {"name": "Core ML", "delegate": units, "threads": None},
        "stages": {"inference": timing(samples)},
        "load_ms": statistics.median(loads) if loads else None,
        "placement": _placement(results.get("modelStructure")),
        "conditions": {"inputs": "chosen by Xcode"},
        "problems": [],
    }


def _placement(structure: object) -> dict[str, int] | None:
    """Operations by preferred device; None where the report does not tell."""
    return dict(Counter(_devices(structure))) or None


def _devices(value: object) -> Iterator[str]:
    """Of every operation, however deep its program or network nests it."""
    if isinstance(value, Mapping):
        if "deviceUsage" in value:
            # Swift writes a case as an object with one member, or as a text.
            kinds = _member(value["deviceUsage"], "preferred").get("deviceType") or ()
            yield next((name for key, name in DEVICES.items() if key in kinds), UNKNOWN)
        for inner in value.values():
            yield from _devices(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _devices(inner)

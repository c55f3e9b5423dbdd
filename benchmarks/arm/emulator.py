"""One file on one emulated processor: what it computes, and how many instructions that takes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.arm import runner
from benchmarks.arm.counts import Counts, of_runs, parse
from benchmarks.arm.processors import Processor, make_root
from benchmarks.arm.runner import Arrays
from benchmarks.arm.userland import PYTHON, Userland
from export.suppress_output import ConversionError, suppress_output
from facestyle.errors import UserError

LIBRARIES = "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu"

VARIABLES = {
    "LD_LIBRARY_PATH": LIBRARIES,
    # numpy would start threads, and blocks that run in two threads at once are miscounted.
    "OPENBLAS_NUM_THREADS": "1",
}
"""Of the Arm program; it sees none of the computer's own."""


@dataclass(frozen=True)
class Emulated:
    """What became of one file on one processor.

    Attributes:
        outputs: of each probe, in the file's own types.
        counts: instructions of a run of the last probe.
        again: the same, of a second run of it in the same process.
        seconds: that all of it took here.
    """

    outputs: dict[str, Arrays]
    counts: Counts
    again: Counts
    seconds: float


def command(
    userland: Userland, root: Path, processor: Processor, log: Path, arguments: list[Path]
) -> list[str]:
    """What is executed; ``log`` gets the counts."""
    variables = {**VARIABLES, "PYTHONPATH": str(userland.site)}
    told = [word for key, value in variables.items() for word in ("-E", f"{key}={value}")]
    return [
        *userland.qemu(),
        *("-cpu", processor.name),
        *("-L", str(root)),
        *("-plugin", str(userland.plugin)),
        *("-d", "plugin"),
        *("-D", str(log)),
        *told,
        str(root / "usr" / "bin" / f"python{PYTHON}"),
        *("-B", "-S"),
        *map(str, arguments),
    ]


def run(
    userland: Userland,
    processor: Processor,
    model: Path,
    probes: Mapping[str, Arrays],
    scratch: Path,
) -> Emulated:
    """Run a ``.tflite`` file.

    Args:
        userland: set up.
        processor: to emulate.
        model: the file.
        probes: inputs by name; the last one's runs are counted.
        scratch: an empty folder.

    Raises:
        UserError: when the program fails, with its last words.
    """
    root = make_root(scratch / "root", userland.debian, processor)
    source, target, log = (scratch / name for name in ("inputs.npz", "outputs.npz", "counts.txt"))
    np.savez(source, **runner.flat(dict(probes)))
    script = Path(runner.__file__).resolve()
    arguments = [script, model.resolve(), source, target]
    start = time.monotonic()
    done = subprocess.run(
        command(userland, root, processor, log, arguments), capture_output=True, text=True, env={}
    )
    seconds = time.monotonic() - start
    if done.returncode or not target.exists():
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise UserError(
            f"{model.name} fails on {processor.title} (exit code {done.returncode}): {lines[-1]}"
        )
    with np.load(target) as archive:
        outputs = runner.by_probe({key: archive[key] for key in archive.files})
    counts = of_runs(parse(log.read_text()))
    return Emulated(outputs, counts[-2], counts[-1], seconds)


def on_this_computer(model: Path, probes: Mapping[str, Arrays]) -> dict[str, Arrays]:
    """The same file and inputs, by this computer's LiteRT.

    Raises:
        UserError: when it cannot run the file.
    """
    try:
        with suppress_output(model.name):
            interpreter = runner.load(str(model))
            return {name: runner.infer(interpreter, inputs) for name, inputs in probes.items()}
    except ConversionError as error:
        raise UserError(f"this computer's LiteRT fails: {error}") from error

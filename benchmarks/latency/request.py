"""What may be asked of a latency benchmark, and what is refused at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from export import formats
from export.request import parse_list
from facestyle.errors import UserError


@dataclass(frozen=True)
class LatencyRequest:
    """Everything that one measurement is asked for; see ``facestyle bench --help``.

    Attributes:
        build: folder of a build, or a ``.tflite`` file.
        device: host, android or apple.
        threads: numbers of threads; empty for the device's default.
        sizes: of the photo, as typed; empty for the build's own.
        precision: wanted ones; empty for all.
        against: other ``.tflite`` files.
        pytorch: whether PyTorch is measured too.
        runs, seconds: least measured of every model.
        sustain: seconds without a pause; 0 for none.
        serial, benchmark_model, delegate: for Android.
        quality: report to be shown beside.
        arm: report whose instruction counts are shown beside.
        checkpoint, encoder: where the build's weights are, if they were moved.
        out: folder of the report.
        command: as typed.
    """

    build: Path
    device: str
    threads: tuple[int, ...]
    sizes: tuple[str, ...]
    precision: tuple[str, ...]
    against: tuple[Path, ...]
    pytorch: bool
    runs: int
    seconds: float
    sustain: float
    serial: str | None
    benchmark_model: Path | None
    delegate: tuple[str, ...]
    quality: Path | None
    arm: Path | None
    checkpoint: Path | None
    encoder: Path | None
    out: Path
    command: str

    @property
    def is_build(self) -> bool:
        """Whether a folder is to be measured, not a file."""
        return not self.build.is_file()


def names(text: str | None) -> tuple[str, ...]:
    """Comma-separated words, each once."""
    parts = (part.strip() for part in (text or "").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def numbers(option: str, text: str | None) -> tuple[int, ...]:
    """Comma-separated numbers, each once, least first.

    Raises:
        UserError: when one is no number, or below 1.
    """
    try:
        found = sorted({int(part) for part in names(text)})
    except ValueError:
        raise UserError(f"{option} {text!r}: write numbers, such as 1,2,4") from None
    if found and found[0] < 1:
        raise UserError(f"{option} {text!r}: at least 1")
    return tuple(found)


def precisions(text: str | None) -> tuple[str, ...]:
    """Those named; none if nothing is said.

    Raises:
        UserError: for one that there is not.
    """
    return () if text is None else parse_list(text, "precision", formats.precisions())


def check(request: LatencyRequest) -> None:
    """Refuse what does not go together.

    Raises:
        UserError: with what to do.
    """
    if not request.build.exists():
        raise UserError(
            f"{request.build}: no such build or .tflite file; make a build with facestyle export"
        )
    if request.runs < 1 or not 0 < request.seconds < math.inf:
        raise UserError("--runs and --seconds: give positive numbers")
    if not 0 <= request.sustain < math.inf:
        raise UserError(f"--sustain {request.sustain}: give a number of seconds, 0 for none")
    if request.sizes and not request.is_build:
        raise UserError("--sizes exports other sizes from a build; a single file has its own")
    if request.precision and not request.is_build:
        raise UserError("--precision chooses among a build's files; a single file has its own")
    for device, given in _ONLY_FOR.items():
        for option in given:
            name = option.lstrip("-").replace("-", "_")
            if request.device not in device and getattr(request, name) not in (None, (), 0.0):
                raise UserError(f"{option} is for --device {' and '.join(device)}")


_ONLY_FOR = {
    ("host",): ("--sizes", "--against", "--checkpoint", "--encoder"),
    ("android",): ("--serial", "--benchmark-model", "--delegate"),
    ("host", "android"): ("--threads", "--sustain"),
}
"""Options that mean nothing elsewhere."""

"""What may be asked of an export, and what is refused at once."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.convert.calibration import Calibration
from export.convert.graphs import GRAPHS
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError, unknown
from facestyle.style import StyleBook

FORMATS = ("mlpackage", "mlmodel", "tflite")
PRECISIONS = ("fp32", "fp16", "dynamic", "int8", "compressed")
MAX_SIDE = 2048

LEGAL: dict[tuple[str, str], tuple[str, ...]] = {
    ("tflite", "fp32"): GRAPHS,
    ("tflite", "fp16"): GRAPHS,
    ("tflite", "dynamic"): GRAPHS,
    ("tflite", "int8"): ("stylizer",),
    ("mlpackage", "fp16"): GRAPHS,
    ("mlpackage", "compressed"): GRAPHS,
    ("mlmodel", "fp32"): GRAPHS,
    ("mlmodel", "compressed"): GRAPHS,
}
"""Graphs that each pair of format and precision exists for."""

WHY_NOT = {
    "mlpackage": "an .mlpackage computes in fp16 (compressed: with int8 weights)",
    "mlmodel": "an .mlmodel computes in fp32 (compressed: with 8-bit weights)",
    "dynamic": "dynamic is TFLite's way to 8-bit weights; Core ML's is compressed",
    "compressed": "compressed is Core ML's way to 8-bit weights; TFLite's is dynamic",
    "int8": "int8 exists for the stylizer in .tflite only (a style is encoded once, in fp16)",
}


@dataclass(frozen=True)
class Target:
    """One file to write."""

    graph: str
    format: str
    precision: str

    @property
    def in_half(self) -> bool:
        """Whether it is meant to be computed in half precision."""
        return self.format == "mlpackage" or self.precision == "fp16"


def parse_list(text: str, what: str, known: Sequence[str]) -> tuple[str, ...]:
    """Comma-separated names, in the known order, each once.

    Raises:
        UserError: for an unknown or missing name.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UserError(f"no {what} given: choose from {', '.join(known)}")
    for name in names:
        if name not in known:
            raise unknown(what, name, known)
    return tuple(name for name in known if name in names)


def parse_size(text: str, stride: int, option: str = "--size") -> tuple[int, int]:
    """``256`` or ``384x512`` (height x width) as (height, width).

    Args:
        text: as typed.
        stride: that both must be multiples of.
        option: what it was typed after, for errors.

    Raises:
        UserError: when it is no size, out of range, or no multiple of the stride.
    """
    match = re.fullmatch(r"(-?\d{1,9})(?:x(-?\d{1,9}))?", text.strip().lower())
    if not match:
        raise UserError(f"{option} {text!r}: write a number (256) or height x width (384x512)")
    height = int(match[1])
    width = int(match[2]) if match[2] else height
    for side in (height, width):
        if not 32 <= side <= MAX_SIDE:
            raise UserError(f"{option} {text}: sides must lie between 32 and {MAX_SIDE}")
        if side % stride:
            lower = side // stride * stride
            raise UserError(
                f"{option} {text}: sides must be multiples of {stride}; try {lower} or "
                f"{lower + stride} for {side}"
            )
    return height, width


DEFAULT_PRECISIONS = ("fp32", "fp16", "dynamic", "compressed")
"""int8 only where it is asked for: it needs calibration."""


def targets(
    graphs: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    precisions: Sequence[str] | None = None,
) -> tuple[Target, ...]:
    """Every legal combination of what was asked for; None stands for all that go with the rest.

    Raises:
        UserError: when a graph, format or precision that was asked for takes part in none.
    """
    found = _legal(graphs or GRAPHS, formats or FORMATS, precisions or DEFAULT_PRECISIONS)
    for asked, used in (
        (precisions, {t.precision for t in found}),
        (formats, {t.format for t in found}),
        (graphs, {t.graph for t in found}),
    ):
        for name in asked or ():
            if name not in used:
                raise UserError(_refusal(name, formats or ()))
    return found


def _legal(
    graphs: Sequence[str], formats: Sequence[str], precisions: Sequence[str]
) -> tuple[Target, ...]:
    return tuple(
        Target(graph, format_, precision)
        for graph, format_, precision in itertools.product(graphs, formats, precisions)
        if graph in LEGAL.get((format_, precision), ())
    )


def _refusal(name: str, formats: Sequence[str]) -> str:
    pairs = [
        f"{format_}/{precision}"
        for (format_, precision), graphs in LEGAL.items()
        if name in (format_, precision, *graphs)
    ]
    reasons = [WHY_NOT[n] for n in (name, *formats) if n in WHY_NOT]
    reason = f": {reasons[0]}" if reasons else ""
    return (
        f"nothing to write for {name!r} in this combination{reason}; "
        f"it goes with {', '.join(pairs)}"
    )


@dataclass(frozen=True)
class ExportRequest:
    """Everything that one export is asked for.

    Attributes:
        checkpoint: the network with its weights.
        source, encoder: where weights were read from; None for shipped and untrained ones.
        height, width: of the content image.
        targets: the files.
        styles: style codes that go along; also what a calibration paints with.
        baked: names of the styles that get a stylizer of their own, as constants.
        depth: whether the stylizer takes depth-controlled strength (paper 2).
        calibration: for int8.
        out: the build folder.
        verify: whether each file is proved before it is published.
        command: as typed.
    """

    checkpoint: Checkpoint
    source: Path | None
    encoder: Path | None
    height: int
    width: int
    targets: tuple[Target, ...]
    styles: StyleBook
    baked: tuple[str, ...]
    depth: bool
    calibration: Calibration | None
    out: Path
    verify: bool
    command: str

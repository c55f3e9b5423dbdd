"""What may be asked of an export, and what is refused at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.convert.calibration import Calibration
from export.convert.description import Description
from export.convert.graphs import Graph
from export.formats import FORMATS, GRAPHS, Format, Precision
from facestyle import __version__
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError, unknown
from facestyle.style import StyleBook

MAX_SIDE = 2048

ALL = "all"
"""What stands for every name of a list."""


@dataclass(frozen=True)
class Target:
    """One file to write."""

    graph: str
    format: Format
    precision: Precision


def parse_list(text: str, what: str, known: Sequence[str]) -> tuple[str, ...]:
    """Comma-separated names, in the known order, each once; ``all`` stands for every one.

    Raises:
        UserError: for an unknown or missing name.

    >>> parse_list("int8, fp32,fp32", "precision", ("fp32", "fp16", "int8"))
    ('fp32', 'int8')
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UserError(f"no {what} given: choose from {', '.join(known)}")
    if names == [ALL]:
        return tuple(known)
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
        UserError: when it is no size, no multiple of the stride, or not within 32 to ``MAX_SIDE``.

    >>> parse_size("256", stride=8), parse_size("384x512", stride=8)
    ((256, 256), (384, 512))
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


def targets(
    graphs: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    precisions: Sequence[str] | None = None,
) -> tuple[Target, ...]:
    """Every legal combination of what was asked for; None stands for all that go with the rest.

    A precision that needs calibration is written only where it is asked for.

    Raises:
        UserError: when a graph, format or precision that was asked for takes part in none.

    >>> [(t.format.name, t.precision.name) for t in targets(["full"], precisions=["fp32"])]
    [('mlmodel', 'fp32'), ('tflite', 'fp32')]
    """
    found = tuple(
        Target(graph, format_, precision)
        for graph in graphs or GRAPHS
        for format_ in FORMATS.values()
        for precision in format_.precisions
        if (formats is None or format_.name in formats)
        and (not precision.calibrated if precisions is None else precision.name in precisions)
        and graph in precision.graphs
    )
    for asked, used in (
        (precisions, {t.precision.name for t in found}),
        (formats, {t.format.name for t in found}),
        (graphs, {t.graph for t in found}),
    ):
        for name in asked or ():
            if name not in used:
                raise UserError(_refusal(name, formats or ()))
    return found


def _refusal(name: str, formats: Sequence[str]) -> str:
    pairs, reasons = [], {}
    for format_ in FORMATS.values():
        reasons[format_.name] = format_.about
        for precision in format_.precisions:
            reasons[precision.name] = precision.elsewhere
            if name in (format_.name, precision.name, *precision.graphs):
                pairs.append(f"{format_.name}/{precision.name}")
    told = [reasons[n] for n in (name, *formats) if reasons.get(n)]
    reason = f": {told[0]}" if told else ""
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


def describe(request: ExportRequest, graph: Graph) -> Description:
    """What the files of a graph say of themselves."""
    return Description(
        author="facestyle",
        licence="Apache-2.0",
        version=f"{__version__} ({request.checkpoint.fingerprint})",
        summary=f"{graph.name} of {request.checkpoint.name}: face-preserving style transfer",
    )

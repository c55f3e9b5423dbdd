"""Builds of stylizers that benchmarks make for themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from export.build import pipeline
from export.convert.calibration import Calibration
from export.formats.base import STYLIZER
from export.formats.tflite import TFLITE
from export.request import ExportRequest, targets
from export.suppress_output import ConversionError
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError
from facestyle.shipped import style_book
from facestyle.style import StyleBook
from facestyle.stylize import Painter


def export_stylizers(
    checkpoint: Checkpoint,
    size: tuple[int, int],
    precisions: Sequence[str],
    out: Path,
    *,
    source: Path | None = None,
    encoder: Path | None = None,
    styles: StyleBook | None = None,
    depth: bool = False,
    calibration: Calibration | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Path:
    """Export a network's stylizers in ``.tflite``, each file proved.

    Args:
        checkpoint: the network.
        size: height and width of the photo.
        precisions: of ``export.formats.precisions()``.
        out: folder of the build.
        source, encoder: files of the weights; None for shipped and random ones.
        styles: that go along; all named ones by default.
        depth: whether they take a depth map.
        calibration: for int8.
        progress: told what is about to be done.

    Returns:
        ``out``.

    Raises:
        UserError: when a conversion or a check fails.
    """
    height, width = size
    title = f"{checkpoint.name} at {height}x{width}"
    request = ExportRequest(
        checkpoint=checkpoint,
        source=source,
        encoder=encoder,
        height=height,
        width=width,
        targets=targets((STYLIZER,), (TFLITE.name,), tuple(precisions)),
        styles=styles or style_book(Painter(checkpoint)),
        baked=(),
        depth=depth,
        calibration=calibration,
        out=out,
        verify=True,
        command=f"facestyle export --preset {checkpoint.name} --size {height}x{width}",
    )
    try:
        outcome = pipeline.run(request, progress)
    except ConversionError as error:
        raise UserError(f"{title}: conversion failed: {error}") from error
    if not outcome.passed:
        raise UserError(f"{title}: a file failed its checks; see {outcome.folder}")
    return out

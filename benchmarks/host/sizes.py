"""A build of the same weights for photos of another size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.export_stylizers import export_stylizers
from export.build import manifest
from export.build.manifest import Manifest
from export.build.verify_build import files_of, weights_of
from export.convert import calibration
from export.formats.tflite import TFLITE
from export.request import parse_size
from facestyle.errors import UserError
from facestyle.style import StyleBook


def resized(
    folder: Path,
    size: str,
    precisions: Sequence[str],
    out: Path,
    checkpoint: Path | None,
    encoder: Path | None,
    progress: Callable[[str], None],
) -> Path:
    """Export a build's stylizer in ``.tflite`` for another size, each file proved.

    Args:
        folder: of the build.
        size: side, or height x width.
        precisions: of the files.
        out: folder for builds of other sizes, each in its own.
        checkpoint, encoder: where the build's weights are, if they were moved.
        progress: told what is about to be done.

    Returns:
        the build's folder, which is ``folder`` if that has the size.

    Raises:
        UserError: when the size does not fit, the weights or int8's calibration pictures are gone,
            or a file fails.
    """
    document = manifest.read(folder)
    loaded = weights_of(document, checkpoint, encoder)
    height, width = parse_size(size, loaded.network.stride, "--sizes")
    if (height, width) == (document.height, document.width):
        return folder
    source, features = files_of(document, checkpoint, encoder)
    return export_stylizers(
        loaded,
        (height, width),
        precisions,
        out / f"{height}x{width}",
        source=source,
        encoder=features,
        styles=StyleBook.load(folder / document.styles),
        depth=document.depth,
        calibration=_calibration(document)
        if any(TFLITE.precision(name).calibrated for name in precisions)
        else None,
        progress=progress,
    )


def _calibration(document: Manifest) -> calibration.Calibration:
    stated = document.calibration
    if stated is None:
        raise UserError("--sizes: the build has no int8 file; leave int8 out with --precision")
    try:
        return calibration.read(stated.source)
    except UserError as error:
        raise UserError(
            f"--sizes: int8 needs the build's calibration pictures again ({error}); leave int8 out "
            "with --precision"
        ) from error

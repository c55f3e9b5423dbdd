"""A build of the same weights for photos of another size."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from benchmarks import exported
from export import calibration, manifest
from export.recheck import weights_of
from export.request import parse_size
from facestyle.errors import UserError
from facestyle.networks import StyleNetwork
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
        precisions: int8 is left out where its calibration pictures are gone.
        out: where builds of other sizes are kept; one that is there already is taken.
        checkpoint, encoder: where the build's weights are, if they were moved.
        progress: told what is about to be done.

    Returns:
        the build's folder, which is ``folder`` if that has the size.

    Raises:
        UserError: when the size does not fit, or the weights are gone, or a file fails.
    """
    document = manifest.read(folder)
    loaded = weights_of(document, checkpoint, encoder)
    height, width = parse_size(size, cast(StyleNetwork, loaded.network).stride, "--sizes")
    if (height, width) == (document["height"], document["width"]):
        return folder
    made = out / f"{loaded.name}_{loaded.fingerprint}_{height}x{width}"
    calibrated = _calibration(document) if "int8" in precisions else None
    wanted = [p for p in precisions if p != "int8" or calibrated is not None]
    if not _has(made, loaded.fingerprint, wanted):
        exported.stylizers(
            loaded,
            (height, width),
            wanted,
            made,
            source=checkpoint or _path(document["weights"]["source"]),
            encoder=encoder or _path(document["weights"]["encoder"]),
            styles=StyleBook.load(folder / document["styles"]),
            calibration=calibrated,
            progress=progress,
        )
    return made


def _has(made: Path, fingerprint: str, precisions: Sequence[str]) -> bool:
    with contextlib.suppress(UserError):
        document = manifest.read(made)
        found = {entry["precision"] for entry in document["files"]}
        same = document["weights"]["fingerprint"] == fingerprint
        return same and found >= set(precisions)
    return False


def _calibration(document: dict[str, object]) -> calibration.Calibration | None:
    stated = document["calibration"]
    if not isinstance(stated, dict):
        return None
    try:
        return calibration.read(stated["source"])
    except UserError:
        return None


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None

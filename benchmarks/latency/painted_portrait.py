"""What a build's files make of a portrait: the pictures of a latency report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks import build_files
from export.build import manifest
from export.formats.base import STYLIZER
from export.formats.tflite import TFLITE
from export.report.page.pictures import jpeg
from export.runtimes.litert import TFLiteFile
from export.verify import test_inputs
from facestyle.images import to_image
from facestyle.style import StyleBook

TAKES = ["content", "style_code", "strength"]
"""Files of a build with other inputs (depth maps, a style of their own) are left out."""


def pictures(folder: Path, precisions: Sequence[str] = ()) -> dict[str, bytes]:
    """The shipped portrait, and what every stylizer in ``.tflite`` makes of it, by caption, JPEG.

    The style is the gallery's first probe painting where the build has its code, else the
    build's first.
    """
    document = manifest.read(folder)
    files = [
        entry
        for entry in document.files
        if (entry.graph, entry.format) == (STYLIZER, TFLITE.name)
        and (not precisions or entry.precision in precisions)
        and sorted(port.name for port in entry.inputs) == sorted(TAKES)
    ]
    book = StyleBook.load(folder / document.styles)
    if not files or not book.styles:
        return {}
    style = book[test_inputs.PAINTING] if test_inputs.PAINTING in book else book.styles[0]
    photo = test_inputs.portrait(document.height, document.width)
    found = {"The portrait": jpeg(to_image(photo))}
    for entry in files:
        caption = f"{style.title or style.name}, {entry.precision}"
        path, contract = build_files.checked(folder, entry), entry.contract
        given = {"content": photo, "style_code": style.tensor(), "strength": torch.ones(1, 1, 1, 1)}
        painted = TFLiteFile(path, contract).run([given[port.name] for port in contract.inputs])
        found[caption] = jpeg(to_image(painted))
    return found

"""``.mlpackage``: a Core ML program, fp16, for iOS 16 and later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from export.formats.base import HALF_DB
from export.formats.coreml import COMPRESSED, CoreML, CoreMLPrecision

if TYPE_CHECKING:
    from export.convert.coreml import Converted
    from export.convert.description import Description
    from export.convert.graphs import Graph


def _convert(graph: Graph) -> Converted:
    from export.convert.coreml import to_program

    return to_program(graph)


def _write(
    converted: Converted, path: Path, description: Description, eight_bit_above: int | None
) -> None:
    from export.convert.coreml import to_mlpackage

    to_mlpackage(converted, path, description, eight_bit_above)


MLPACKAGE = CoreML(
    name="mlpackage",
    extra="coreml",
    about="an .mlpackage computes in fp16 (compressed: with int8 weights)",
    eight_bit=True,
    converter=_convert,
    writer=_write,
    precisions=(
        CoreMLPrecision(name="fp16", psnr_db=HALF_DB, max_error=0.05, in_half=True),
        replace(COMPRESSED, in_half=True, eight_bit_above=512),
    ),
)

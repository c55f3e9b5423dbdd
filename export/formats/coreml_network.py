"""``.mlmodel``: a Core ML neural network, fp32, for iOS 14 and later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from export.formats.coreml import COMPRESSED, CoreML, CoreMLPrecision

if TYPE_CHECKING:
    from export.convert.coreml import Converted
    from export.convert.description import Description
    from export.convert.graphs import Graph


def _convert(graph: Graph) -> Converted:
    from export.convert.coreml import to_network

    return to_network(graph)


def _write(
    converted: Converted, path: Path, description: Description, eight_bit_above: int | None
) -> None:
    from export.convert.coreml import to_mlmodel

    to_mlmodel(converted, path, description, eight_bit_weights=eight_bit_above is not None)


MLMODEL = CoreML(
    name="mlmodel",
    extra="coreml",
    about="an .mlmodel computes in fp32 (compressed: with 8-bit weights)",
    eight_bit=True,
    converter=_convert,
    writer=_write,
    precisions=(
        CoreMLPrecision(name="fp32", psnr_db=80.0, max_error=1e-3),
        # coremltools itself leaves smaller ones as they are.
        replace(COMPRESSED, eight_bit_above=2047),
    ),
)

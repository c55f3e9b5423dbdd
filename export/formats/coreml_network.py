"""``.mlmodel``: a Core ML neural network, fp32, for iOS 14 and later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from export.convert.description import Description
from export.formats.base import Precision
from export.formats.coreml import COMPRESSED, CoreML, CoreMLPrecision

if TYPE_CHECKING:
    from torch import Tensor

    from export.convert.coreml import Converted
    from export.convert.graphs import Graph


@dataclass(frozen=True, eq=False)
class MLModel(CoreML):
    """See the module."""

    def convert(self, graph: Graph, scratch: Path) -> Converted:
        """A neural network in memory."""
        from export.convert.coreml import to_network

        return to_network(graph)

    def write(
        self,
        converted: Converted,
        precision: Precision,
        path: Path,
        description: Description,
        examples: Sequence[tuple[Tensor, ...]] = (),
    ) -> None:
        """One protobuf file."""
        from export.convert.coreml import to_mlmodel

        assert isinstance(precision, CoreMLPrecision)
        to_mlmodel(
            converted, path, description, eight_bit_weights=precision.eight_bit_above is not None
        )


MLMODEL = MLModel(
    name="mlmodel",
    extra="coreml",
    about="an .mlmodel computes in fp32 (compressed: with 8-bit weights)",
    eight_bit=True,
    precisions=(
        CoreMLPrecision(name="fp32", psnr_db=80.0, max_error=1e-3),
        # coremltools itself leaves smaller ones as they are.
        replace(COMPRESSED, eight_bit_above=2047),
    ),
)

"""``.mlpackage``: a Core ML program, fp16, for iOS 16 and later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from export.convert.description import Description
from export.formats.base import HALF_DB, Precision
from export.formats.coreml import COMPRESSED, CoreML, CoreMLPrecision

if TYPE_CHECKING:
    from torch import Tensor

    from export.convert.coreml import Converted
    from export.convert.graphs import Graph


@dataclass(frozen=True, eq=False)
class MLPackage(CoreML):
    """See the module."""

    def convert(self, graph: Graph, scratch: Path) -> Converted:
        """An ML Program in memory."""
        from export.convert.coreml import to_program

        return to_program(graph)

    def write(
        self,
        converted: Converted,
        precision: Precision,
        path: Path,
        description: Description,
        examples: Sequence[tuple[Tensor, ...]] = (),
    ) -> None:
        """A folder."""
        from export.convert.coreml import to_mlpackage

        assert isinstance(precision, CoreMLPrecision)
        to_mlpackage(converted, path, description, precision.eight_bit_above)


MLPACKAGE = MLPackage(
    name="mlpackage",
    extra="coreml",
    about="an .mlpackage computes in fp16 (compressed: with int8 weights)",
    eight_bit=True,
    precisions=(
        CoreMLPrecision(name="fp16", psnr_db=HALF_DB, max_error=0.05, in_half=True),
        replace(COMPRESSED, in_half=True, eight_bit_above=512),
    ),
)

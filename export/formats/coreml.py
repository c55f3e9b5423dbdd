"""What Core ML's two formats have in common."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.formats.base import Format, Inspection, Precision, Runtime
from export.verify.verdicts import Assurance
from facestyle.contract import Kind, Port
from facestyle.image_range import MAXIMUM

if TYPE_CHECKING:
    from torch import Tensor

    from export.convert.coreml import Converted
    from export.convert.description import Description
    from export.convert.graphs import Graph
    from export.entries import PortEntry
    from export.verify.delegates.table import Coverage


@dataclass(frozen=True, eq=False)
class CoreMLPrecision(Precision):
    """How a Core ML file stores weights.

    Attributes:
        eight_bit_above: weights of more values are stored in 8 bits; what is computed
            with them stays as it was. None: all weights stay as they are.
    """

    eight_bit_above: int | None = None


COMPRESSED = CoreMLPrecision(
    name="compressed",
    psnr_db=30.0,
    max_error=0.25,
    about="8-bit weights, Core ML",
    elsewhere="compressed is Core ML's way to 8-bit weights; TFLite's is dynamic",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class CoreML(Format):
    """A Core ML file: images are Core ML images, all else float arrays of the contract's shape.

    Attributes:
        converter: what coremltools makes of a graph, in memory.
        writer: writes that; the last argument is a precision's ``eight_bit_above``.
    """

    converter: Callable[[Graph], Converted]
    writer: Callable[[Converted, Path, Description, int | None], None]

    def convert(self, graph: Graph, scratch: Path) -> Converted:
        """Nothing is written in between."""
        return self.converter(graph)

    def write(
        self,
        converted: Converted,
        precision: Precision,
        path: Path,
        description: Description,
        examples: Sequence[tuple[Tensor, ...]] = (),
    ) -> None:
        """The description is the file's metadata."""
        assert isinstance(precision, CoreMLPrecision)
        self.writer(converted, path, description, precision.eight_bit_above)

    def inspect(self, path: Path, graph: Graph, precision: Precision) -> Inspection:
        """The specification's ports, scales, steps, constants and contents."""
        from export.inspect import coreml

        assert isinstance(precision, CoreMLPrecision)
        return Inspection(
            tuple(coreml.check(path, graph, precision.eight_bit_above)),
            tuple(coreml.constants(path)),
            coreml.operators(path),
        )

    def runtimes(self) -> tuple[Runtime, ...]:
        """The reference runtime anywhere, and Core ML itself on a Mac."""
        from export.runtimes.coreml import AppleFile, ReferenceFile

        reference = Runtime(Assurance.REFERENCE, ReferenceFile)
        apple = Runtime(Assurance.RUNTIME, AppleFile, eight_bit=self.eight_bit)
        return (reference, apple) if platform.system() == "Darwin" else (reference,)

    def coverages(self, path: Path) -> tuple[Coverage, ...]:
        """The Neural Engine's."""
        from export.verify.delegates import of_coreml

        return of_coreml(path)

    def ports(self, path: Path, ports: Sequence[Port]) -> tuple[PortEntry, ...]:
        """Images of 8 bits; arrays as in the contract."""
        from export.entries import PortEntry

        def entry(port: Port) -> PortEntry:
            if port.kind is Kind.IMAGE:
                _, _, height, width = port.shape
                how: dict[str, Any] = {"type": "image", "width": width, "height": height}
                how |= {"range": (0, MAXIMUM), "colour_order": "RGB"}
            else:
                how = {"shape": port.shape, "layout": "NCHW", "dtype": "float32"}
                how |= {"range": port.range}
            return PortEntry(name=port.name, kind=port.kind, description=port.description, **how)

        return tuple(map(entry, ports))

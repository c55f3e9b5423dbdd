"""``.tflite``: TensorFlow Lite, executed by LiteRT.

A new precision is one more ``TFLitePrecision`` in the list of ``TFLITE`` at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.convert.description import Description
from export.formats.base import (
    HALF_DB,
    STYLIZER,
    Delegation,
    Format,
    Inspection,
    Loaded,
    Precision,
    Runtime,
)
from export.verify.verdicts import Assurance, Verdict
from facestyle.contract import Contract, Kind, Port

if TYPE_CHECKING:
    from torch import Tensor

    from export.convert.graphs import Graph
    from export.convert.tflite import SavedGraph
    from export.entries import PortEntry
    from export.verify.delegates.table import Coverage

FLOAT, HALF, BYTE = {"float32"}, {"float16"}, {"int8"}


class Arithmetic(Enum):
    """What a file's convolutions calculate in."""

    FLOAT = "float"
    """Also in half precision, where the processor has it."""
    DYNAMIC = "dynamic"
    """8-bit weights; activations are rounded to 8 bits on the way, as they come."""
    INTEGER = "integer"
    """Integers alone, so that every processor computes the same."""


Example = tuple["Tensor", ...]
"""Inputs of a graph in the contract's order."""


@dataclass(frozen=True, eq=False)
class TFLitePrecision(Precision):
    """How a ``.tflite`` file stores and computes numbers.

    Attributes:
        configure: sets up TensorFlow's converter, given the contract and the real inputs of a
            calibrated precision.
        types: names of the tensor types that are allowed, by what has them.
        arithmetic: what its convolutions calculate in.
        one_partition: whether XNNPACK must take the whole graph in one piece.
    """

    configure: Callable[[Any, Contract, Sequence[Example]], None] = lambda *_: None
    types: Mapping[str, set[str]] = field(default_factory=dict)
    arithmetic: Arithmetic = Arithmetic.FLOAT
    one_partition: bool = False


@dataclass(frozen=True, eq=False)
class TFLite(Format):
    """See the module."""

    def precision(self, name: str) -> TFLitePrecision:
        """By name.

        Raises:
            KeyError: when it has none of that name.
        """
        return _own(super().precision(name))

    def convert(self, graph: Graph, scratch: Path) -> SavedGraph:
        """A TensorFlow SavedModel."""
        from export.convert.tflite import to_tensorflow

        return to_tensorflow(graph, scratch)

    def write(
        self,
        converted: SavedGraph,
        precision: Precision,
        path: Path,
        description: Description,
        examples: Sequence[Example] = (),
    ) -> None:
        """One conversion of the SavedModel; the file says which graph it is and no more."""
        from export.convert.tflite import to_tflite

        to_tflite(converted, _own(precision).configure, path, examples)

    def written(self, graph: Graph) -> Graph:
        """With layers that TFLite's delegates refuse rewritten, and folded upsampling."""
        from export.convert.rewrites import for_tflite

        return replace(graph, module=for_tflite(graph.module))

    def derived(self, written: Graph) -> dict[str, str]:
        """Kernels that the rewrites folded."""
        from export.convert.rewrites import derived_constants

        return derived_constants(written.module)

    def inspect(self, path: Path, graph: Graph, precision: Precision) -> Inspection:
        """The flatbuffer's ports, operators, types and contents."""
        from export.inspect.tflite import TFLiteModel

        model = TFLiteModel(path)
        verdicts = model.check(graph, precision.name, _own(precision).types)
        return Inspection(tuple(verdicts), tuple(model.constants()), model.operators())

    def runtimes(self) -> tuple[Runtime, ...]:
        """LiteRT on this processor."""
        from export.runtimes.litert import TFLiteFile

        return (Runtime(Assurance.RUNTIME, TFLiteFile),)

    def coverages(self, path: Path) -> tuple[Coverage, ...]:
        """XNNPACK's and the GPU delegate's."""
        from export.verify.delegates import of_tflite

        return of_tflite(path)

    def delegation(
        self, loaded: Loaded, coverages: Sequence[Coverage], precision: Precision
    ) -> Delegation:
        """XNNPACK's, as LiteRT has cut the graph for it."""
        from export.runtimes.litert import fully_delegated, partitions
        from export.verify.delegates import partitions_agree

        interpreter = loaded.interpreter  # type: ignore[attr-defined]
        pieces, whole = partitions(interpreter), fully_delegated(interpreter)
        verdicts = [partitions_agree(coverages[0], interpreter)]
        if _own(precision).one_partition:
            verdicts.append(_whole(pieces, whole))
        return Delegation(tuple(verdicts), pieces, whole)

    def ports(self, path: Path, ports: Sequence[Port]) -> tuple[PortEntry, ...]:
        """Channels last; integers with their scale and zero point."""
        from export.entries import PortEntry
        from export.inspect.tflite import TFLiteModel

        quantization = TFLiteModel(path).quantization()

        def entry(port: Port) -> PortEntry:
            stored: dict[str, Any] = {"dtype": "float32"} | quantization.get(port.name, {})
            return PortEntry(
                name=port.name,
                kind=port.kind,
                shape=port.nhwc,
                layout="NHWC",
                range=port.range,
                colour_order="RGB" if port.kind is Kind.IMAGE else None,
                description=port.description,
                **stored,
            )

        return tuple(map(entry, ports))


def _own(precision: Precision) -> TFLitePrecision:
    assert isinstance(precision, TFLitePrecision)
    return precision


def _whole(pieces: int, whole: bool) -> Verdict:
    return Verdict(
        "XNNPACK takes the whole graph in one partition",
        f"{pieces} partition(s), {'whole' if whole else 'not whole'}",
        "1, whole",
        whole,
        Assurance.RUNTIME,
    )


def _fp16(converter: Any, contract: Contract, examples: Sequence[Example]) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _dynamic(converter: Any, contract: Contract, examples: Sequence[Example]) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _int8(converter: Any, contract: Contract, examples: Sequence[Example]) -> None:
    import numpy as np
    import tensorflow as tf

    def samples() -> Iterator[dict[str, Any]]:
        for example in examples:
            yield {
                port.name: np.ascontiguousarray(value.permute(0, 2, 3, 1).numpy())
                for port, value in zip(contract.inputs, example)
            }

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8


FP32 = TFLitePrecision(
    name="fp32",
    psnr_db=80.0,
    max_error=1e-3,
    one_partition=True,
    types={
        "inputs and outputs": FLOAT,
        "large weights": FLOAT,
        "small weights": FLOAT,
        "other constants": FLOAT,
        "inputs of convolutions": FLOAT,
        "computed values": FLOAT,
    },
)

FP16 = TFLitePrecision(
    name="fp16",
    psnr_db=HALF_DB,
    max_error=0.05,
    in_half=True,
    configure=_fp16,
    one_partition=True,
    types={
        "inputs and outputs": FLOAT,
        "large weights": HALF,
        "small weights": HALF,
        "other constants": HALF,
        "inputs of convolutions": FLOAT,
        "computed values": FLOAT,
    },
)

DYNAMIC = TFLitePrecision(
    name="dynamic",
    psnr_db=30.0,
    max_error=0.25,
    about="int8 weights, .tflite",
    elsewhere="dynamic is TFLite's way to 8-bit weights; Core ML's is compressed",
    configure=_dynamic,
    arithmetic=Arithmetic.DYNAMIC,
    types={
        "inputs and outputs": FLOAT,
        "large weights": BYTE,
        "small weights": FLOAT | BYTE,
        "other constants": FLOAT,
        "inputs of convolutions": FLOAT,
        "computed values": FLOAT,
    },
)

INT8 = TFLitePrecision(
    name="int8",
    # To be raised to 33 dB once quantization has its own work.
    psnr_db=24.0,
    max_error=0.6,
    calibrated=True,
    graphs=(STYLIZER,),
    about="all integer, needs --calibration",
    elsewhere="int8 exists for the stylizer in .tflite only (a style is encoded once, in fp16)",
    configure=_int8,
    arithmetic=Arithmetic.INTEGER,
    types={
        "inputs and outputs": BYTE,
        "large weights": BYTE,
        "small weights": BYTE,
        "other constants": FLOAT | BYTE | {"int32"},
        "inputs of convolutions": BYTE,
        # What int8 has no kernels for is calculated in floating point.
        "computed values": FLOAT | BYTE,
    },
)

TFLITE = TFLite(name="tflite", extra="tflite", precisions=(FP32, FP16, DYNAMIC, INT8), about="")

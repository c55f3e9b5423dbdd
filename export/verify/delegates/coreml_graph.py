"""A Core ML file's operations as rules look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from export.inspect.coreml_file import read

DTYPES = {10: "float16", 11: "float32", 12: "float64"}
"""The floating-point members of ``DataType`` in MIL.proto."""

OTHER = "other"
"""Of integers, flags and texts."""


@dataclass(frozen=True)
class Operation:
    """An operation of an ML Program or a layer of a neural network.

    Attributes:
        kind: its operator.
        name: of its first output.
        shape: of it; None where the file does not say, as in a neural network.
        dtype: of it; None where the file does not say.
        settings: constants that it is given, by name: numbers, each as a tuple.
        weight_shape: of its weights, where it has any.
        ranged: a file's inputs are of any size within ranges.
    """

    kind: str
    name: str
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    settings: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    weight_shape: tuple[int, ...] = ()
    ranged: bool = False

    def __str__(self) -> str:
        return self.name if self.shape is None else f"{self.name} {_sizes(self.shape)}"


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def read_operations(path: Path) -> list[Operation]:
    """All that a file executes, in order.

    Raises:
        UserError: when the file cannot be read.
    """
    file = read(path)
    ranged = any(_ranged(feature.type) for feature in file.spec.description.input)
    details = (
        _of_program(file.spec.mlProgram, ranged)
        if file.spec.WhichOneof("Type") == "mlProgram"
        else _of_network(file.spec.neuralNetwork, ranged)
    )
    known = {operation.name: operation for operation in details}
    names = [(step.kind, step.outputs[0] if step.outputs else "") for step in file.steps]
    return [known.get(name) or Operation(kind, name, ranged=ranged) for kind, name in names]


def _ranged(kind: Any) -> bool:
    if kind.WhichOneof("Type") == "imageType":
        return bool(kind.imageType.WhichOneof("SizeFlexibility") == "imageSizeRange")
    if kind.WhichOneof("Type") == "multiArrayType":
        return bool(kind.multiArrayType.WhichOneof("ShapeFlexibility") == "shapeRange")
    return False


def _of_program(program: Any, ranged: bool) -> Iterator[Operation]:
    for function in program.functions.values():
        for block in function.block_specializations.values():
            yield from _of_block(block, {}, {}, ranged)


def _of_block(
    block: Any,
    numbers: dict[str, tuple[int, ...]],
    shapes: dict[str, tuple[int, ...]],
    ranged: bool,
) -> Iterator[Operation]:
    for operation in block.operations:
        for inner in operation.blocks:
            yield from _of_block(inner, numbers, shapes, ranged)
        if not operation.outputs:
            continue
        output = operation.outputs[0]
        kind = output.type.tensorType
        # A dimension without a size is one that is known only at run time.
        shape = tuple(int(d.constant.size) for d in kind.dimensions)
        shapes[output.name] = shape
        if operation.type == "const":
            found = _integers(operation.attributes["val"])
            if found is not None:
                numbers[output.name] = found
            continue
        settings: dict[str, tuple[int, ...]] = {}
        weight_shape: tuple[int, ...] = ()
        for name, argument in operation.inputs.items():
            for binding in argument.arguments:
                value = _integers(binding.value) if binding.HasField("value") else None
                value = numbers.get(binding.name) if value is None else value
                if value is not None:
                    settings[name] = value
                if name == "weight":
                    weight_shape = shapes.get(binding.name, ())
        dtype = DTYPES.get(kind.dataType, OTHER)
        yield Operation(operation.type, output.name, shape, dtype, settings, weight_shape, ranged)


def _integers(value: Any) -> tuple[int, ...] | None:
    """An immediate value's integers, None if it has none."""
    if value.WhichOneof("value") != "immediateValue":
        return None
    tensor = value.immediateValue.tensor
    if tensor.WhichOneof("value") not in ("ints", "longInts"):
        return None
    return tuple(int(n) for n in getattr(tensor, tensor.WhichOneof("value")).values)


def _of_network(network: Any, ranged: bool) -> Iterator[Operation]:
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        parameters = getattr(layer, kind)
        settings = {
            setting: tuple(int(n) for n in getattr(parameters, stored))
            for setting, stored in (("dilations", "dilationFactor"), ("kernel_sizes", "kernelSize"))
            if hasattr(parameters, stored)
        }
        name = layer.output[0] if layer.output else ""
        yield Operation(kind, name, settings=settings, ranged=ranged)

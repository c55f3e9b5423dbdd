"""What one run of any ``.tflite`` file costs, counted from its operators: figures without noise."""

from __future__ import annotations

from math import prod

from ai_edge_litert import schema_py_generated as schema

from export.inspect.tflite_file import (
    ABSENT,
    DATA_INPUT,
    NUMBERS,
    dtype,
    inputs,
    is_constant,
    is_quantized,
    operators,
    outputs,
    shape,
    unpacked_constants,
)

BYTES = {
    **{name: stored.itemsize for name, stored in NUMBERS.items()},
    "bfloat16": 2,
    "int4": 1,
}
"""Of one value, by its type."""

FLOATS_AND_INT8 = ("float32", "float16", "int8")

Unpacked = dict[int, schema.OperatorT]
"""Operators that only unpack a constant, by the tensor that they give."""


def cost(model: schema.ModelT) -> dict[str, int | None]:
    """The ``cost`` of the report's schema.

    MACs are those of convolutions, fully connected layers and matrix products. Bytes moved are
    every operator's inputs, constants and outputs, once each, as they are stored: what would
    pass through memory if nothing stayed in a cache. Parameters are the values that operators
    with weights hold.
    """
    source = unpacked_constants(model)
    kept = [(name, op) for name, op in operators(model) if not source.keys() & set(outputs(op))]
    moved = [_bytes_moved(model, source, op) for _, op in kept]
    weights = {i for name, op in kept for i in _weights(model, source, name, op)}
    return {
        "macs": sum(macs(model, name, op) for name, op in kept),
        "parameters": sum(_values(model, index) for index in weights),
        "bytes_moved": None if None in moved else sum(n for n in moved if n is not None),
        "arm_instructions": None,
    }


def macs(model: schema.ModelT, name: str, operator: schema.OperatorT) -> int:
    """Multiply-accumulates of one operator."""
    tensors = model.subgraphs[0].tensors

    def taken(place: int) -> tuple[int, ...]:
        return shape(tensors[inputs(operator)[place]])

    def given() -> int:
        return prod(shape(tensors[outputs(operator)[0]]))

    match name:
        case "CONV_2D":
            return given() * prod(taken(1)[1:])
        case "DEPTHWISE_CONV_2D":
            return given() * prod(taken(1)[1:3])
        case "TRANSPOSE_CONV":
            return prod(taken(2)) * prod(taken(1)[:3])
        case "FULLY_CONNECTED":
            return given() * taken(1)[-1]
        case "BATCH_MATMUL":
            return given() * taken(0)[-2 if getattr(operator.builtinOptions, "adjX", False) else -1]
    return 0


def _weights(
    model: schema.ModelT, source: Unpacked, name: str, operator: schema.OperatorT
) -> list[int]:
    """Tensors of an operator that hold learnt values."""
    if name not in DATA_INPUT:
        return []
    tensors = model.subgraphs[0].tensors
    return [
        i
        for i in _stored(source, inputs(operator))
        if is_constant(model, i)
        and (dtype(tensors[i]) in FLOATS_AND_INT8 or is_quantized(tensors[i]))
    ]


def _values(model: schema.ModelT, index: int) -> int:
    return prod(shape(model.subgraphs[0].tensors[index]))


def _bytes_moved(model: schema.ModelT, source: Unpacked, operator: schema.OperatorT) -> int | None:
    """None where a tensor's values are of no fixed size, as texts and resources are."""
    stored = _stored(source, (*inputs(operator), *outputs(operator)))
    sizes = [BYTES.get(dtype(model.subgraphs[0].tensors[i])) for i in stored]
    if None in sizes:
        return None
    return sum(_values(model, i) * size for i, size in zip(stored, sizes) if size is not None)


def _stored(source: Unpacked, tensors: tuple[int, ...]) -> list[int]:
    """Tensors as they are in the file: packed where they are unpacked constants."""
    found = (i for i in tensors if i != ABSENT)
    return [inputs(source[i])[0] if i in source else i for i in found]

"""A ``.tflite`` file as the objects of TFLite's schema: read with checks, looked at, written back.

The only module that parses and packs these files. The objects are LiteRT's own, ``schema.ModelT``
and what it consists of; every function here takes the first graph of a model, the one that runs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from math import prod
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from numpy.typing import NDArray

from facestyle.errors import UserError

SIGNATURE = "serving_default"
"""The name under which apps run a file."""

ABSENT = -1
"""In an operator's inputs and outputs: none there."""

DTYPES = {code: name.lower() for name, code in vars(schema.TensorType).items() if name.isupper()}
"""Names of the schema's types of tensors, such as ``float32`` and ``int8``, by their code."""

_NUMPY = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
NUMBERS = {name: np.dtype(name).newbyteorder("<") for name in _NUMPY}
"""How those types that numpy has are stored."""

DATA_INPUT = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "TRANSPOSE_CONV": 2, "FULLY_CONNECTED": 0}
"""Operators with weights, and which of their inputs is their data."""

WEIGHTS_INPUT = 1
"""Which input of these is their weights."""

_ANY, _MATRIX, _MATRICES, _IMAGE = range(100), range(2, 3), range(2, 100), range(4, 5)
_RANKS = {
    "CONV_2D": {0: _IMAGE, 1: _IMAGE},
    "DEPTHWISE_CONV_2D": {0: _IMAGE, 1: _IMAGE},
    "TRANSPOSE_CONV": {1: _IMAGE, 2: _IMAGE},
    "FULLY_CONNECTED": {0: _ANY, 1: _MATRIX},
    "BATCH_MATMUL": {0: _MATRICES, 1: _MATRICES},
    "DEQUANTIZE": {0: _ANY},
}
"""Ranks of the inputs of those operators that are looked at closely, by the input's place."""

_IDENTIFIER = b"TFL3"
_OPERATORS = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}


def read(path: Path) -> schema.ModelT:
    """A file's model, whose indices and sizes are known to be right.

    Raises:
        UserError: when the file is missing or not a TFLite model.
    """
    try:
        return parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a TFLite model, or a damaged one") from error


def parse(data: bytes) -> schema.ModelT:
    """As ``read``, of a file's content.

    Raises:
        ValueError: when it is not a TFLite model, or a damaged one.
    """
    if data[4:8] != _IDENTIFIER:
        raise ValueError(f"no {_IDENTIFIER.decode()} mark")
    try:
        model = flatbuffer_utils.convert_bytearray_to_object(data)
        _validate(model)
    # What the schema's code, which trusts a file, does where one is damaged.
    except (LookupError, TypeError, AttributeError, struct.error) as error:
        raise ValueError(f"a damaged TFLite model: {error}") from error
    return model


def serialize(model: schema.ModelT) -> bytes:
    """The content of a file. What was read and not changed keeps its bytes."""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def add_buffer(model: schema.ModelT, content: bytes) -> int:
    """Append a buffer that holds a constant or metadata; returns its index."""
    model.buffers.append(schema.BufferT(data=np.frombuffer(content, np.uint8)))
    return len(model.buffers) - 1


def operators(model: schema.ModelT) -> list[tuple[str, schema.OperatorT]]:
    """Each operator with its name, such as ``CONV_2D``, in the order in which they run."""
    return [(_name(model, operator), operator) for operator in model.subgraphs[0].operators]


def inputs(operator: schema.OperatorT) -> tuple[int, ...]:
    """Indices of the tensors that an operator takes; ``ABSENT`` for those that it does without."""
    return _integers(operator.inputs)


def outputs(operator: schema.OperatorT) -> tuple[int, ...]:
    """Indices of the tensors that an operator gives."""
    return _integers(operator.outputs)


def text(name: bytes | None) -> str:
    """A name as it is stored, in words."""
    return (name or b"").decode(errors="replace")


def dtype(tensor: schema.TensorT) -> str:
    """Such as ``float32``."""
    return DTYPES[tensor.type]


def shape(tensor: schema.TensorT) -> tuple[int, ...]:
    """Of a tensor; ``()`` for a single number."""
    return _integers(tensor.shape)


def is_quantized(tensor: schema.TensorT) -> bool:
    """Whether its integers stand for floats."""
    scale = tensor.quantization.scale if tensor.quantization else None
    return scale is not None and len(scale) > 0


def constant(model: schema.ModelT, tensor: schema.TensorT) -> NDArray[np.uint8] | None:
    """The stored bytes of a constant; None for what is computed."""
    data: NDArray[np.uint8] | None = model.buffers[tensor.buffer].data
    return data if data is not None and len(data) else None


def is_constant(model: schema.ModelT, index: int) -> bool:
    """Whether the values of the tensor at an index are in the file."""
    return constant(model, model.subgraphs[0].tensors[index]) is not None


def values(model: schema.ModelT, tensor: schema.TensorT) -> NDArray | None:
    """A constant's values as they are stored, in its shape.

    Returns:
        None for what is computed, for sparse constants and for types that numpy has not.
    """
    data, stored = constant(model, tensor), NUMBERS.get(dtype(tensor))
    if data is None or stored is None or tensor.sparsity is not None:
        return None
    return np.frombuffer(data, stored).reshape(shape(tensor))


def unpacked_constants(model: schema.ModelT) -> dict[int, schema.OperatorT]:
    """Operators that only turn a constant into floats, by the tensor that they give.

    Runtimes do so once, when they load a file.
    """
    return {
        outputs(operator)[0]: operator
        for name, operator in operators(model)
        if name == "DEQUANTIZE" and is_constant(model, inputs(operator)[0])
    }


def _integers(stored: Iterable[int] | None) -> tuple[int, ...]:
    return () if stored is None else tuple(int(n) for n in stored)


def _name(model: schema.ModelT, operator: schema.OperatorT) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    if code.customCode:
        return text(code.customCode)
    builtin = flatbuffer_utils.get_builtin_code_from_operator_code(code)
    return _OPERATORS.get(builtin, str(builtin))


def _validate(model: schema.ModelT) -> None:
    """What LiteRT checks when it loads a file; any error says that it is damaged."""
    graph = model.subgraphs[0]
    tensors, buffers = graph.tensors, model.buffers
    for tensor in tensors:
        _below(len(buffers), [tensor.buffer])
        _validate_tensor(model, tensor)
    _below(len(tensors), [*graph.inputs, *graph.outputs])
    for operator in graph.operators:
        _below(len(model.operatorCodes), [operator.opcodeIndex])
        wired = (*inputs(operator), *outputs(operator))
        _below(len(tensors), [i for i in wired if i != ABSENT])
        _validate_operator(model, operator)
    _below(len(buffers), [entry.buffer for entry in model.metadata or []])
    for signature in model.signatureDefs or []:
        if signature.subgraphIndex == 0:
            entries = [*(signature.inputs or []), *(signature.outputs or [])]
            _below(len(tensors), [entry.tensorIndex for entry in entries])


def _validate_tensor(model: schema.ModelT, tensor: schema.TensorT) -> None:
    data, stored = constant(model, tensor), NUMBERS.get(dtype(tensor))
    size = prod(shape(tensor)) * stored.itemsize if stored and tensor.sparsity is None else None
    if data is not None and size is not None and len(data) != size:
        raise ValueError("a constant of another size than its shape")
    if is_quantized(tensor):
        found = tensor.quantization
        if len(found.zeroPoint) != len(found.scale):
            raise ValueError("not one zero point for each scale")
        if len(found.scale) > 1 and shape(tensor)[found.quantizedDimension] != len(found.scale):
            raise ValueError("not one scale for each channel")


def _validate_operator(model: schema.ModelT, operator: schema.OperatorT) -> None:
    ranks, tensors = _RANKS.get(_name(model, operator)), model.subgraphs[0].tensors
    if ranks is None:
        return
    taken = [inputs(operator)[place] for place in ranks]
    _below(len(tensors), [*taken, outputs(operator)[0]])
    for index, allowed in zip(taken, ranks.values()):
        if len(shape(tensors[index])) not in allowed:
            raise ValueError("an operator's input of another rank than it takes")


def _below(count: int, indices: Iterable[int]) -> None:
    if any(not 0 <= index < count for index in indices):
        raise ValueError("an index out of range")

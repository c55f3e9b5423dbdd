"""What one run of any ``.tflite`` file costs, counted from its operators: figures without noise."""

from __future__ import annotations

from math import prod
from typing import Any

from export.inspect.tflite import TFLiteModel

BYTES = {
    **dict.fromkeys((3, 6, 9, 17), 1),
    **dict.fromkeys((1, 7, 16, 18), 2),
    **dict.fromkeys((0, 2, 15), 4),
    **dict.fromkeys((4, 8, 10, 12), 8),
    11: 16,
}
"""Of one value, by the schema's tensor type."""

FLOATS_AND_INT8 = (0, 1, 9)


def cost(model: TFLiteModel) -> dict[str, int | None]:
    """The ``cost`` of the report's schema.

    MACs are those of convolutions, fully connected layers and matrix products. Bytes moved are
    every operator's inputs, constants and outputs, once each, as they are stored: what would
    pass through memory if nothing stayed in a cache. Parameters are the values that operators
    with weights hold.
    """
    source = unpacked(model)
    operators = [
        (name, op)
        for name, op in zip(model.sequence(), model.graph.operators)
        if int(op.outputs[0]) not in source
    ]
    moved = [_bytes_moved(model, source, op) for _, op in operators]
    weights = {i for name, op in operators for i in _weights(model, source, name, op)}
    return {
        "macs": sum(macs(model, name, op) for name, op in operators),
        "parameters": sum(_values(model, index) for index in weights),
        "bytes_moved": None if None in moved else sum(n for n in moved if n is not None),
        "arm_instructions": None,
    }


def macs(model: TFLiteModel, name: str, operator: Any) -> int:
    """Multiply-accumulates of one operator."""
    inputs = [model.graph.tensors[i] for i in operator.inputs if i >= 0]
    output = prod(model.graph.tensors[operator.outputs[0]].shape)
    match name:
        case "CONV_2D":
            _, height, width, channels = inputs[1].shape
            return int(output * height * width * channels)
        case "DEPTHWISE_CONV_2D":
            return int(output * prod(inputs[1].shape[1:3]))
        case "TRANSPOSE_CONV":
            taps = prod(inputs[1].shape[:3])
            return int(prod(inputs[2].shape) * taps)
        case "FULLY_CONNECTED":
            return int(output * inputs[1].shape[-1])
        case "BATCH_MATMUL":
            return int(output * inputs[0].shape[-2 if operator.builtinOptions.adjX else -1])
    return 0


def is_constant(model: TFLiteModel, index: int) -> bool:
    """Whether a tensor's values are in the file."""
    data = model.model.buffers[model.graph.tensors[index].buffer].data
    return data is not None and len(data) > 0


def unpacked(model: TFLiteModel) -> dict[int, Any]:
    """Operators that only unpack a constant, by the tensor that they give: runtimes do it once,
    when they load."""
    found = zip(model.sequence(), model.graph.operators)
    return {
        int(op.outputs[0]): op
        for name, op in found
        if name == "DEQUANTIZE" and is_constant(model, op.inputs[0])
    }


def _weights(model: TFLiteModel, source: dict[int, Any], name: str, operator: Any) -> list[int]:
    """Tensors of an operator that hold learnt values."""
    if name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"):
        return []
    kinds = model.graph.tensors
    return [
        i
        for i in _stored(source, operator.inputs)
        if is_constant(model, i) and (kinds[i].type in FLOATS_AND_INT8 or _is_quantized(kinds[i]))
    ]


def _is_quantized(tensor: Any) -> bool:
    scale = tensor.quantization.scale if tensor.quantization else None
    return scale is not None and len(scale) > 0


def _values(model: TFLiteModel, index: int) -> int:
    shape = model.graph.tensors[index].shape
    return 1 if shape is None else int(prod(shape))


def _bytes_moved(model: TFLiteModel, source: dict[int, Any], operator: Any) -> int | None:
    """None where a tensor's values are of no fixed size, as texts and resources are."""
    stored = _stored(source, (*operator.inputs, *operator.outputs))
    sizes = [BYTES.get(model.graph.tensors[i].type) for i in stored]
    if None in sizes:
        return None
    return sum(_values(model, i) * size for i, size in zip(stored, sizes) if size is not None)


def _stored(source: dict[int, Any], tensors: Any) -> list[int]:
    """Tensors as they are in the file: packed where they are unpacked constants."""
    found = (int(i) for i in tensors if i >= 0)
    return [int(source[i].inputs[0]) if i in source else i for i in found]

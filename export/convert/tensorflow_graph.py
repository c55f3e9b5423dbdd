"""An ONNX graph of pictures as a TensorFlow function, operator by operator.

Every value that is computed is a picture. It is (N, C, H, W) in the graph and (N, H, W, C) in the
function, always: axes are put in their new order where an operator names them, and nothing is
guessed from sizes. What is known beforehand (weights, shapes, axes) stays as the graph has it until
a picture meets it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

CHANNELS_LAST = (0, 2, 3, 1)
"""Where TensorFlow's axes are among ONNX's."""

TO_LAST = (0, 3, 1, 2)
"""The place of an ONNX axis in TensorFlow."""

Constant = NDArray[Any]
Attributes = Mapping[str, Any]
Operator = Callable[..., Any]


class UnknownOperator(Exception):
    """A graph has what has no counterpart here."""


class TensorFlowGraph:
    """Runs an ONNX graph on TensorFlow's tensors, with channels last.

    Args:
        model: whose inputs and outputs are pictures.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._opset = model.opset_import[0].version
        self._constants = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Pictures by the graph's names of its inputs to those by the names of its outputs.

        Raises:
            UnknownOperator: see there.
        """
        values: dict[str, Any] = {"": None, **self._constants, **inputs}
        for node in self._graph.node:
            given = [values[name] for name in node.input]
            values.update(zip(node.output, self._results(node, given)))
        return {output.name: tf.identity(values[output.name]) for output in self._graph.output}

    def _results(self, node: onnx.NodeProto, given: list[Any]) -> list[Any]:
        if not any(tf.is_tensor(value) for value in given):
            named = {name: value for name, value in zip(node.input, given) if name}
            evaluator = ReferenceEvaluator(node, opsets={"": self._opset})
            return list(evaluator.run(None, named))
        if (operator := OPERATORS.get(node.op_type)) is None:
            raise UnknownOperator(f"no TensorFlow operator is known for ONNX's {node.op_type}")
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        with tf.name_scope(_scope(node.output[0])):
            return [operator(attributes, *given)]


def _scope(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_./-]", "_", name).strip("/_.-") or "value"


def picture(value: Any) -> Any:
    """A value as an elementwise operator takes it: constants are turned, single numbers are not."""
    if tf.is_tensor(value):
        return value
    if value.size == 1:
        return tf.constant(value.reshape(()))
    whole = value.reshape((1,) * (4 - value.ndim) + value.shape)
    return tf.constant(np.ascontiguousarray(whole.transpose(CHANNELS_LAST)))


def shape(x: Any) -> tuple[int, ...]:
    """A picture's shape as ONNX has it."""
    return tuple(int(x.shape[axis]) for axis in TO_LAST)


def _elementwise(function: Operator) -> Operator:
    def operator(attributes: Attributes, *given: Any) -> Any:
        return function(*widened([picture(value) for value in given]))

    return operator


NARROW = 64
"""Channels up to which a number for each is copied for every pixel of a row."""


def widened(given: list[Any]) -> list[Any]:
    """One value a channel, (N, 1, 1, C), becomes a row of them where a whole picture meets it.

    XNNPACK spends a call on each stretch of memory that both sides have in common: a row rather
    than a pixel. Bilinear resizing of a single pixel copies it.
    """
    sizes = [x.shape[1:] for x in given if x.shape.rank == 4]
    width = max((int(size[1]) for size in sizes), default=1)
    return [
        _resized(x, 1, width)
        if width > 1 and x.shape.rank == 4 and x.shape[1:3] == (1, 1) and 1 < x.shape[3] <= NARROW
        else x
        for x in given
    ]


def _clip(attributes: Attributes, x: Any, low: Constant, high: Constant) -> Any:
    bounds = float(low), float(high)
    return tf.nn.relu6(x) if bounds == (0, 6) else tf.clip_by_value(x, *bounds)


def _convolution(
    attributes: Attributes, x: Any, weight: Constant, bias: Constant | None = None
) -> Any:
    _only(attributes, dilations=[1, 1], auto_pad=b"NOTSET")
    strides = [1, *attributes["strides"], 1]
    groups = attributes["group"]
    x, padding = _padded(x, attributes, weight.shape[2:])
    if groups == 1:
        kernel = tf.constant(np.ascontiguousarray(weight.transpose(2, 3, 1, 0)))
        y = tf.nn.conv2d(x, kernel, strides, padding)
    elif weight.shape[:2] == (groups, 1):
        kernel = tf.constant(np.ascontiguousarray(weight.transpose(2, 3, 0, 1)))
        y = tf.nn.depthwise_conv2d(x, kernel, strides, padding)
    else:
        raise UnknownOperator(f"a convolution of {groups} groups has no TensorFlow operator")
    return y if bias is None else tf.nn.bias_add(y, tf.constant(bias))


def _batch_normalization(
    attributes: Attributes, x: Any, scale: Constant, shift: Constant, mean: Constant, var: Constant
) -> Any:
    """Of what was seen in training: one factor and one addend for each channel."""
    _only(attributes, training_mode=0)
    factor = scale / np.sqrt(var + np.float32(attributes["epsilon"]))
    return x * tf.constant(factor) + tf.constant(shift - mean * factor)


def _to_float(attributes: Attributes, x: Any) -> Any:
    """Nothing to do: all that is computed here is in fp32."""
    _only(attributes, to=onnx.TensorProto.FLOAT)
    return x


def _transposed_convolution(
    attributes: Attributes, x: Any, weight: Constant, bias: Constant | None = None
) -> Any:
    _only(attributes, dilations=[1, 1], group=1, auto_pad=b"NOTSET", output_shape=None)
    strides, kernel = attributes["strides"], weight.shape[2:]
    whole = [(side - 1) * s + k for side, s, k in zip(x.shape[1:3], strides, kernel)]
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    more = attributes.get("output_padding", (0, 0))
    if more[0] > bottom or more[1] > right:
        raise UnknownOperator("a transposed convolution gives more than it computes")
    y = tf.nn.conv2d_transpose(
        x,
        tf.constant(np.ascontiguousarray(weight.transpose(2, 3, 1, 0))),
        [x.shape[0], *whole, weight.shape[1]],
        strides,
        "VALID",
    )
    height, width = whole[0] - top - bottom + more[0], whole[1] - left - right + more[1]
    y = tf.slice(y, [0, top, left, 0], [x.shape[0], height, width, weight.shape[1]])
    return y if bias is None else tf.nn.bias_add(y, tf.constant(bias))


def _padded(x: Any, attributes: Attributes, kernel: tuple[int, ...]) -> tuple[Any, str]:
    """A convolution's input and the name of its padding: zeros are its own where it can."""
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if not any((top, left, bottom, right)):
        return x, "VALID"
    whole = [k - 1 for k in kernel]
    alike = (top, left) == (bottom, right) and [top + bottom, left + right] == whole
    if alike and attributes["strides"] == [1, 1]:
        return x, "SAME"
    return tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]]), "VALID"


def _averages(attributes: Attributes, x: Any) -> Any:
    _only(attributes, pads=[0, 0, 0, 0], ceil_mode=0, dilations=[1, 1], auto_pad=b"NOTSET")
    return tf.nn.avg_pool2d(x, attributes["kernel_shape"], attributes["strides"], "VALID")


def _maxima(attributes: Attributes, x: Any) -> Any:
    _only(attributes, ceil_mode=0, dilations=[1, 1], auto_pad=b"NOTSET")
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if any((top, left, bottom, right)):
        # TFLite pads a pool by as much as it sees fit: here by numbers that are never greatest.
        x = tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], constant_values=x.dtype.min)
    return tf.nn.max_pool2d(x, attributes["kernel_shape"], attributes["strides"], "VALID")


def _slice(
    attributes: Attributes,
    x: Any,
    starts: Constant,
    ends: Constant,
    axes: Constant,
    steps: Constant | None = None,
) -> Any:
    if steps is not None and (steps != 1).any():
        raise UnknownOperator("a slice with steps has no place here")
    begin, size = [0] * 4, list(x.shape)
    for start, end, axis in zip(starts, ends, axes):
        place = TO_LAST[axis]
        first, last, _ = slice(int(start), int(end)).indices(x.shape[place])
        begin[place], size[place] = first, last - first
    return tf.slice(x, begin, size)


def _concatenate(attributes: Attributes, *given: Any) -> Any:
    return tf.concat([picture(value) for value in given], TO_LAST[attributes["axis"]])


def _pad(attributes: Attributes, x: Any, pads: Constant, value: Constant | None = None) -> Any:
    mode = attributes.get("mode", b"constant").decode().upper()
    if mode == "EDGE":
        raise UnknownOperator("TensorFlow repeats no edges")
    before, after = pads[:4], pads[4:]
    sides = [[int(before[axis]), int(after[axis])] for axis in CHANNELS_LAST]
    return tf.pad(x, sides, mode, 0 if value is None else float(value))


def _resize(attributes: Attributes, x: Any, _region: Any, scales: Any, sizes: Any = None) -> Any:
    wanted = np.array(shape(x)) * scales if sizes is None else sizes
    size = [int(n) for n in wanted[2:]]
    how = attributes["mode"], attributes["coordinate_transformation_mode"]
    if how == (b"linear", b"half_pixel"):
        return _bilinear(x, *size)
    _only(attributes, coordinate_transformation_mode=b"asymmetric", nearest_mode=b"floor")
    _only(attributes, mode=b"nearest")
    return tf.raw_ops.ResizeNearestNeighbor(images=x, size=size)


FEW = 8
"""Channels below which a picture's rows are resized as a whole."""


def _bilinear(x: Any, height: int, width: int) -> Any:
    """With few channels first along the rows, then whole rows, as single pixels of many channels:
    XNNPACK's inner loop goes over channels."""
    _, rows, columns, channels = (int(n) for n in x.shape)
    if channels >= FEW or rows == height or columns == width:
        return _resized(x, height, width)
    wide = tf.reshape(_resized(x, rows, width), (-1, rows, 1, width * channels))
    return tf.reshape(_resized(wide, height, 1), (-1, height, width, channels))


def _resized(x: Any, height: int, width: int) -> Any:
    return tf.raw_ops.ResizeBilinear(images=x, size=[height, width], half_pixel_centers=True)


def _columns_to_channels(attributes: Attributes, x: Any) -> Any:
    _, height, width, channels = (int(n) for n in x.shape)
    columns = attributes["columns"]
    return tf.reshape(x, (-1, height, width // columns, channels * columns))


def _channels_to_columns(attributes: Attributes, x: Any) -> Any:
    _, height, width, channels = (int(n) for n in x.shape)
    columns = attributes["columns"]
    return tf.reshape(x, (-1, height, width * columns, channels // columns))


def _depth_to_space(attributes: Attributes, x: Any) -> Any:
    _only(attributes, mode=b"DCR")
    return tf.nn.depth_to_space(x, attributes["blocksize"])


def _only(attributes: Attributes, **wanted: Any) -> None:
    """Refuse what an operator is not written for."""
    for name, value in wanted.items():
        if attributes.get(name, value) != value:
            raise UnknownOperator(f"{name} {attributes[name]} has no place here, only {value}")


OPERATORS: Mapping[str, Operator] = {
    "Abs": _elementwise(tf.abs),
    "Add": _elementwise(tf.add),
    "AveragePool": _averages,
    "BatchNormalization": _batch_normalization,
    "Cast": _to_float,
    "ChannelsToColumns": _channels_to_columns,
    "Clip": _clip,
    "ColumnsToChannels": _columns_to_channels,
    "Concat": _concatenate,
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "DepthToSpace": _depth_to_space,
    "Div": _elementwise(tf.divide),
    "GlobalAveragePool": lambda attributes, x: tf.reduce_mean(x, [1, 2], keepdims=True),
    "Identity": _elementwise(tf.identity),
    "MaxPool": _maxima,
    "Mul": _elementwise(tf.multiply),
    "Pad": _pad,
    "Reciprocal": _elementwise(lambda x: 1 / x),
    "Relu": _elementwise(tf.nn.relu),
    "Resize": _resize,
    "Shape": lambda attributes, x: np.array(shape(x), np.int64),
    "Sigmoid": _elementwise(tf.sigmoid),
    "Softplus": lambda attributes, x: tf.nn.relu(x) + tf.math.log(1 + tf.exp(-tf.abs(x))),
    "Slice": _slice,
    "Sqrt": _elementwise(tf.sqrt),
    "Sub": _elementwise(tf.subtract),
}
"""By ONNX's names and those of ``convert.rewrites``: attributes and inputs to the result."""

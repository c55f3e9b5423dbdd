"""What XNNPACK takes, operator by operator.

Read in tflite/delegates/xnnpack/xnnpack_delegate.cc (google-ai-edge/LiteRT), then probed in
LiteRT 2.1.0 with files of one operator (tests/export/verify/delegates/test_xnnpack.py): where the
two differed, the runtime is right. Hence uint8 and float weights that are computed are left out
everywhere: this build has neither. Refusals that no such file shows say so (``_read``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from export.verify.delegates import checks
from export.verify.delegates.checks import MAX_RANK, Rule, both, first
from export.verify.delegates.table import Basis, Refusal
from export.verify.delegates.tflite_graph import Node
from export.verify.delegates.xnnpack_rewrites import INT8_REWRITES, ISLAND

FLOAT = ("float32",)
ANY_FLOAT = ("float32", "float16")
BOTH = ("float32", "int8")


def _read(cause: str, rewrite: str | None = None) -> Refusal:
    """What was read in the code and has no file that shows it in the runtime."""
    return Refusal(cause, rewrite, Basis.SOURCE)


def _typed(allowed: Sequence[str]) -> Rule:
    """All inputs and outputs are of a kind that XNNPACK computes this operator in."""

    def rule(node: Node) -> Refusal | None:
        rewrite = None
        if allowed is not BOTH and any(t.dtype == "int8" for t in node.outputs):
            rewrite = INT8_REWRITES.get(node.operator, ISLAND)
        return first(*(checks.dtype(t, allowed, rewrite) for t in (*node.inputs, *node.outputs)))

    return rule


def _moved(allowed: Sequence[str], place: int = 0) -> Rule:
    """As ``_typed``, for operators whose other inputs are settings."""

    def rule(node: Node) -> Refusal | None:
        data = node.input(place)
        return first(*(checks.dtype(t, allowed, None) for t in (data, *node.outputs)))

    return rule


def _one_type(node: Node) -> Refusal | None:
    if len({t.dtype for t in (*node.inputs, *node.outputs) if t is not None}) > 1:
        return _read("inputs and output of unlike data types")
    return None


def _ranked(least: int, most: int = MAX_RANK) -> Rule:
    """The first input's and output's number of dimensions."""

    def rule(node: Node) -> Refusal | None:
        return first(
            checks.rank(node.input(0), least, most), checks.rank(node.outputs[0], least, most)
        )

    return rule


def _ranked_at(place: int) -> Rule:
    return lambda node: checks.rank(node.input(place), 4, 4)


def _all_ranked(node: Node) -> Refusal | None:
    return first(*(checks.rank(tensor, 0, MAX_RANK) for tensor in node.inputs))


def _given(place: int, what: str, dtypes: Sequence[str] = ("int32",)) -> Rule:
    return lambda node: checks.settings(node.input(place), what, dtypes)


def _constant(place: int, what: str) -> Rule:
    return lambda node: checks.constant(node.input(place), what)


def _summands(node: Node) -> Refusal | None:
    """Every summand's scale over the sum's."""
    below = "if it keeps a root or a divisor from zero: both in float; else leave that input out"
    return first(*(checks.ratio([t], node.outputs[0], 2**-10, 256, below) for t in node.inputs))


def _product(node: Node) -> Refusal | None:
    below = "a constant output: it is always the same"
    return checks.ratio(node.inputs, node.outputs[0], 2**-16, 256, below)


def _leaky(node: Node) -> Refusal | None:
    slope = np.float32(node.number("alpha"))
    if slope == 0 or not math.isfinite(slope) or abs(slope) < np.finfo(np.float32).tiny:
        return Refusal(f"slope {slope:g}", "RELU, fused into the operator before it")
    given, output = node.inputs[0], node.outputs[0]
    if given is None or given.dtype != "int8" or output.dtype != "int8":
        return None
    positive = given.scales[0] / output.scales[0]
    negative = positive * slope
    fits = 2**-8 <= positive <= 128 and -127.99609375 <= negative <= 128
    if fits and abs(negative) >= 2**-8:
        return None
    return Refusal("int8 scales too unlike for the slope", ISLAND)


def _quantize(node: Node) -> Refusal | None:
    given, output = node.inputs[0], node.outputs[0]
    return first(
        checks.dtype(given, BOTH, None),
        checks.dtype(output, ("int8",), None),
        checks.ratio([given], output, 2**-8, math.nextafter(128, 129), "a larger scale before it"),
    )


def _dequantize(node: Node) -> Refusal | None:
    return first(
        checks.dtype(node.inputs[0], ("int8",), "make the tensor constant"),
        checks.dtype(node.outputs[0], FLOAT, None),
    )


def _weights(place: int, axis: int, what: str = "weights") -> Rule:
    """Constant weights of float32, or of int8 with one scale or one an output channel."""

    def rule(node: Node) -> Refusal | None:
        tensor = node.input(place)
        if tensor is not None and tensor.dtype == "int8":
            if not tensor.scales:
                return _read("int8 weights without a scale")
            if len(tensor.scales) > 1 and tensor.axis != axis:
                return _read("int8 weights with scales along another axis than the channels'")
            if not all(np.isfinite(s) and s >= np.finfo(np.float32).tiny for s in tensor.scales):
                return _read("int8 weights with a scale that is no normal number")
        elif tensor is not None and tensor.dtype != "float32":
            return Refusal(f"weights of data type {tensor.dtype}", "DEQUANTIZE them")
        return checks.constant(tensor, what)

    return rule


def _bias(place: int, needed: bool) -> Rule:
    def rule(node: Node) -> Refusal | None:
        tensor = node.input(place)
        if tensor is None:
            return Refusal("no bias", "a bias of zeros") if needed else None
        if tensor.dtype == "int32" and tensor.axis != 0:
            return _read("a bias with scales along another axis than the channels'")
        if tensor.dtype not in ("float32", "float16", "int32"):
            return _read(f"bias of data type {tensor.dtype}")
        return first(checks.rank(tensor, 1, 1), checks.constant(tensor, "bias"))

    return rule


def _halves(node: Node) -> Refusal | None:
    """Weights and bias are both stored as float16, or neither is."""
    weights, bias = node.input(1), node.input(2)
    if weights is None or bias is None or weights.dtype != "float32":
        return None
    if weights.half != bias.half:
        return Refusal("weights of float16 with a bias of float32, or the other way round")
    return None


def _products(place: int, *, dynamic: bool) -> Rule:
    """Data types of a product of data and weights.

    Args:
        place: of the data among the inputs.
        dynamic: int8 weights are taken with float data, which are quantised on the way.
    """

    def rule(node: Node) -> Refusal | None:
        data, weights, output = node.input(place), node.input(1), node.outputs[0]
        refusal = first(checks.dtype(data, BOTH, None), checks.dtype(output, BOTH, None))
        if refusal is not None or data is None or weights is None:
            return refusal
        mixed = data.dtype == "float32" and weights.dtype == "int8"
        if data.dtype != output.dtype:
            return _read("data and output of unlike data types")
        if data.dtype == weights.dtype or (mixed and dynamic):
            return None
        if mixed:
            return Refusal(
                "int8 weights with float32 data (dynamic quantisation)",
                "weights of float32 or float16, or int8 data too",
            )
        return _read("data and weights of unlike data types")

    return rule


def _pool(node: Node) -> Refusal | None:
    window = node.option("filterHeight"), node.option("filterWidth")
    stride = node.option("strideH"), node.option("strideW")
    if window[0] < stride[0] or window[1] < stride[1]:
        return Refusal("a stride beyond the window", "STRIDED_SLICE, or a stride of the window")
    return None


def _transposed(node: Node) -> Refusal | None:
    """The output's size is one that a convolution would turn into the input's."""
    shape, weights, data = node.input(0), node.input(1), node.input(2)
    if shape is None or weights is None or data is None or shape.values is None:
        return None
    same = node.option("padding") == 0
    for axis, stride in ((1, node.option("strideH")), (2, node.option("strideW"))):
        kernel, output = weights.shape[axis], shape.values[axis]
        if same and kernel < stride:
            return _read("a stride beyond the kernel", "a kernel padded with zeros")
        steps = output - 1 if same else output - kernel
        if steps < 0 or steps // stride + 1 != data.shape[axis]:
            return Refusal("an output size that does not fit the input's", "the size that does")
    return None


def _block(node: Node) -> Refusal | None:
    block = node.option("blockSize")
    if block <= 1:
        return _read(f"block of {block}", "leave it out")
    if node.operator == "SPACE_TO_DEPTH":
        shape = node.outputs[0].shape if node.inputs[0] is None else node.inputs[0].shape
        if shape[1] % block or shape[2] % block:
            return _read("a size that the block does not divide", "PAD before it")
    return None


def _concatenated(node: Node) -> Refusal | None:
    if 2 <= len(node.inputs) <= 5:
        return None
    return Refusal(
        f"{len(node.inputs)} inputs, taken with 2 to 5",
        "concatenate in steps" if len(node.inputs) > 5 else "leave it out",
    )


def _split(node: Node) -> Refusal | None:
    if 2 <= len(node.outputs) <= 4:
        return None
    return Refusal(f"{len(node.outputs)} parts, taken with 2 to 4", "STRIDED_SLICE for each part")


def _sliced(node: Node) -> Refusal | None:
    size = node.input(2)
    if size is not None and size.values is not None and min(size.values, default=1) <= 0:
        return Refusal("a size of -1 (all the rest)", "write out the size")
    return None


def _strided(node: Node) -> Refusal | None:
    for mask in ("ellipsisMask", "newAxisMask", "shrinkAxisMask"):
        if node.option(mask):
            return Refusal(f"{mask[:-4]} mask", "a plain slice, then RESHAPE")
    strides = node.input(3)
    if strides is not None and strides.values is not None and set(strides.values) - {1}:
        return Refusal("a stride other than 1", "SPACE_TO_DEPTH, then a slice of the channels")
    return None


def _padded(node: Node) -> Refusal | None:
    paddings = node.input(1)
    if paddings is not None and paddings.values is not None and min(paddings.values) < 0:
        return _read("negative padding", "SLICE")
    return None


def _softmax(node: Node) -> Refusal | None:
    if node.number("beta") != 1:
        return Refusal(f"beta {node.number('beta'):g}", "MUL by beta before it")
    return None


def _dense(node: Node) -> Refusal | None:
    if node.version == 8:
        return _read("sparse weights", "dense weights")
    if node.option("weightsFormat"):
        return _read("shuffled weights", "weights in the usual order")
    return None


def _multiplied(node: Node) -> Refusal | None:
    left, right = node.input(0), node.input(1)
    if left is None or right is None or left.rank < 2 or right.rank < 2:
        return _read("fewer than 2 dimensions", "RESHAPE before it")
    if left.dtype == "int8" and len(right.scales) > 1:
        return _read("int8 with a scale a channel", "one scale for the tensor")
    return None


def _unary(allowed: Sequence[str]) -> Rule:
    return both(_typed(allowed), _all_ranked)


def _binary(allowed: Sequence[str], *more: Rule) -> Rule:
    return both(_typed(allowed), _one_type, _all_ranked, *more)


def _shaped(*more: Rule) -> Rule:
    """What moves data without computing: same scale on both sides."""
    return both(_moved(BOTH), *more, checks.same_quantization)


def _reduced() -> Rule:
    return both(_moved(BOTH), _given(1, "axes"), _ranked(0))


def _convolution(axis: int, dynamic: bool) -> Rule:
    """Of a convolution whose weights have their output channels along ``axis``."""
    return both(
        _ranked(4, 4),
        _weights(1, axis=axis),
        _bias(2, needed=True),
        _products(0, dynamic=dynamic),
        _halves,
        checks.activation,
    )


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("ABS", "CEIL", "COS", "EXP", "FLOOR", "GELU", "HARD_SWISH", "NEG", "ROUND", "RSQRT"),
        _unary(ANY_FLOAT),
    ),
    **dict.fromkeys(("RELU", "RELU6", "RELU_N1_TO_1", "SIN", "SQRT", "SQUARE"), _unary(ANY_FLOAT)),
    **dict.fromkeys(("ELU", "LOGISTIC", "TANH"), _unary(BOTH)),
    "LEAKY_RELU": both(_unary(BOTH), _leaky),
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _dequantize,
    "SOFTMAX": both(_softmax, _typed(FLOAT)),
    "ADD": _binary(BOTH, _summands, checks.activation),
    "SUB": _binary(BOTH, _summands, checks.activation),
    "MUL": _binary(BOTH, _product, checks.activation),
    "DIV": _binary(FLOAT, checks.activation),
    **dict.fromkeys(("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"), _binary(FLOAT)),
    "PRELU": _binary(FLOAT, _constant(1, "slopes")),
    "CONV_2D": _convolution(axis=0, dynamic=True),
    "DEPTHWISE_CONV_2D": _convolution(axis=3, dynamic=False),
    "TRANSPOSE_CONV": both(
        _given(0, "output shape"),
        _ranked_at(1),
        _ranked_at(2),
        _weights(1, axis=0),
        _bias(3, needed=False),
        _products(2, dynamic=True),
        _transposed,
        checks.activation,
    ),
    "FULLY_CONNECTED": both(
        _dense,
        _weights(1, axis=0),
        _bias(2, needed=False),
        _products(0, dynamic=True),
        _halves,
        checks.activation,
    ),
    "BATCH_MATMUL": both(_multiplied, _products(0, dynamic=True)),
    "AVERAGE_POOL_2D": both(_typed(FLOAT), _pool, checks.activation),
    "MAX_POOL_2D": both(_typed(BOTH), _pool, checks.activation, checks.same_quantization),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), _reduced()),
    "CONCATENATION": both(_concatenated, _typed(BOTH), _ranked(0), checks.same_quantization),
    "SPLIT": both(_split, _moved(BOTH, place=1), _given(0, "axis")),
    "SLICE": _shaped(
        _given(1, "begin", ("int32", "int64")),
        _given(2, "size", ("int32", "int64")),
        _sliced,
        _ranked(0),
    ),
    "STRIDED_SLICE": _shaped(
        _strided,
        _given(1, "begin"),
        _given(2, "end"),
        _given(3, "strides"),
        _ranked(0),
    ),
    "PAD": _shaped(_given(1, "paddings"), _ranked(1), _padded),
    "RESHAPE": _shaped(
        _ranked(0), lambda node: _given(1, "shape")(node) if len(node.inputs) > 1 else None
    ),
    "TRANSPOSE": _shaped(_given(1, "permutation"), _ranked(0)),
    "RESIZE_BILINEAR": _shaped(_ranked(4, 4), _given(1, "size")),
    "DEPTH_TO_SPACE": _shaped(_block),
    "SPACE_TO_DEPTH": _shaped(_block),
}
"""Of every operator that XNNPACK may take."""

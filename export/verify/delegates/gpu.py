"""TFLite's GPU delegate's table of a ``.tflite`` file.

Read in tflite/tools/versioning/gpu_compatibility.cc (which operators, with which settings) and
tflite/delegates/gpu/common/model_builder.cc (data types, ranks, versions, and what its parsers
refuse later) of google-ai-edge/LiteRT, with the options that the delegate has by default:
quantised operators allowed. Nothing here was executed on a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from export.verify.delegates import checks
from export.verify.delegates.checks import Rule, both, first
from export.verify.delegates.table import Basis, Coverage, Refusal, placement
from export.verify.delegates.tflite_graph import FlatGraph, Node, Tensor

DELEGATE = "GPU delegate"

SOURCE = (
    "gpu_compatibility.cc and model_builder.cc of google-ai-edge/LiteRT, not executed; the "
    "delegate runs only the largest piece unless told otherwise, and its reductions may be fp16"
)

MAX_RANK = 4
"""Tensors are batch, height, width and channels."""

DTYPES = ("float32", "float16", "int8", "uint8")
"""Of what is computed; int8 is turned into float."""

MORE_INPUTS: Mapping[str, tuple[str, ...]] = {
    "CAST": ("bool", "int32"),
    "GATHER": ("int32",),
    "ONE_HOT": ("int32",),
    "SELECT": ("bool",),
    "SELECT_V2": ("bool",),
}
"""Further data types of inputs."""

VERSIONS: Mapping[str, int] = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CONCATENATION": 2,
    "CONV_2D": 6,
    "DEPTHWISE_CONV_2D": 6,
    "DEQUANTIZE": 3,
    "DIV": 2,
    "FULLY_CONNECTED": 9,
    "GATHER": 1,
    "MAX_POOL_2D": 2,
    "MIRROR_PAD": 2,
    "MUL": 3,
    "PAD": 2,
    "PADV2": 2,
    "PRELU": 1,
    "QUANTIZE": 2,
    "RELU": 2,
    "RELU6": 2,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 3,
    "RESIZE_NEAREST_NEIGHBOR": 3,
    "SLICE": 2,
    "SOFTMAX": 2,
    "SPACE_TO_DEPTH": 2,
    "STRIDED_SLICE": 4,
    "SUB": 2,
    "TRANSPOSE_CONV": 3,
}
"""The last version of an operator that the delegate reads."""

UNSUPPORTED: Mapping[str, str | None] = {
    "BROADCAST_TO": "let ADD or MUL broadcast",
    "EXPAND_DIMS": "RESHAPE",
    "GATHER_ND": "SLICE at constant places, then CONCATENATION",
    "L2_POOL_2D": "MUL of the input by itself, AVERAGE_POOL_2D, SQRT",
    "ROUND": "ADD of a half, then FLOOR",
    "SQUEEZE": "RESHAPE",
}
"""Operators that it has not, with what replaces them."""


def coverage(graph: FlatGraph) -> Coverage:
    """What the GPU delegate takes of a graph."""
    unpacked = {
        node.wiring.outputs[0]
        for node in graph.nodes
        if node.operator == "DEQUANTIZE"
        and node.inputs
        and node.inputs[0] is not None
        and node.inputs[0].constant
        and node.outputs
    }
    rows = []
    for node in graph.nodes:
        # DEQUANTIZE of a constant is done once, when the file is loaded.
        inputs = tuple(
            replace(tensor, constant=True) if tensor is not None and index in unpacked else tensor
            for index, tensor in zip(node.wiring.inputs, node.inputs)
        )
        where = str(node.outputs[0]) if node.outputs else ""
        is_constant = node.operator == "DEQUANTIZE" and set(node.wiring.outputs) <= unpacked
        refusal = None if is_constant else _refusal(replace(node, inputs=inputs))
        rows.append(placement(node.operator, where, refusal, Basis.SOURCE))
    return Coverage(DELEGATE, tuple(rows), SOURCE)


def _refusal(node: Node) -> Refusal | None:
    if node.operator in UNSUPPORTED:
        return Refusal("the GPU delegate has no such operator", UNSUPPORTED[node.operator])
    if node.operator not in RULES:
        return Refusal("unknown to this table")
    if not node.outputs:
        return Refusal("no output")
    return first(_version(node), checks.judge(RULES[node.operator], node), _tensors(node))


def _version(node: Node) -> Refusal | None:
    last = VERSIONS.get(node.operator)
    if last is not None and node.version > last:
        return Refusal(f"version {node.version}, read up to {last}")
    return None


def _tensors(node: Node) -> Refusal | None:
    inputs = [tensor for tensor in node.inputs if tensor is not None]
    for tensor in (*inputs, *node.outputs):
        if tensor.rank > MAX_RANK:
            return Refusal(
                f"{tensor.rank} dimensions, taken with at most {MAX_RANK}",
                "DEPTH_TO_SPACE in place of a pixel shuffle"
                if node.operator in ("RESHAPE", "TRANSPOSE")
                else "RESHAPE around it",
            )
    allowed = (*DTYPES, *MORE_INPUTS.get(node.operator, ()))
    for tensor in (*(t for t in inputs if not t.constant), *node.outputs):
        if tensor.dtype not in allowed:
            return Refusal(f"data type {tensor.dtype}, taken in {', '.join(DTYPES)} only")
        if tensor.rank == 0:
            return Refusal("a computed number without dimensions", "keep its dimensions, of size 1")
    return None


def _computed(node: Node) -> list[Tensor]:
    return [tensor for tensor in node.inputs if tensor is not None and not tensor.constant]


def _one_input(node: Node) -> Refusal | None:
    if len(_computed(node)) != 1:
        return Refusal(f"{len(_computed(node))} computed inputs, taken with 1")
    return None


def _at_most_two(node: Node) -> Refusal | None:
    if len(_computed(node)) > 2:
        return Refusal("weights and bias computed at run time", "make the bias constant")
    return None


def _two_operands(node: Node) -> Refusal | None:
    inputs = node.wiring.inputs
    if len(inputs) != 2 or not 1 <= len(_computed(node)) <= 2:
        return Refusal("taken with one computed input, or two")
    if inputs[0] == inputs[1] and node.operator not in ("ADD", "MUL"):
        return Refusal("the same tensor twice", "MUL by a constant, or leave it out")
    for tensor in node.inputs:
        if tensor is not None and tensor.constant and tensor.rank == 4 and tensor.shape[0] != 1:
            return Refusal("a constant for more than one picture", "batch 1")
    return None


def _activation(node: Node) -> Refusal | None:
    if node.option("fusedActivationFunction") >= checks.ACTIVATIONS.index("sign"):
        return Refusal("a fused activation that it has not", "as an operator of its own")
    return None


def _broadcast(node: Node) -> Refusal | None:
    """Tensors of unlike rank: of 3 to 4, or of 2 to 4 where that says what is meant."""
    shapes = [tensor.shape for tensor in node.inputs if tensor is not None]
    short, long = sorted(shapes, key=len)
    if len(short) <= 1 or len(short) == len(long):
        return None
    if len(long) == 4 and long[0] == 1 and (len(short) == 3 or short == (1, 1)):
        return None
    if len(long) == 4 and len(short) == 2 and (long[0], long[3]) == short:
        return None
    return Refusal(
        f"broadcast of {len(short)} to {len(long)} dimensions", "RESHAPE to 4 dimensions"
    )


def _depthwise(node: Node) -> Refusal | None:
    data, weights, output = node.input(0), node.input(1), node.outputs[0]
    if data is None or weights is None:
        return Refusal("an input is missing")
    if data.rank != 4 or weights.rank != 4 or output.rank != 4:
        return Refusal("dimensions other than 4", "RESHAPE around it")
    if data.shape[3] * node.option("depthMultiplier") != output.shape[3]:
        return Refusal("channels that the depth multiplier does not explain", "CONV_2D")
    return None


def _grouped(node: Node) -> Refusal | None:
    """Grouped convolutions are taken, as several, where their weights are constant."""
    data, weights = node.input(0), node.input(1)
    if data is None or weights is None:
        return Refusal("an input is missing")
    if not weights.constant and weights.shape[3] != data.shape[3]:
        return Refusal("grouped, with weights computed at run time", "one CONV_2D a group")
    return None


def _axes(node: Node) -> Refusal | None:
    return first(_one_input(node), checks.settings(node.input(1), "axes", ("int32",)))


def _mirror(node: Node) -> Refusal | None:
    if node.option("mode"):
        return Refusal("mirror mode SYMMETRIC, taken with REFLECT only", "slices and CONCATENATION")
    return None


def _padding(node: Node) -> Refusal | None:
    shape = () if (paddings := node.input(1)) is None else paddings.shape
    if shape not in ((3, 2), (4, 2)):
        return Refusal(f"padding of {shape[0] if shape else 0} dimensions, taken with 3 or 4")
    return None


def _corners(node: Node) -> Refusal | None:
    if node.option("alignCorners") and node.option("halfPixelCenters"):
        return Refusal("aligned corners and half pixel centres at once", "one of the two")
    return None


def _sliced(node: Node) -> Refusal | None:
    data = node.input(0)
    if data is None or data.rank not in (3, 4):
        return Refusal("dimensions other than 3 or 4", "RESHAPE around it")
    return None


def _masks(node: Node) -> Refusal | None:
    for mask in ("ellipsisMask", "newAxisMask", "shrinkAxisMask"):
        if node.option(mask):
            return Refusal(f"{mask[:-4]} mask", "a plain slice, then RESHAPE")
    strides = node.input(3)
    if strides is not None and strides.values is not None and min(strides.values) <= 0:
        return Refusal("a slice that runs backwards")
    return None


def _softmax(node: Node) -> Refusal | None:
    return None if node.number("beta") == 1 else Refusal("beta other than 1", "MUL before it")


def _block(node: Node) -> Refusal | None:
    block = node.option("blockSize")
    return None if block > 1 else Refusal(f"block of {block}", "leave it out")


def _quantized(node: Node) -> Refusal | None:
    if any(t is not None and t.dtype == "int16" for t in node.inputs):
        return Refusal("data type int16", "int8")
    return None


def _always(node: Node) -> Refusal | None:
    return None


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("ABS", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LOG", "LOGISTIC", "NEG"),
        _one_input,
    ),
    **dict.fromkeys(("RSQRT", "SIGN", "SIN", "SQRT", "SQUARE", "TANH"), _one_input),
    **dict.fromkeys(("CAST", "QUANTIZE", "RESHAPE", "TILE", "TRANSPOSE"), _one_input),
    **dict.fromkeys(
        ("LEAKY_RELU", "PRELU", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1"), _always
    ),
    **dict.fromkeys(("BATCH_MATMUL", "GATHER", "SELECT", "SELECT_V2"), _always),
    **dict.fromkeys(("CONCATENATION", "PACK", "SPLIT", "SPLIT_V", "UNPACK"), _always),
    "DEQUANTIZE": _quantized,
    **dict.fromkeys(("ADD", "MUL"), both(_two_operands, _broadcast, _activation)),
    **dict.fromkeys(
        ("DIV", "SUB", "MAXIMUM", "MINIMUM", "POW", "SQUARED_DIFFERENCE", "FLOOR_DIV"),
        both(_two_operands, _activation),
    ),
    "CONV_2D": both(_at_most_two, _grouped, _activation),
    "DEPTHWISE_CONV_2D": both(_at_most_two, _depthwise, _activation),
    "TRANSPOSE_CONV": _at_most_two,
    "FULLY_CONNECTED": both(_at_most_two, _activation),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), both(_one_input, _activation)),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"), _axes),
    **dict.fromkeys(("PAD", "PADV2"), both(_one_input, _padding)),
    "MIRROR_PAD": both(_mirror, _one_input, _padding),
    "RESIZE_BILINEAR": both(_one_input, _corners),
    "RESIZE_NEAREST_NEIGHBOR": _one_input,
    "SLICE": _sliced,
    "STRIDED_SLICE": both(_masks, _sliced),
    "SOFTMAX": _softmax,
    "DEPTH_TO_SPACE": both(_one_input, _block),
    "SPACE_TO_DEPTH": both(_one_input, _block),
}
"""Of every operator that the delegate may take."""

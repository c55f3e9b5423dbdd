"""What computes the same as an operator that XNNPACK leaves out, in operators that it takes."""

from __future__ import annotations

from collections.abc import Mapping

ISLAND = "between DEQUANTIZE and QUANTIZE: XNNPACK takes all three"
"""For what is done in float only."""

INT8_REWRITES = {
    "ABS": "LEAKY_RELU of slope -1, which is the same function",
    "AVERAGE_POOL_2D": "MEAN where it is global, else DEPTHWISE_CONV_2D of constant weights",
    "HARD_SWISH": "ADD with fused ReLU6, then MUL",
    "MAXIMUM": "b + relu(a - b), the ReLU fused into the SUB",
    "MINIMUM": "a - relu(a - b), the ReLU fused into the first SUB",
    "NEG": "MUL by -1",
    "PRELU": "LEAKY_RELU where all slopes are equal",
    **dict.fromkeys(
        ("RELU", "RELU6", "RELU_N1_TO_1"),
        "fuse it into the operator before it, or into an ADD of zero",
    ),
    "SQUARE": "MUL of the input by itself",
    "SQUARED_DIFFERENCE": "SUB, then MUL of the result by itself",
}
"""For operators that are taken in float only; what is not listed is left in float."""

UNSUPPORTED: Mapping[str, str | None] = {
    "BROADCAST_TO": "let ADD or MUL broadcast",
    "CAST": None,
    "EXPAND_DIMS": "RESHAPE",
    "GATHER": "SLICE at constant places, then CONCATENATION",
    "GATHER_ND": "SLICE at constant places, then CONCATENATION",
    "L2_POOL_2D": "MUL of the input by itself, AVERAGE_POOL_2D, SQRT",
    "LOG": None,
    "MIRROR_PAD": "slices of the border and CONCATENATION, as export.convert.rewrites does",
    "PACK": "RESHAPE, then CONCATENATION",
    "PADV2": "SUB of the value, PAD, ADD of the value",
    "POW": "MUL of the input by itself, or SQRT",
    "REDUCE_PROD": None,
    "RELU_0_TO_1": "MAXIMUM and MINIMUM with constants",
    "RESIZE_NEAREST_NEIGHBOR": "with the convolution after it: four 2x2 phase convolutions and "
    "DEPTH_TO_SPACE, as export.convert.rewrites does; alone: CONCATENATION and DEPTH_TO_SPACE",
    "SELECT_V2": None,
    "SIGN": None,
    "SPLIT_V": "STRIDED_SLICE for each part",
    "SQUEEZE": "RESHAPE",
    "TILE": "CONCATENATION, or let ADD or MUL broadcast",
    "UNPACK": "STRIDED_SLICE for each part, then RESHAPE",
}
"""Operators that XNNPACK has not, with what replaces them."""

UNPROBED = ("BROADCAST_TO", "GATHER_ND", "PADV2", "SELECT_V2", "SPLIT_V")
"""Those of them that no test shows to the runtime."""

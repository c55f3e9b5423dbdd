"""Convolutions and transposed convolutions in 1 to 3 dimensions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from coreml_reference.errors import DamagedFile
from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.padding import PADDINGS, padded, padding, pairs, spatial, spread
from coreml_reference.mlprogram.values import check_size

CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _geometry(
    arguments: Arguments, x: Tensor, weight: Tensor
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Sizes, strides, dilations and dilated windows, one for each dimension of space."""
    sizes = spatial(x)
    strides = spread(arguments, "strides", len(sizes))
    dilations = spread(arguments, "dilations", len(sizes))
    return sizes, strides, dilations, _windows(weight, x, dilations)


def _conv(arguments: Arguments) -> Tensor:
    """``conv``: x (N, C, *D), weight (O, C / groups, *K), bias (O,) -> (N, O, *D').

    With padding p in all, stride s and dilation d, D' = (D + p - (K - 1) * d - 1) // s + 1.
    """
    x, weight = arguments.tensor("x"), arguments.tensor("weight")
    sizes, strides, dilations, windows = _geometry(arguments, x, weight)
    around = padding(arguments, sizes, windows, strides)
    bias, groups = arguments.optional("bias"), arguments.integer("groups", 1)
    if all(before == after for before, after in around):
        symmetric = [before for before, _ in around]
        check_size([*x.shape[:2], *(n + 2 * p for n, p in zip(sizes, symmetric))], "a padding")
    else:
        x, symmetric = padded(x, around), [0] * len(sizes)
    convolve = CONVOLVE[len(sizes)]
    return convolve(x, weight, bias, strides, symmetric, dilations, groups)


def _conv_transpose(arguments: Arguments) -> Tensor:
    """``conv_transpose``: x (N, C, *D), weight (C, O / groups, *K) -> (N, O, *D').

    D' is ``output_shape``, or (D - 1) * s + (K - 1) * d + 1 less the padding (D * s for ``same``).
    """
    x, weight = arguments.tensor("x"), arguments.tensor("weight")
    sizes, strides, dilations, windows = _geometry(arguments, x, weight)
    groups = arguments.integer("groups", 1)
    whole = [(n - 1) * s + w for n, s, w in zip(sizes, strides, windows, strict=True)]
    channels = weight.shape[1] * groups
    check_size([x.shape[0], channels, *whole], "a result")
    kind = arguments.string("pad_type", "valid")
    around = pairs(arguments, len(sizes)) if kind == "custom" else [(0, 0)] * len(sizes)
    wanted = [n - sum(pair) for n, pair in zip(whole, around, strict=True)]
    if kind.startswith("same"):
        wanted = [n * s for n, s in zip(sizes, strides, strict=True)]
    if arguments.has("output_shape"):
        wanted = arguments.integers("output_shape")[-len(sizes) :]
    check_size([x.shape[0], channels, *wanted], "a result")
    if kind.startswith("same"):
        # What a "same" convolution of the wanted size would have been padded with.
        cut = [max(0, n - m) for n, m in zip(whole, wanted, strict=True)]
        lower = kind == "same_lower"
        around = [(c - c // 2, c // 2) if lower else (c // 2, c - c // 2) for c in cut]
    y = TRANSPOSED[len(sizes)](x, weight, None, strides, 0, 0, groups, dilations)
    for axis, ((before, _), size) in enumerate(zip(around, wanted, strict=True), start=2):
        available = y.shape[axis] - before
        y = y.narrow(axis, before, min(size, available))
        if size > available:  # nothing reaches so far but the bias
            missing = [(0, 0)] * len(sizes)
            missing[axis - 2] = (0, size - available)
            y = padded(y, missing)
    bias = arguments.optional("bias")
    return y if bias is None else y + bias.reshape(1, -1, *[1] * len(sizes))


def _windows(weight: Tensor, x: Tensor, dilations: list[int]) -> list[int]:
    """Sizes of the kernel, dilation included."""
    if weight.dim() != x.dim() or 0 in weight.shape:
        raise DamagedFile(f"weights of shape {tuple(weight.shape)} for {x.dim()} dimensions")
    return [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilations, strict=True)]


OPS = {
    "conv": op(
        _conv, "x weight bias? strides? pad_type? pad? dilations? groups?", pad_type=PADDINGS
    ),
    "conv_transpose": op(
        _conv_transpose,
        "x weight bias? pad? output_shape? pad_type? strides? dilations? groups?",
        pad_type=PADDINGS,
    ),
}

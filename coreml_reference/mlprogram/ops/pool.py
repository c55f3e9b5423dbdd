"""Pooling in 1 to 3 dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.errors import DamagedFile, UnsupportedOperation
from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.padding import PADDINGS, Pairs, padded, padding, spatial, spread
from coreml_reference.windows import has_empty_window

MAXIMA = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
MEANS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}

PARAMETERS = "x kernel_sizes strides? pad_type pad? ceil_mode?"


def _max_pool(arguments: Arguments) -> Tensor:
    """``max_pool``: (N, C, *D) -> (N, C, *D'), the largest of each window."""
    x = arguments.tensor("x")
    windows, strides, around, beyond = _layout(arguments, spatial(x), padding_counts=False)
    x = padded(padded(x, around, -math.inf), beyond, -math.inf)
    return MAXIMA[len(windows)](x, windows, strides)


def _avg_pool(arguments: Arguments) -> Tensor:
    """``avg_pool``: (N, C, *D) -> (N, C, *D'), the mean of each window."""
    x = arguments.tensor("x")
    exclude = arguments.boolean("exclude_padding_from_average", False)
    windows, strides, around, beyond = _layout(arguments, spatial(x), padding_counts=not exclude)
    mean = _means(padded(padded(x, around), beyond), windows, strides)
    if not (any(map(any, beyond)) or (exclude and any(map(any, around)))):
        return mean
    # What lies beyond the padding, where windows are rounded up, never counts.
    counted = padded(torch.ones(1, 1, *x.shape[2:]), around, 0 if exclude else 1)
    return mean / _means(padded(counted, beyond), windows, strides)


def _l2_pool(arguments: Arguments) -> Tensor:
    """``l2_pool``: (N, C, *D) -> (N, C, *D'), sqrt(sum(x**2)) of each window."""
    x = arguments.tensor("x")
    windows, strides, around, beyond = _layout(arguments, spatial(x), padding_counts=True)
    mean = _means(padded(padded(x.square(), around), beyond), windows, strides)
    return (mean * math.prod(windows)).sqrt()


def _means(x: Tensor, windows: Sequence[int], strides: Sequence[int]) -> Tensor:
    """Of each window, what is in it divided by its size."""
    return MEANS[len(windows)](x, list(windows), list(strides))


def _layout(
    arguments: Arguments, sizes: list[int], *, padding_counts: bool
) -> tuple[list[int], list[int], Pairs, Pairs]:
    """Windows, strides, padding, and what is added after it where windows are rounded up."""
    windows = arguments.integers("kernel_sizes")
    if len(windows) != len(sizes) or min(windows) < 1:
        raise DamagedFile(f"kernel_sizes are {windows} in {len(sizes)} dimensions")
    strides = spread(arguments, "strides", len(sizes))
    around = padding(arguments, sizes, windows, strides)
    beyond = [(0, 0)] * len(sizes)
    if arguments.boolean("ceil_mode", False):
        beyond = [
            (0, _excess(size, window, stride, pair))
            for size, window, stride, pair in zip(sizes, windows, strides, around, strict=True)
        ]
    for size, window, stride, (before, after), (_, more) in zip(
        sizes, windows, strides, around, beyond, strict=True
    ):
        real = size + before + after if padding_counts else size
        border = (0, more) if padding_counts else (before, after + more)
        if has_empty_window(real, window, stride, *border):
            raise UnsupportedOperation("pooling", "windows beyond the input in")
    return windows, strides, around, beyond


def _excess(size: int, window: int, stride: int, around: tuple[int, int]) -> int:
    """How much further the last window reaches when their number is rounded up."""
    whole = size + sum(around)
    steps = -(-(whole - window) // stride)
    # A window must not start in the padding after.
    if steps * stride >= size + around[0] and any(around):
        steps -= 1
    return max(0, steps * stride + window - whole)


OPS = {
    "max_pool": op(_max_pool, PARAMETERS, pad_type=PADDINGS),
    "avg_pool": op(_avg_pool, f"{PARAMETERS} exclude_padding_from_average?", pad_type=PADDINGS),
    "l2_pool": op(_l2_pool, PARAMETERS, pad_type=PADDINGS),
}

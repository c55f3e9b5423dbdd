"""Pools."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.neuralnetwork import padding
from coreml_reference.neuralnetwork.layer import Layer, Layers, Node, Run, checked, on_images
from coreml_reference.neuralnetwork.padding import Borders, Pair
from coreml_reference.windows import has_empty_window


def _pooling(node: Node) -> Run:
    kind = node.choice("type")
    if node.params.globalPooling:
        return on_images(_GLOBAL[kind], least=4)
    kernel, stride = node.pair("kernelSize", 3), node.pair("stride", 1)
    form = node.one_of("PoolingPaddingType")
    last, exclude = form == "includeLastPixel", node.params.avgPoolExcludePadding
    pad = _symmetric(node) if last else padding.PADDINGS[form](node)

    def run(x: Tensor) -> Tensor:
        size = (x.shape[-2], x.shape[-1])
        inner = pad(size, kernel, stride)
        outer = _overrun(size, kernel, stride, inner) if last else inner
        checked((*x.shape[:2], *(n + sum(border) for n, border in zip(size, outer))))
        # Of a mean the padding counts, unless the file says that it does not.
        real = padding.NOTHING if kind == "MAX" or exclude else inner
        if _any_empty_window(size, kernel, stride, real, outer):
            raise node.unsupported("windows beyond its input")
        if kind == "MAX":
            return F.max_pool2d(_padded(x, outer, -torch.inf), kernel, stride)
        if kind == "L2":
            return _sums(_padded(x.square(), outer), kernel, stride).sqrt()
        total = _sums(_padded(x, outer), kernel, stride)
        if exclude:
            return total / _counts(size, padding.NOTHING, outer, kernel, stride)
        if last:
            return total / _counts(size, inner, outer, kernel, stride)
        return total / (kernel[0] * kernel[1])

    return on_images(run, least=4)


def _any_empty_window(
    size: Pair, kernel: Pair, stride: Pair, real: Borders, outer: Borders
) -> bool:
    """Whether a window has nothing within the real borders."""
    return any(
        has_empty_window(n + sum(r), k, s, o[0] - r[0], o[1] - r[1])
        for n, k, s, r, o in zip(size, kernel, stride, real, outer)
    )


def _counts(size: Pair, inner: Borders, outer: Borders, kernel: Pair, stride: Pair) -> Tensor:
    """How many values within the inner borders each window has."""
    ones = torch.ones((1, 1, *(n + sum(border) for n, border in zip(size, inner))))
    rest = [(o[0] - i[0], o[1] - i[1]) for o, i in zip(outer, inner)]
    return _sums(_padded(ones, (rest[0], rest[1])), kernel, stride)


def _symmetric(node: Node) -> padding.Padding:
    amounts = tuple(map(int, node.params.includeLastPixel.paddingAmounts)) or (0, 0)
    if len(amounts) != 2:
        raise node.damaged(f"paddings {amounts}")
    height, width = amounts
    return lambda size, kernel, stride: ((height, height), (width, width))


def _overrun(size: Pair, kernel: Pair, stride: Pair, inner: Borders) -> Borders:
    """Borders within which the last window has the last pixel."""
    padded = any(before for before, _ in inner)

    def one(n: int, k: int, s: int, pad: int) -> Pair:
        count = -(-(n + 2 * pad - k) // s) + 1
        if padded and (count - 1) * s >= n + pad:
            count -= 1
        return pad, (count - 1) * s + k - n - pad

    height, width = (one(n, k, s, b[0]) for n, k, s, b in zip(size, kernel, stride, inner))
    return height, width


def _padded(x: Tensor, around: Borders, value: float = 0.0) -> Tensor:
    (top, bottom), (left, right) = around
    return F.pad(x, (left, right, top, bottom), value=value)


def _sums(x: Tensor, kernel: Pair, stride: Pair) -> Tensor:
    return F.avg_pool2d(x, kernel, stride, divisor_override=1)


_GLOBAL = {
    "MAX": lambda x: x.amax((2, 3), keepdim=True),
    "AVERAGE": lambda x: x.mean((2, 3), keepdim=True),
    "L2": lambda x: x.square().sum((2, 3), keepdim=True).sqrt(),
}

LAYERS: Layers = {"pooling": Layer(_pooling)}

"""Orders, sums and masks along axes."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.layers.node import TWO, Layer, Layers, Node, Run, checked, integers


def _reverse(node: Node) -> Run:
    which = list(node.params.reverseDim)

    def run(x: Tensor) -> Tensor:
        if len(which) != x.ndim:
            raise ValueError(f"{x.ndim} dimensions, not {len(which)}")
        return x.flip([axis for axis, reversed_ in enumerate(which) if reversed_])

    return run


def _cumsum(node: Node) -> Run:
    exclusive, backwards = node.params.excludeFinalSum, node.params.reverse

    def run(x: Tensor, given: Tensor | None = None) -> Tensor:
        (axis,) = [int(node.params.axis)] if given is None else integers(given)
        x = x.flip(axis) if backwards else x
        y = x.cumsum(axis)
        y = y - x if exclusive else y
        return y.flip(axis) if backwards else y

    return run


def _top_k(node: Node) -> Run:
    axis, lowest = int(node.params.axis), node.params.useBottomK

    def run(x: Tensor, given: Tensor | None = None) -> tuple[Tensor, Tensor]:
        (k,) = [int(node.params.K)] if given is None else integers(given)
        values, indices = x.topk(k, axis, largest=not lowest)
        return values, indices.float()

    return run


def _arg_sort(node: Node) -> Run:
    axis, descending = int(node.params.axis), node.params.descending
    return lambda x: x.argsort(stable=True, dim=axis, descending=descending).float()


def _one_hot(node: Node) -> Run:
    axis, on, off = int(node.params.axis), node.params.onValue, node.params.offValue

    def run(x: Tensor, given: Tensor | None = None) -> Tensor:
        (size,) = [int(node.params.oneHotVectorSize)] if given is None else integers(given)
        checked((*x.shape, size))
        indices = torch.tensor(integers(x)).reshape(x.shape)
        hot = indices[..., None] == torch.arange(size)
        return torch.where(hot, on, off).movedim(-1, axis)

    return run


def _band(node: Node) -> Run:
    lower, upper = int(node.params.numLower), int(node.params.numUpper)

    def run(x: Tensor) -> Tensor:
        rows, columns = torch.arange(x.shape[-2])[:, None], torch.arange(x.shape[-1])
        below = (lower < 0) | (rows - columns <= lower)
        above = (upper < 0) | (columns - rows <= upper)
        return torch.where(below & above, x, 0.0)

    return run


def _triangular(node: Node) -> Run:
    k, take = int(node.params.k), torch.tril if node.kind == "lowerTriangular" else torch.triu
    return lambda x: take(x, k)


def _sliding_windows(node: Node) -> Run:
    axis, size, step = (int(getattr(node.params, n)) for n in ("axis", "windowSize", "step"))
    if size < 1 or step < 1:
        raise node.damaged(f"windows of {size} every {step}")

    def run(x: Tensor) -> Tensor:
        at = range(x.ndim)[axis]
        windows = x.unfold(at, size, step)
        checked(windows.shape)
        return windows.movedim(-1, at + 1)

    return run


def _range_static(node: Node) -> Run:
    params = node.params
    return lambda: _arange(params.endValue, params.startValue, params.stepSizeValue)


def _range_dynamic(node: Node) -> Run:
    params = node.params

    def run(end: Tensor, *more: Tensor) -> Tensor:
        start, step = (
            float(x) for x in (*more, *(params.startValue, params.stepSizeValue)[len(more) :])
        )
        return _arange(float(end), start, step)

    return run


def _arange(end: float, start: float, step: float) -> Tensor:
    checked((max(0, int((end - start) / step)),))
    return torch.arange(start, end, step, dtype=torch.float32)


LAYERS: Layers = {
    "reverse": Layer(_reverse),
    "cumSum": Layer(_cumsum, inputs=range(1, 3)),
    "topK": Layer(_top_k, inputs=range(1, 3), outputs=TWO),
    "argSort": Layer(_arg_sort),
    "oneHot": Layer(_one_hot, inputs=range(1, 3)),
    "matrixBandPart": Layer(_band),
    "lowerTriangular": Layer(_triangular),
    "upperTriangular": Layer(_triangular),
    "slidingWindows": Layer(_sliding_windows),
    "rangeStatic": Layer(_range_static, inputs=range(0, 1)),
    "rangeDynamic": Layer(_range_dynamic, inputs=range(1, 4)),
}

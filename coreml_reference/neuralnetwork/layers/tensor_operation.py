"""Tensors made, joined, split, padded, repeated, sorted, summed up along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.neuralnetwork import padding
from coreml_reference.neuralnetwork.layer import (
    NONE,
    SOME,
    TWO,
    Layer,
    Layers,
    Node,
    Run,
    checked,
    integers,
)


def _concat(node: Node) -> Run:
    axis = -5 if node.params.sequenceConcat else -3
    return lambda *inputs: _joined(inputs, axis)


def _concat_nd(node: Node) -> Run:
    axis, interleave = int(node.params.axis), node.params.interleave

    def run(*inputs: Tensor) -> Tensor:
        if not interleave:
            return _joined(inputs, axis)
        if len({x.shape for x in inputs}) > 1:
            raise ValueError("inputs of several shapes to interleave")
        at = axis % inputs[0].ndim
        return torch.stack(inputs, at + 1).flatten(at, at + 1)

    return run


def _joined(inputs: Sequence[Tensor], axis: int) -> Tensor:
    if len({x.ndim for x in inputs}) > 1:
        raise ValueError("inputs of several ranks")
    checked((sum(x.numel() for x in inputs),))
    return torch.cat(tuple(inputs), axis)


def _stack(node: Node) -> Run:
    axis = int(node.params.axis)
    return lambda *inputs: torch.stack(inputs, axis)


def _split(node: Node) -> Run:
    count = int(node.params.nOutputs)
    if count != len(node.outputs):
        raise node.damaged(f"{len(node.outputs)} outputs, not {count}")
    return lambda x: _equal_parts(x, count, -3)


def _split_nd(node: Node) -> Run:
    axis, sizes = int(node.params.axis), list(map(int, node.params.splitSizes))
    count = len(sizes) or int(node.params.numSplits)
    if count != len(node.outputs):
        raise node.damaged(f"{len(node.outputs)} outputs, not {count}")
    if sizes:
        return lambda x: torch.split(x, sizes, axis)
    return lambda x: _equal_parts(x, count, axis)


def _equal_parts(x: Tensor, count: int, axis: int) -> tuple[Tensor, ...]:
    if x.shape[axis] % count:
        raise ValueError(f"{x.shape[axis]} values to split into {count} parts")
    return torch.split(x, x.shape[axis] // count, axis)


def _tile(node: Node) -> Run:
    repeats = list(map(int, node.params.reps))

    def run(x: Tensor, given: Tensor | None = None) -> Tensor:
        times = repeats if given is None else integers(given)
        if len(times) != x.ndim or min(times) < 1:
            raise ValueError(f"{x.ndim} dimensions repeated {times} times")
        checked(n * t for n, t in zip(x.shape, times))
        return x.repeat(times)

    return run


def _sequence_repeat(node: Node) -> Run:
    times = int(node.params.nRepetitions) or 1

    def run(x: Tensor) -> Tensor:
        if x.ndim < 5:
            raise ValueError(f"an input of {x.ndim} dimensions, not 5 or more")
        checked((*x.shape, times))
        return torch.cat([x] * times, -5)

    return run


def _broadcast_static(node: Node) -> Run:
    target = list(map(int, node.params.targetShape))
    return lambda x: _broadcast(x, target)


def _broadcast_like(node: Node) -> Run:
    return lambda x, like: _broadcast(x, list(like.shape))


def _broadcast_dynamic(node: Node) -> Run:
    return lambda x, shape: _broadcast(x, integers(shape))


def _broadcast(x: Tensor, shape: list[int]) -> Tensor:
    return x.broadcast_to(checked(shape)).contiguous()


def _flatten_to_2d(node: Node) -> Run:
    axis = int(node.params.axis)

    def run(x: Tensor) -> Tensor:
        if not -x.ndim <= axis <= x.ndim:
            raise IndexError(f"axis {axis} of {x.ndim} dimensions")
        first = axis if axis >= 0 else axis + x.ndim
        return x.reshape(math.prod(x.shape[:first]), math.prod(x.shape[first:]))

    return run


def _padding(node: Node) -> Run:
    form = node.one_of("PaddingType")
    (top, bottom), (left, right) = padding.borders(node, node.params.paddingAmounts)
    mode = {"constant": "constant", "reflection": "reflect", "replication": "replicate"}[form]
    value = node.params.constant.value if form == "constant" else None

    def run(x: Tensor) -> Tensor:
        *before, height, width = x.shape
        wanted = checked((*before, height + top + bottom, width + left + right))
        flat = x.reshape(1, -1, height, width)
        return F.pad(flat, (left, right, top, bottom), mode, value).reshape(wanted)

    return run


def _constant_pad(node: Node) -> Run:
    amounts, value = list(map(int, node.params.padAmounts)), node.params.value
    to_size = node.params.padToGivenOutputSizeMode
    if len(node.inputs) == 1 and len(amounts) % 2:
        raise node.damaged(f"{len(amounts)} amounts")

    def run(x: Tensor, given: Tensor | None = None) -> Tensor:
        found = amounts if given is None else integers(given)
        if len(found) != 2 * x.ndim:
            raise ValueError(f"{len(found)} amounts for {x.ndim} dimensions")
        pairs = list(zip(found[::2], found[1::2]))
        if to_size:
            pairs = [_to_size(n, *pair) for n, pair in zip(x.shape, pairs)]
        if any(amount < 0 for pair in pairs for amount in pair):
            raise ValueError(f"amounts {found}")
        checked(n + sum(pair) for n, pair in zip(x.shape, pairs))
        return F.pad(x, [n for pair in reversed(pairs) for n in pair], value=value)

    return run


def _to_size(size: int, before: int, after: int) -> tuple[int, int]:
    """What is added before and after an axis, given as the least size that it is to have."""
    if before and after:
        raise ValueError("an axis with two sizes")
    return max(0, before - size), max(0, after - size)


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


def _cumsum(node: Node) -> Run:
    exclusive, backwards = node.params.excludeFinalSum, node.params.reverse

    def run(x: Tensor, given: Tensor | None = None) -> Tensor:
        (axis,) = [int(node.params.axis)] if given is None else integers(given)
        x = x.flip(axis) if backwards else x
        y = x.cumsum(axis)
        y = y - x if exclusive else y
        return y.flip(axis) if backwards else y

    return run


def _arg_sort(node: Node) -> Run:
    axis, descending = int(node.params.axis), node.params.descending
    return lambda x: x.argsort(stable=True, dim=axis, descending=descending).float()


def _top_k(node: Node) -> Run:
    axis, lowest = int(node.params.axis), node.params.useBottomK

    def run(x: Tensor, given: Tensor | None = None) -> tuple[Tensor, Tensor]:
        (k,) = [int(node.params.K)] if given is None else integers(given)
        values, indices = x.topk(k, axis, largest=not lowest)
        return values, indices.float()

    return run


def _one_hot(node: Node) -> Run:
    axis, on, off = int(node.params.axis), node.params.onValue, node.params.offValue

    def run(x: Tensor, given: Tensor | None = None) -> Tensor:
        (size,) = [int(node.params.oneHotVectorSize)] if given is None else integers(given)
        checked((*x.shape, size))
        indices = torch.tensor(integers(x)).reshape(x.shape)
        hot = indices[..., None] == torch.arange(size)
        return torch.where(hot, on, off).movedim(-1, axis)

    return run


def _get_shape(node: Node) -> Run:
    return lambda x: torch.tensor(x.shape, dtype=torch.float32)


def _load_constant(node: Node) -> Run:
    shape = tuple(map(int, node.params.shape))
    if len(shape) != 3:
        raise node.damaged(f"a shape of {len(shape)} dimensions, not 3")
    data = node.weight("data", shape)[None, None]
    return lambda: data


def _load_constant_nd(node: Node) -> Run:
    data = node.weight("data", tuple(map(int, node.params.shape)))
    return lambda: data


def _fill_static(node: Node) -> Run:
    shape, value = tuple(map(int, node.params.targetShape)), node.params.value
    return lambda: torch.full(checked(shape), value)


def _fill_like(node: Node) -> Run:
    value = node.params.value
    return lambda x: torch.full_like(x, value)


def _fill_dynamic(node: Node) -> Run:
    value = node.params.value
    return lambda shape: torch.full(checked(integers(shape)), value)


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
    "concat": Layer(_concat, inputs=SOME),
    "concatND": Layer(_concat_nd, inputs=SOME),
    "stack": Layer(_stack, inputs=SOME),
    "split": Layer(_split, outputs=SOME),
    "splitND": Layer(_split_nd, outputs=SOME),
    "loadConstant": Layer(_load_constant, inputs=NONE),
    "loadConstantND": Layer(_load_constant_nd, inputs=NONE),
    "cumSum": Layer(_cumsum, inputs=range(1, 3)),
    "topK": Layer(_top_k, inputs=range(1, 3), outputs=TWO),
    "argSort": Layer(_arg_sort),
    "oneHot": Layer(_one_hot, inputs=range(1, 3)),
    "matrixBandPart": Layer(_band),
    "lowerTriangular": Layer(_triangular),
    "upperTriangular": Layer(_triangular),
    "rangeStatic": Layer(_range_static, inputs=range(0, 1)),
    "rangeDynamic": Layer(_range_dynamic, inputs=range(1, 4)),
    "flattenTo2D": Layer(_flatten_to_2d),
    "getShape": Layer(_get_shape),
    "broadcastToStatic": Layer(_broadcast_static),
    "broadcastToLike": Layer(_broadcast_like, inputs=TWO),
    "broadcastToDynamic": Layer(_broadcast_dynamic, inputs=TWO),
    "tile": Layer(_tile, inputs=range(1, 3)),
    "sequenceRepeat": Layer(_sequence_repeat),
    "fillStatic": Layer(_fill_static, inputs=range(0, 1)),
    "fillLike": Layer(_fill_like),
    "fillDynamic": Layer(_fill_dynamic),
    "padding": Layer(_padding),
    "constantPad": Layer(_constant_pad, inputs=range(1, 3)),
}

"""Other shapes for the same values, and values for shapes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from coreml_reference.layers.node import (
    TWO,
    Layer,
    Layers,
    Node,
    Run,
    checked,
    integers,
    on_images,
)


def _flatten(node: Node) -> Run:
    first = node.choice("mode") == "CHANNEL_FIRST"

    def run(x: Tensor) -> Tensor:
        return (x if first else x.permute(0, 2, 3, 1)).reshape(len(x), -1, 1, 1)

    return on_images(run)


def _reshape(node: Node) -> Run:
    target, first = list(map(int, node.params.targetShape)), node.choice("mode") == "CHANNEL_FIRST"
    if len(target) not in (3, 4):
        raise node.damaged(f"a target of {len(target)} dimensions")

    def run(x: Tensor) -> Tensor:
        if x.ndim != 5 or (x.shape[1] != 1 and len(target) == 4):
            raise ValueError(f"an input of {tuple(x.shape)}")
        leading = list(x.shape[:2]) if len(target) == 3 else [target[0], 1]
        c, h, w = target[-3:]
        if first:
            return x.reshape(*leading, c, h, w)
        return x.permute(0, 1, 3, 4, 2).reshape(*leading, h, w, c).permute(0, 1, 4, 2, 3)

    return run


def _reshape_static(node: Node) -> Run:
    target = list(map(int, node.params.targetShape))
    return lambda x: x.reshape(target)


def _rank_preserving(node: Node) -> Run:
    target = list(map(int, node.params.targetShape))

    def run(x: Tensor) -> Tensor:
        if len(target) != x.ndim:
            raise ValueError(f"{x.ndim} dimensions, not {len(target)}")
        return x.reshape([n or kept for n, kept in zip(target, x.shape)])

    return run


def _reshape_like(node: Node) -> Run:
    return lambda x, like: x.reshape(like.shape)


def _reshape_dynamic(node: Node) -> Run:
    return lambda x, shape: x.reshape(integers(shape))


def _permute(node: Node) -> Run:
    order = list(map(int, node.params.axis)) or [0, 1, 2, 3]
    if sorted(order) != [0, 1, 2, 3]:
        raise node.damaged(f"an order of {order}")
    # The batch, which is second of five dimensions, is not counted and stays.
    sequence, *rest = [axis + (axis > 0) for axis in order]
    return lambda x: x.permute(sequence, 1, *rest)


def _transpose(node: Node) -> Run:
    axes = list(map(int, node.params.axes))
    return lambda x: x.permute(axes)


def _expand_dims(node: Node) -> Run:
    axes = list(map(int, node.params.axes))

    def run(x: Tensor) -> Tensor:
        rank = x.ndim + len(axes)
        if len({a % rank for a in axes}) < len(axes) or not all(-rank <= a < rank for a in axes):
            raise IndexError(f"axes {axes} of {rank} dimensions")
        for axis in sorted(a % rank for a in axes):
            x = x.unsqueeze(axis)
        return x

    return run


def _squeeze(node: Node) -> Run:
    axes, everything = list(map(int, node.params.axes)), node.params.squeezeAll

    def run(x: Tensor) -> Tensor:
        if everything:
            return x.reshape([n for n in x.shape if n != 1] or [1])
        if not all(-x.ndim <= a < x.ndim and x.shape[a] == 1 for a in axes):
            raise IndexError(f"axes {axes} of {tuple(x.shape)}")
        gone = {a % x.ndim for a in axes}
        # No tensor of a neural network is without dimensions.
        return x.reshape([n for i, n in enumerate(x.shape) if i not in gone] or [1])

    return run


def _flatten_to_2d(node: Node) -> Run:
    axis = int(node.params.axis)

    def run(x: Tensor) -> Tensor:
        if not -x.ndim <= axis <= x.ndim:
            raise IndexError(f"axis {axis} of {x.ndim} dimensions")
        first = axis if axis >= 0 else axis + x.ndim
        return x.reshape(math.prod(x.shape[:first]), math.prod(x.shape[first:]))

    return run


def _get_shape(node: Node) -> Run:
    return lambda x: torch.tensor(x.shape, dtype=torch.float32)


def _broadcast_static(node: Node) -> Run:
    target = list(map(int, node.params.targetShape))
    return lambda x: _broadcast(x, target)


def _broadcast_like(node: Node) -> Run:
    return lambda x, like: _broadcast(x, list(like.shape))


def _broadcast_dynamic(node: Node) -> Run:
    return lambda x, shape: _broadcast(x, integers(shape))


def _broadcast(x: Tensor, shape: list[int]) -> Tensor:
    return x.broadcast_to(checked(shape)).contiguous()


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


def _fill_static(node: Node) -> Run:
    shape, value = tuple(map(int, node.params.targetShape)), node.params.value
    return lambda: torch.full(checked(shape), value)


def _fill_like(node: Node) -> Run:
    value = node.params.value
    return lambda x: torch.full_like(x, value)


def _fill_dynamic(node: Node) -> Run:
    value = node.params.value
    return lambda shape: torch.full(checked(integers(shape)), value)


LAYERS: Layers = {
    "flatten": Layer(_flatten),
    "reshape": Layer(_reshape),
    "reshapeStatic": Layer(_reshape_static),
    "rankPreservingReshape": Layer(_rank_preserving),
    "reshapeLike": Layer(_reshape_like, inputs=TWO),
    "reshapeDynamic": Layer(_reshape_dynamic, inputs=TWO),
    "permute": Layer(_permute),
    "transpose": Layer(_transpose),
    "expandDims": Layer(_expand_dims),
    "squeeze": Layer(_squeeze),
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
}

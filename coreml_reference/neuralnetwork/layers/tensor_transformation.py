"""The same values in another shape or order, and slices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.neuralnetwork.layer import (
    TWO,
    Layer,
    Layers,
    Node,
    Run,
    checked,
    integers,
    on_images,
)

AXES = {"CHANNEL_AXIS": -3, "HEIGHT_AXIS": -2, "WIDTH_AXIS": -1}
"""``SliceLayerParams.SliceAxis``."""


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


def _reverse(node: Node) -> Run:
    which = list(node.params.reverseDim)

    def run(x: Tensor) -> Tensor:
        if len(which) != x.ndim:
            raise ValueError(f"{x.ndim} dimensions, not {len(which)}")
        return x.flip([axis for axis, reversed_ in enumerate(which) if reversed_])

    return run


def _slice(node: Node) -> Run:
    axis, stride = AXES[node.choice("axis")], int(node.params.stride)
    part = slice(int(node.params.startIndex), int(node.params.endIndex), stride)
    if stride < 1:
        raise node.damaged(f"a stride of {stride}")
    return lambda x: x[(..., part, *(slice(None) for _ in range(-axis - 1)))]


def _slice_static(node: Node) -> Run:
    params = node.params
    begins, ends = list(map(int, params.beginIds)), list(map(int, params.endIds))
    return _sliced(node, lambda x, *more: (x, begins, ends, list(map(int, params.strides))))


def _slice_dynamic(node: Node) -> Run:
    """Inputs are the tensor, begins and, where they are not in the file, ends and strides."""
    params = node.params
    if len(node.inputs) > 4:
        raise node.unsupported("masks as inputs")

    def parts(x: Tensor, begins: Tensor, *more: Tensor) -> _Ranges:
        ends = integers(more[0]) if more else list(map(int, params.endIds))
        strides = integers(more[1]) if len(more) > 1 else list(map(int, params.strides))
        return x, integers(begins), ends, strides or [1] * x.ndim

    return _sliced(node, parts)


_Ranges = tuple[Tensor, list[int], list[int], list[int]]


def _sliced(node: Node, parts: Callable[..., _Ranges]) -> Run:
    masks = [
        list(getattr(node.params, name)) for name in ("beginMasks", "endMasks", "squeezeMasks")
    ]

    def run(*inputs: Tensor) -> Tensor:
        x, begins, ends, strides = parts(*inputs)
        given = [mask or [False] * x.ndim for mask in masks]
        if {len(values) for values in (begins, ends, strides, *given)} != {x.ndim}:
            raise ValueError(f"ranges of other than {x.ndim} dimensions")
        index: list[int | slice] = [
            begin if one else slice(None if from_start else begin, None if to_end else end, stride)
            for begin, end, stride, from_start, to_end, one in zip(begins, ends, strides, *given)
        ]
        # PyTorch has no negative strides.
        found = np.atleast_1d(x.numpy()[tuple(index)])
        if not found.size:
            raise ValueError("nothing left")
        return torch.from_numpy(found.copy())

    return run


def _slice_by_size(node: Node) -> Run:
    axis, size = int(node.params.axis), int(node.params.size)

    def run(x: Tensor, begin: Tensor) -> Tensor:
        (start,) = integers(begin)
        return x.narrow(axis, start, size)

    return run


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


def _reorganize(node: Node) -> Run:
    block = int(node.params.blockSize)
    if block < 2:
        raise node.damaged(f"a blockSize of {block}")
    runs = {
        "SPACE_TO_DEPTH": _space_to_depth,
        "DEPTH_TO_SPACE": _depth_to_space,
        "PIXEL_SHUFFLE": F.pixel_shuffle,
    }
    run = runs[node.choice("mode")]
    return on_images(lambda x: run(x, block))


def _space_to_depth(x: Tensor, block: int) -> Tensor:
    """Channels become (block row, block column, channel)."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(n, c * block**2, h // block, w // block)


def _depth_to_space(x: Tensor, block: int) -> Tensor:
    n, c, h, w = x.shape
    x = x.reshape(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c // block**2, h * block, w * block)


LAYERS: Layers = {
    "reverse": Layer(_reverse),
    "slidingWindows": Layer(_sliding_windows),
    "slice": Layer(_slice),
    "sliceStatic": Layer(_slice_static),
    "sliceDynamic": Layer(_slice_dynamic, inputs=range(2, 8)),
    "sliceBySize": Layer(_slice_by_size, inputs=TWO),
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
    "reorganizeData": Layer(_reorganize),
}

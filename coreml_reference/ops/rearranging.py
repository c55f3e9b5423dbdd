"""The same numbers in another shape or order, joined or taken apart."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.arguments import Arguments, absolute
from coreml_reference.errors import DamagedFile
from coreml_reference.operation import operation
from coreml_reference.values import affordable


def _reshape(arguments: Arguments) -> Tensor:
    x, shape = arguments.tensor("x"), arguments.wholes("shape")
    # A zero keeps the size of the same dimension, where there are as many.
    if len(shape) == x.dim() and x.numel():
        shape = [n or x.shape[axis] for axis, n in enumerate(shape)]
    return x.reshape(shape)


def _reshape_like(arguments: Arguments) -> Tensor:
    references = arguments.tensors("ref_tensors")
    begins, ends, masks = (arguments.tensors(n) for n in ("begins", "ends", "end_masks"))
    shape: list[int] = []
    for reference, begin, end, mask in zip(references, begins, ends, masks, strict=True):
        stop = reference.dim() if mask.item() else int(end.item())
        shape += list(reference.shape)[int(begin.item()) : stop]
    return arguments.tensor("x").reshape(shape)


def _expand_dims(arguments: Arguments) -> Tensor:
    x, axes = arguments.tensor("x"), arguments.wholes("axes")
    rank = x.dim() + len(axes)
    sizes = iter(x.shape)
    new = {absolute(axis, rank) for axis in axes}
    if len(new) < len(axes):
        raise DamagedFile(f"axes are {axes}")
    return x.reshape([1 if axis in new else next(sizes) for axis in range(rank)])


def _squeeze(arguments: Arguments) -> Tensor:
    x = arguments.tensor("x")
    axes = arguments.wholes("axes", range(x.dim()))
    gone = {absolute(axis, x.dim()) for axis in axes}
    return x.reshape([n for axis, n in enumerate(x.shape) if n != 1 or axis not in gone])


def _transpose(arguments: Arguments) -> Tensor:
    return arguments.tensor("x").permute(arguments.wholes("perm"))


def _flatten2d(arguments: Arguments) -> Tensor:
    x, axis = arguments.tensor("x"), arguments.whole("axis", 1)
    if not -x.dim() <= axis <= x.dim():
        raise DamagedFile(f"there is no dimension {axis} of {x.dim()}")
    before = x.shape[:axis]
    return x.reshape(before.numel(), x.shape[axis:].numel() if axis < x.dim() else 1)


def _tile(arguments: Arguments) -> Tensor:
    x, times = arguments.tensor("x"), arguments.wholes("reps")
    if len(times) != x.dim() or min(times, default=1) < 1:
        raise DamagedFile(f"reps are {times} in {x.dim()} dimensions")
    affordable([n * m for n, m in zip(x.shape, times, strict=True)], "a result")
    return x.tile(times)


def _reverse(arguments: Arguments) -> Tensor:
    x = arguments.tensor("x")
    return x.flip(arguments.wholes("axes", range(x.dim())))


def _concat(arguments: Arguments) -> Tensor:
    values = arguments.tensors("values")
    axis = absolute(arguments.whole("axis"), values[0].dim())
    if arguments.flag("interleave", False):
        return torch.stack(values, axis + 1).flatten(axis, axis + 1)
    return torch.cat(values, axis)


def _stack(arguments: Arguments) -> Tensor:
    return torch.stack(arguments.tensors("values"), arguments.whole("axis"))


def _split(arguments: Arguments) -> list[Tensor]:
    x = arguments.tensor("x")
    axis = arguments.axis("axis", x.dim())
    if arguments.has("split_sizes"):
        return list(x.split(arguments.wholes("split_sizes"), axis))
    parts = arguments.whole("num_splits")
    if parts < 1 or x.shape[axis] % parts:
        raise DamagedFile(f"{x.shape[axis]} do not split into {parts}")
    return list(x.split(x.shape[axis] // parts, axis))


def _pixel_shuffle(arguments: Arguments) -> Tensor:
    return _outward(arguments.tensor("x"), arguments.whole("upscale_factor"), depth_last=False)


def _depth_to_space(arguments: Arguments) -> Tensor:
    return _outward(arguments.tensor("x"), arguments.whole("block_size"), depth_last=True)


def _pixel_unshuffle(arguments: Arguments) -> Tensor:
    return _inward(arguments.tensor("x"), arguments.whole("downscale_factor"), depth_last=False)


def _space_to_depth(arguments: Arguments) -> Tensor:
    return _inward(arguments.tensor("x"), arguments.whole("block_size"), depth_last=True)


def _outward(x: Tensor, block: int, depth_last: bool) -> Tensor:
    """Channels into blocks of pixels; where depth is last, a pixel's channels lie together."""
    n, channels, height, width = x.shape
    depth = channels // block**2
    if depth_last:
        x = x.reshape(n, block, block, depth, height, width).permute(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(n, depth, block, block, height, width).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(n, depth, height * block, width * block)


def _inward(x: Tensor, block: int, depth_last: bool) -> Tensor:
    """The inverse."""
    n, depth, height, width = x.shape
    x = x.reshape(n, depth, height // block, block, width // block, block)
    x = x.permute(0, 3, 5, 1, 2, 4) if depth_last else x.permute(0, 1, 3, 5, 2, 4)
    return x.reshape(n, depth * block**2, height // block, width // block)


OPERATIONS = {
    "concat": operation(_concat, "values axis interleave?"),
    "depth_to_space": operation(_depth_to_space, "x block_size"),
    "expand_dims": operation(_expand_dims, "x axes"),
    "flatten2d": operation(_flatten2d, "x axis?"),
    "pixel_shuffle": operation(_pixel_shuffle, "x upscale_factor"),
    "pixel_unshuffle": operation(_pixel_unshuffle, "x downscale_factor"),
    "reshape": operation(_reshape, "x shape"),
    "reshape_like": operation(_reshape_like, "x ref_tensors begins ends end_masks"),
    "reverse": operation(_reverse, "x axes?"),
    "space_to_depth": operation(_space_to_depth, "x block_size"),
    "split": operation(_split, "x axis num_splits? split_sizes?"),
    "squeeze": operation(_squeeze, "x axes?"),
    "stack": operation(_stack, "values axis"),
    "tile": operation(_tile, "x reps"),
    "transpose": operation(_transpose, "x perm"),
}

"""The same numbers in another shape or order, and slices."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile
from coreml_reference.mlprogram.arguments import Arguments, absolute
from coreml_reference.mlprogram.op import op


def _reshape(arguments: Arguments) -> Tensor:
    """``reshape``: -1 is what is left, 0 keeps the size of the same dimension."""
    x, shape = arguments.tensor("x"), arguments.integers("shape")
    # A zero keeps the size of the same dimension, where there are as many.
    if len(shape) == x.dim() and x.numel():
        shape = [n or x.shape[axis] for axis, n in enumerate(shape)]
    return x.reshape(shape)


def _reshape_like(arguments: Arguments) -> Tensor:
    """``reshape_like``: the sizes ``begins`` to ``ends`` of each of ``ref_tensors``."""
    references = arguments.tensors("ref_tensors")
    begins, ends, masks = (arguments.tensors(n) for n in ("begins", "ends", "end_masks"))
    shape: list[int] = []
    for reference, begin, end, mask in zip(references, begins, ends, masks, strict=True):
        stop = reference.dim() if mask.item() else int(end.item())
        shape += list(reference.shape)[int(begin.item()) : stop]
    return arguments.tensor("x").reshape(shape)


def _expand_dims(arguments: Arguments) -> Tensor:
    """``expand_dims``: new dimensions of size 1 at ``axes`` of the result."""
    x, axes = arguments.tensor("x"), arguments.integers("axes")
    rank = x.dim() + len(axes)
    sizes = iter(x.shape)
    new = {absolute(axis, rank) for axis in axes}
    if len(new) < len(axes):
        raise DamagedFile(f"axes are {axes}")
    return x.reshape([1 if axis in new else next(sizes) for axis in range(rank)])


def _squeeze(arguments: Arguments) -> Tensor:
    """``squeeze``: without ``axes`` of size 1, all of them by default."""
    x = arguments.tensor("x")
    axes = arguments.integers("axes", range(x.dim()))
    gone = {absolute(axis, x.dim()) for axis in axes}
    return x.reshape([n for axis, n in enumerate(x.shape) if n != 1 or axis not in gone])


def _transpose(arguments: Arguments) -> Tensor:
    """``transpose``: dimensions in the order ``perm``."""
    return arguments.tensor("x").permute(arguments.integers("perm"))


def _reverse(arguments: Arguments) -> Tensor:
    """``reverse``: backwards along ``axes``, all of them by default."""
    x = arguments.tensor("x")
    return x.flip(arguments.integers("axes", range(x.dim())))


def _slice_by_index(arguments: Arguments) -> Tensor:
    """``slice_by_index``: x[begin:end:stride] in every dimension.

    A begin or end that is masked is open; a dimension with ``squeeze_mask`` is x[begin].
    """
    x = arguments.tensor("x")
    rank = x.dim()
    begins, ends = arguments.integers("begin"), arguments.integers("end")
    strides = arguments.integers("stride", [1] * rank)
    no = [False] * rank
    free_begins, free_ends = (
        arguments.booleans("begin_mask", no),
        arguments.booleans("end_mask", no),
    )
    gone = arguments.booleans("squeeze_mask", no)
    if {len(v) for v in (begins, ends, strides, free_begins, free_ends, gone)} != {rank}:
        raise DamagedFile(f"a slice of another number of dimensions than {rank}")
    for axis in range(rank):
        size, begin, stride = x.shape[axis], begins[axis], strides[axis]
        if gone[axis]:
            place = 0 if free_begins[axis] else begin % size
            x = x.narrow(axis, place, 1)
            continue
        start = None if free_begins[axis] else begin
        stop = None if free_ends[axis] else ends[axis]
        taken = range(*slice(start, stop, stride).indices(size))
        if stride == 1:
            x = x.narrow(axis, taken.start, len(taken))
        else:
            x = x.index_select(axis, torch.tensor(taken, dtype=torch.int64))
    return x.reshape([n for n, squeezed in zip(x.shape, gone, strict=True) if not squeezed])


def _slice_by_size(arguments: Arguments) -> Tensor:
    """``slice_by_size``: ``size`` values from ``begin`` in every dimension, -1 for the rest."""
    x = arguments.tensor("x")
    begins, sizes = arguments.integers("begin"), arguments.integers("size")
    for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        start = begin % x.shape[axis] if begin < 0 else begin
        x = x.narrow(axis, start, x.shape[axis] - start if size == -1 else size)
    return x


def _pixel_shuffle(arguments: Arguments) -> Tensor:
    """``pixel_shuffle``: (N, C * b**2, H, W) -> (N, C, H * b, W * b), as PyTorch does."""
    return _outward(arguments.tensor("x"), arguments.integer("upscale_factor"), depth_last=False)


def _depth_to_space(arguments: Arguments) -> Tensor:
    """``depth_to_space``: the same shapes, channels ordered (block row, block column, C)."""
    return _outward(arguments.tensor("x"), arguments.integer("block_size"), depth_last=True)


def _pixel_unshuffle(arguments: Arguments) -> Tensor:
    """``pixel_unshuffle``: (N, C, H * b, W * b) -> (N, C * b**2, H, W), as PyTorch does."""
    return _inward(arguments.tensor("x"), arguments.integer("downscale_factor"), depth_last=False)


def _space_to_depth(arguments: Arguments) -> Tensor:
    """``space_to_depth``: the same shapes, channels ordered (block row, block column, C)."""
    return _inward(arguments.tensor("x"), arguments.integer("block_size"), depth_last=True)


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


OPS = {
    "depth_to_space": op(_depth_to_space, "x block_size"),
    "expand_dims": op(_expand_dims, "x axes"),
    "pixel_shuffle": op(_pixel_shuffle, "x upscale_factor"),
    "pixel_unshuffle": op(_pixel_unshuffle, "x downscale_factor"),
    "reshape": op(_reshape, "x shape"),
    "reshape_like": op(_reshape_like, "x ref_tensors begins ends end_masks"),
    "reverse": op(_reverse, "x axes?"),
    "slice_by_index": op(
        _slice_by_index, "x begin end stride? begin_mask? end_mask? squeeze_mask?"
    ),
    "slice_by_size": op(_slice_by_size, "x begin size"),
    "space_to_depth": op(_space_to_depth, "x block_size"),
    "squeeze": op(_squeeze, "x axes?"),
    "transpose": op(_transpose, "x perm"),
}

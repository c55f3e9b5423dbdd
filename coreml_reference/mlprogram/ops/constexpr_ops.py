"""Compressed constants: the ``constexpr_`` operations, and how far they may be from the originals.

Every function returns what an operation makes, and for each result a margin: how much the
compression may have changed each number, so that what it came from can be told. It is

* of linear quantisation half a step;
* of a palette of numbers the greatest distance between its neighbours: half of it between two
  of them, and what k-means leaves outside of the outermost is less far than the next is;
* of a palette of vectors what a coordinate ranges over, for want of better: no file tells how far
  its vectors were from what they stand for;
* of a sparse tensor, where it has a zero, the least number it kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coreml_reference.errors import CoreMLError, DamagedFile
from coreml_reference.mlprogram.arguments import Arguments, absolute, computable
from coreml_reference.mlprogram.data_types import TYPES
from coreml_reference.mlprogram.values import check_size
from coreml_reference.mlprogram.weight_file import packed_size, unpacked

INDEX_TYPES = {kind.bits: kind for kind in TYPES.values() if kind.name.startswith("uint")}
"""By their bits."""


@dataclass(frozen=True)
class Decoded:
    """A constant as programs compute with it.

    Attributes:
        value: in the type that the program says.
        margin: fp32, broadcastable to ``value``; 0 where nothing was lost.
    """

    value: Tensor
    margin: Tensor


def exact(value: Tensor) -> Decoded:
    """A constant that is kept as it is."""
    return Decoded(value, torch.zeros(()))


class ConstexprArguments(Arguments):
    """Arguments whose tensors may be results of other ``constexpr_`` operations."""

    def __init__(self, values: dict[str, list[Decoded | str]]) -> None:
        super().__init__(
            {
                name: [v.value if isinstance(v, Decoded) else v for v in given]
                for name, given in values.items()
            }
        )
        self._margins = {
            name: given[0].margin
            for name, given in values.items()
            if given and isinstance(given[0], Decoded)
        }

    def margin(self, name: str) -> Tensor:
        """Of a tensor."""
        return self._margins[name]


def decode(kind: str, arguments: ConstexprArguments, name: str) -> Sequence[Decoded]:
    """Compute a ``constexpr_`` operation.

    Raises:
        DamagedFile: when what it is given does not fit together, or it is not known.
    """
    if kind not in CONSTEXPR_OPS:
        raise DamagedFile(f"its weights are compressed as nobody knows ({kind} {name})")
    try:
        return CONSTEXPR_OPS[kind](arguments)
    except CoreMLError as error:
        raise DamagedFile(f"its compressed weights {name} ({kind}) are wrong: {error}") from error
    except (ArithmeticError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise DamagedFile(f"its compressed weights {name} ({kind}) are wrong") from error


def _affine(arguments: ConstexprArguments) -> list[Decoded]:
    """``constexpr_affine_dequantize``: (quantized_data - zero_point) * scale along ``axis``."""
    data, scale = arguments.tensor("quantized_data"), arguments.tensor("scale")
    axis = arguments.axis("axis", data.dim())
    along = [-1 if a == axis else 1 for a in range(data.dim())]
    steps = data - _vector(arguments.tensor("zero_point"), along)
    step = _vector(scale, along)
    value = (steps * step).to(arguments.raw("scale").dtype)
    return [Decoded(value, arguments.margin("quantized_data") * step.abs() + step.abs() / 2)]


def _vector(values: Tensor, along: list[int]) -> Tensor:
    if values.dim() > 1:
        raise DamagedFile("there is more than one scale or zero point a channel")
    return values.reshape(along) if values.dim() else values


def _blockwise(arguments: ConstexprArguments) -> list[Decoded]:
    """``constexpr_blockwise_shift_scale``: (data - offset) * scale, each of a block of data."""
    data = Decoded(arguments.tensor("data"), arguments.margin("data"))
    return [_shift_scale(arguments, data)]


def _shift_scale(arguments: ConstexprArguments, data: Decoded) -> Decoded:
    shape = data.value.shape
    step = _blocks(arguments.tensor("scale"), shape)
    steps = data.value
    if arguments.has("offset"):
        steps = steps - _blocks(arguments.tensor("offset"), shape)
    value = (steps * step).to(arguments.raw("scale").dtype)
    return Decoded(value, data.margin * step.abs() + step.abs() / 2)


def _blocks(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Values of blocks, repeated for each number in its block."""
    if values.dim() != len(shape):
        raise DamagedFile(f"blocks in {values.dim()} of {len(shape)} dimensions")
    for axis, size in enumerate(shape):
        if values.shape[axis] == 0 or size % values.shape[axis]:
            raise DamagedFile(f"{size} do not fall into {values.shape[axis]} blocks")
        if values.shape[axis] not in (1, size):
            values = values.repeat_interleave(size // values.shape[axis], axis)
    return values.expand(tuple(shape))


def _palette(arguments: ConstexprArguments) -> list[Decoded]:
    """``constexpr_lut_to_dense``: ``lut`` at ``indices``, which are packed before iOS 18."""
    if not arguments.has("shape"):
        return [_colours(arguments, arguments.tensor("indices"))]
    shape, palette = arguments.integers("shape"), arguments.raw("lut")
    bits = palette.numel().bit_length() - 1
    if palette.dim() != 1 or bits not in INDEX_TYPES or palette.numel() != 2**bits:
        raise DamagedFile(f"a palette of {palette.numel()}")
    check_size(shape, "a result")
    indices = _unpacked(arguments.raw("indices"), bits, shape)
    margin = _neighbours(computable(palette)[None, :, None])
    return [Decoded(palette[indices.long()], margin.reshape(()))]


def _colours(arguments: ConstexprArguments, indices: Tensor) -> Decoded:
    """Numbers or vectors for indices, from palettes of which each block has one."""
    palettes = arguments.raw("lut")
    blocks, (count, length) = palettes.shape[:-2], palettes.shape[-2:]
    if indices.numel() and int(indices.max()) >= count:
        raise DamagedFile(f"indices beyond a palette of {count}")
    shape = list(indices.shape)
    axis = absolute(arguments.integer("vector_axis", 0), indices.dim()) if length > 1 else 0
    if length > 1 and not arguments.has("vector_axis"):
        raise DamagedFile("vector_axis is missing")
    check_size([*shape, length], "a result")
    block = _blocks(torch.arange(math.prod(blocks)).reshape(blocks), shape)
    flat = palettes.reshape(-1, count, length)
    margins = _neighbours(computable(flat))

    def laid(values: Tensor) -> Tensor:
        shape[axis] = indices.shape[axis] * length
        return values.movedim(-1, axis + 1).reshape(shape)

    return Decoded(laid(flat[block, indices]), laid(margins[block]))


def _neighbours(palettes: Tensor) -> Tensor:
    """Margins of palettes, (n, count, length), as (n, length)."""
    ordered = palettes.float().sort(1).values
    if palettes.shape[2] > 1:
        return ordered[:, -1] - ordered[:, 0]
    if palettes.shape[1] == 1:
        return torch.zeros(palettes.shape[0], 1)
    return ordered.diff(dim=1).amax(1)


def _sparse(arguments: ConstexprArguments) -> list[Decoded]:
    """``constexpr_sparse_to_dense``: ``nonzero_data`` where ``mask`` is set, else 0."""
    data = arguments.raw("nonzero_data")
    if arguments.has("shape"):
        shape = arguments.integers("shape")
        check_size(shape, "a result")
        mask = _unpacked(arguments.raw("mask"), 1, shape)
    else:
        mask = arguments.raw("mask")
    margin = arguments.margin("nonzero_data").expand(data.shape)
    # A zero was less than all that was kept.
    kept = computable(data).float().abs() + margin
    least = kept.min() if kept.numel() else torch.zeros(())
    margins = torch.where(mask.bool(), _scattered(margin, mask), least)
    return [Decoded(_scattered(data, mask), margins)]


def _scattered(values: Tensor, mask: Tensor) -> Tensor:
    """Values where a mask is set, and zeros elsewhere."""
    chosen = mask.bool()
    if values.dim() != 1 or int(chosen.sum()) != values.numel():
        raise DamagedFile(f"{values.numel()} values for {int(chosen.sum())} places")
    whole = torch.zeros(mask.shape, dtype=values.dtype)
    whole[chosen] = values
    return whole


def _palette_sparse(arguments: ConstexprArguments) -> list[Decoded]:
    """``constexpr_lut_to_sparse``: the mask, and a palette's values for what it keeps."""
    mask = arguments.raw("indices_mask")
    indices = _scattered(arguments.tensor("indices_nonzero_data"), mask)
    dense = _colours(arguments, indices)
    length = arguments.raw("lut").shape[-1]
    if length > 1:
        mask = mask.repeat_interleave(length, arguments.axis("vector_axis", mask.dim()))
    return [exact(mask), _chosen(dense, mask)]


def _blockwise_sparse(arguments: ConstexprArguments) -> list[Decoded]:
    """``constexpr_sparse_blockwise_shift_scale``: the mask, and (data - offset) * scale of
    what it keeps.
    """
    mask = arguments.raw("data_mask")
    data = arguments.tensor("nonzero_data")
    margin = arguments.margin("nonzero_data").expand(data.shape)
    dense = Decoded(_scattered(data, mask), _scattered(margin, mask))
    return [exact(mask), _chosen(_shift_scale(arguments, dense), mask)]


def _chosen(dense: Decoded, mask: Tensor) -> Decoded:
    places = mask.bool()
    return Decoded(dense.value[places], dense.margin.expand(mask.shape)[places])


def _cast(arguments: ConstexprArguments) -> list[Decoded]:
    """``constexpr_cast``: ``source_val`` as ``output_dtype``."""
    source = arguments.raw("source_val")
    # What was fp16 has its rounding.
    margin = arguments.margin("source_val") + source.float().abs() * 2**-11 + 2**-25
    return [Decoded(source.to(arguments.dtype("output_dtype")), margin)]


def _unpacked(packed: Tensor, bits: int, shape: Sequence[int]) -> Tensor:
    count = math.prod(shape)
    if packed.dtype != torch.uint8 or packed.numel() != packed_size(INDEX_TYPES[bits], count):
        raise DamagedFile(f"{packed.numel()} bytes for {count} numbers of {bits} bits")
    return unpacked(packed.numpy().tobytes(), INDEX_TYPES[bits], count).reshape(tuple(shape))


CONSTEXPR_OPS: dict[str, Callable[[ConstexprArguments], list[Decoded]]] = {
    "constexpr_affine_dequantize": _affine,
    "constexpr_blockwise_shift_scale": _blockwise,
    "constexpr_cast": _cast,
    "constexpr_lut_to_dense": _palette,
    "constexpr_lut_to_sparse": _palette_sparse,
    "constexpr_sparse_blockwise_shift_scale": _blockwise_sparse,
    "constexpr_sparse_to_dense": _sparse,
}

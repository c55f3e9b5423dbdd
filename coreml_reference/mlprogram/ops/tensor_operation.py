"""Tensors made, joined, split, padded, repeated, sorted, summed up along an axis."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile
from coreml_reference.mlprogram.arguments import Arguments, absolute
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.padding import padded
from coreml_reference.mlprogram.values import check_size


def _concat(arguments: Arguments) -> Tensor:
    """``concat``: values joined along ``axis``, one after the other or interleaved."""
    values = arguments.tensors("values")
    axis = absolute(arguments.integer("axis"), values[0].dim())
    if arguments.boolean("interleave", False):
        return torch.stack(values, axis + 1).flatten(axis, axis + 1)
    return torch.cat(values, axis)


def _stack(arguments: Arguments) -> Tensor:
    """``stack``: values (*D) joined along a new ``axis``."""
    return torch.stack(arguments.tensors("values"), arguments.integer("axis"))


def _split(arguments: Arguments) -> list[Tensor]:
    """``split``: parts of ``split_sizes``, or ``num_splits`` equal ones, along ``axis``."""
    x = arguments.tensor("x")
    axis = arguments.axis("axis", x.dim())
    if arguments.has("split_sizes"):
        return list(x.split(arguments.integers("split_sizes"), axis))
    parts = arguments.integer("num_splits")
    if parts < 1 or x.shape[axis] % parts:
        raise DamagedFile(f"{x.shape[axis]} do not split into {parts}")
    return list(x.split(x.shape[axis] // parts, axis))


def _tile(arguments: Arguments) -> Tensor:
    """``tile``: x repeated ``reps`` times in each dimension."""
    x, times = arguments.tensor("x"), arguments.integers("reps")
    if len(times) != x.dim() or min(times, default=1) < 1:
        raise DamagedFile(f"reps are {times} in {x.dim()} dimensions")
    check_size([n * m for n, m in zip(x.shape, times, strict=True)], "a result")
    return x.tile(times)


def _flatten2d(arguments: Arguments) -> Tensor:
    """``flatten2d``: (product of the dimensions before ``axis``, product of the others)."""
    x, axis = arguments.tensor("x"), arguments.integer("axis", 1)
    if not -x.dim() <= axis <= x.dim():
        raise DamagedFile(f"there is no dimension {axis} of {x.dim()}")
    before = x.shape[:axis]
    return x.reshape(before.numel(), x.shape[axis:].numel() if axis < x.dim() else 1)


def _pad(arguments: Arguments) -> Tensor:
    """``pad``: ``pad`` has (before, after) of the last dimensions, filled as ``mode`` says."""
    x, pad = arguments.tensor("x"), arguments.integers("pad")
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    if len(pairs) > x.dim() or min(pad, default=0) < 0:
        raise DamagedFile(f"pad is {pad} in {x.dim()} dimensions")
    mode = arguments.string("mode", "constant")
    if mode == "constant":
        return padded(x, pairs, arguments.number("constant_val", 0)) if pairs else x
    for axis, (before, after) in enumerate(pairs, start=x.dim() - len(pairs)):
        size = x.shape[axis]
        if max(before, after) > (size - 1 if mode == "reflect" else size):
            raise DamagedFile(f"{size} cannot be padded by {before} and {after} of their own")
        places = torch.arange(-before, size + after)
        if mode == "reflect":
            places = (size - 1) - ((size - 1) - places.abs()).abs()
        if before or after:
            x = x.index_select(axis, places.clamp(0, size - 1))
    return x


def _band_part(arguments: Arguments) -> Tensor:
    """``band_part``: zero but for ``lower`` and ``upper`` diagonals, negative for all."""
    x = arguments.tensor("x")
    lower, upper = arguments.integer("lower", -1), arguments.integer("upper", -1)
    rows = torch.arange(x.shape[-2])[:, None]
    columns = torch.arange(x.shape[-1])
    band = torch.ones(1, dtype=torch.bool)
    if lower >= 0:
        band = band & (rows - columns <= lower)
    if upper >= 0:
        band = band & (columns - rows <= upper)
    return torch.where(band, x, torch.zeros((), dtype=x.dtype))


def _cumsum(arguments: Arguments) -> Tensor:
    """``cumsum``: sums along ``axis``, without each number itself where ``exclusive``."""
    x = arguments.tensor("x")
    axis = arguments.axis("axis", x.dim(), 0)
    backwards = arguments.boolean("reverse", False)
    x = x.flip(axis) if backwards else x
    y = x.cumsum(axis)
    if arguments.boolean("exclusive", False):
        y = y.roll(1, axis)
        y.narrow(axis, 0, 1).zero_()
    return y.flip(axis) if backwards else y


def _argsort(arguments: Arguments) -> Tensor:
    """``argsort``: where the sorted numbers are, the largest first unless ``ascending``."""
    x = arguments.tensor("x")
    axis = arguments.axis("axis", x.dim(), -1)
    return _order(arguments, x, axis)


def _order(arguments: Arguments, x: Tensor, axis: int) -> Tensor:
    descending = not arguments.boolean("ascending", False)
    return x.sort(dim=axis, descending=descending, stable=True).indices


def _topk(arguments: Arguments) -> list[Tensor]:
    """``topk``: the ``k`` largest along ``axis`` (all for -1), and where they are."""
    x = arguments.tensor("x")
    axis, k = arguments.axis("axis", x.dim(), -1), arguments.integer("k", 1)
    order = _order(arguments, x, axis)
    order = order.narrow(axis, 0, x.shape[axis] if k == -1 else k)
    values = x.gather(axis, order)
    return [values, order] if arguments.boolean("return_indices", True) else [values]


def _topk_types(arguments: Arguments) -> list[torch.dtype]:
    types = [arguments.raw("x").dtype]
    if arguments.boolean("return_indices", True):
        types.append(arguments.dtype("output_indices_dtype", "int32"))
    return types


def _identity(arguments: Arguments) -> Tensor:
    """``identity``: x."""
    return arguments.tensor("x")


def _shape(arguments: Arguments) -> Tensor:
    """``shape``: the sizes of x."""
    return torch.tensor(arguments.tensor("x").shape, dtype=torch.int64)


def _fill(arguments: Arguments) -> Tensor:
    """``fill``: a tensor of ``shape`` full of ``value``."""
    shape = arguments.integers("shape")
    if min(shape, default=0) < 0:
        raise DamagedFile(f"shape is {shape}")
    check_size(shape, "a result")
    return (
        arguments.tensor("value").reshape(()).expand(shape)
        if arguments.has("value")
        else (torch.zeros(shape))
    )


def _fill_type(arguments: Arguments) -> torch.dtype:
    return arguments.raw("value").dtype if arguments.has("value") else torch.float32


def _fill_like(arguments: Arguments) -> Tensor:
    """``fill_like``: the shape of ``ref_tensor`` full of ``value``."""
    shape = arguments.raw("ref_tensor").shape
    value = arguments.optional("value")
    return torch.zeros(shape) if value is None else value.reshape(()).expand(shape)


def _range_1d(arguments: Arguments) -> Tensor:
    """``range_1d``: start, start + step, ... before end."""
    start, end, step = (arguments.tensor(name).item() for name in ("start", "end", "step"))
    check_size([max(0, int((end - start) / step) + 1)], "a result")
    return torch.arange(start, end, step)


OPS = {
    "argsort": op(_argsort, "x axis? ascending?", torch.int32),
    "band_part": op(_band_part, "x lower? upper?"),
    "concat": op(_concat, "values axis interleave?"),
    "cumsum": op(_cumsum, "x axis? exclusive? reverse?"),
    "fill": op(_fill, "shape value?", _fill_type),
    "fill_like": op(_fill_like, "ref_tensor value?", _fill_type),
    "flatten2d": op(_flatten2d, "x axis?"),
    "identity": op(_identity, "x"),
    "pad": op(_pad, "x pad mode? constant_val?", mode=("constant", "reflect", "replicate")),
    "range_1d": op(_range_1d, "start end step"),
    "shape": op(_shape, "x", torch.int32),
    "split": op(_split, "x axis num_splits? split_sizes?"),
    "stack": op(_stack, "values axis"),
    "tile": op(_tile, "x reps"),
    "topk": op(
        _topk, "x k? axis? ascending? sort? return_indices? output_indices_dtype?", _topk_types
    ),
}

"""Parts of a tensor by their place: slices, gathered values, padding, sorting."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.arguments import Arguments
from coreml_reference.errors import DamagedFile
from coreml_reference.operation import operation
from coreml_reference.ops.windows import padded
from coreml_reference.values import affordable


def _slice_by_index(arguments: Arguments) -> Tensor:
    x = arguments.tensor("x")
    rank = x.dim()
    begins, ends = arguments.wholes("begin"), arguments.wholes("end")
    strides = arguments.wholes("stride", [1] * rank)
    no = [False] * rank
    free_begins, free_ends = arguments.flags("begin_mask", no), arguments.flags("end_mask", no)
    gone = arguments.flags("squeeze_mask", no)
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
    x = arguments.tensor("x")
    begins, sizes = arguments.wholes("begin"), arguments.wholes("size")
    for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        start = begin % x.shape[axis] if begin < 0 else begin
        x = x.narrow(axis, start, x.shape[axis] - start if size == -1 else size)
    return x


def _gather(arguments: Arguments) -> Tensor:
    x, indices = arguments.tensor("x"), arguments.tensor("indices")
    axis = arguments.axis("axis", x.dim(), 0)
    batch = arguments.whole("batch_dims", 0)
    if not 0 <= batch <= min(axis, indices.dim()) or indices.shape[:batch] != x.shape[:batch]:
        raise DamagedFile(f"batch_dims is {batch}")
    lead, rest = x.shape[:batch].numel(), [*x.shape[batch:axis], *indices.shape[batch:]]
    shape = [*x.shape[:batch], *rest, *x.shape[axis + 1 :]]
    affordable(shape, "a result")
    rows = x.reshape(lead, *x.shape[batch:]).unbind()
    places = _places(indices, x.shape[axis]).reshape(lead, -1).unbind()
    pairs = zip(rows, places, strict=True)
    return torch.stack([row.index_select(axis - batch, place) for row, place in pairs]).reshape(
        shape
    )


def _gather_along_axis(arguments: Arguments) -> Tensor:
    x, indices = arguments.tensor("x"), arguments.tensor("indices")
    axis = arguments.axis("axis", x.dim(), 0)
    return x.gather(axis, _places(indices, x.shape[axis]))


def _gather_nd(arguments: Arguments) -> Tensor:
    x, indices = arguments.tensor("x"), arguments.tensor("indices")
    batch, depth = arguments.whole("batch_dims", 0), indices.shape[-1]
    if not 0 <= batch < indices.dim() or batch + depth > x.dim():
        raise DamagedFile(f"batch_dims is {batch}")
    affordable([*indices.shape[:-1], *x.shape[batch + depth :]], "a result")
    lead = [
        torch.arange(n).reshape([-1 if a == axis else 1 for a in range(indices.dim() - 1)])
        for axis, n in enumerate(x.shape[:batch])
    ]
    own = [_places(indices[..., i], x.shape[batch + i]) for i in range(depth)]
    return x[tuple(lead + own)]


def _places(indices: Tensor, size: int) -> Tensor:
    """Indices counted from the first; negative ones are counted from the last."""
    if indices.numel() and not (-size <= int(indices.min()) and int(indices.max()) < size):
        raise DamagedFile(f"indices beyond {size}")
    return torch.where(indices < 0, indices + size, indices)


def _pad(arguments: Arguments) -> Tensor:
    x, pad = arguments.tensor("x"), arguments.wholes("pad")
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    if len(pairs) > x.dim() or min(pad, default=0) < 0:
        raise DamagedFile(f"pad is {pad} in {x.dim()} dimensions")
    mode = arguments.text("mode", "constant")
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
    x = arguments.tensor("x")
    lower, upper = arguments.whole("lower", -1), arguments.whole("upper", -1)
    rows = torch.arange(x.shape[-2])[:, None]
    columns = torch.arange(x.shape[-1])
    band = torch.ones(1, dtype=torch.bool)
    if lower >= 0:
        band = band & (rows - columns <= lower)
    if upper >= 0:
        band = band & (columns - rows <= upper)
    return torch.where(band, x, torch.zeros((), dtype=x.dtype))


def _cumsum(arguments: Arguments) -> Tensor:
    x = arguments.tensor("x")
    axis = arguments.axis("axis", x.dim(), 0)
    backwards = arguments.flag("reverse", False)
    x = x.flip(axis) if backwards else x
    y = x.cumsum(axis)
    if arguments.flag("exclusive", False):
        y = y.roll(1, axis)
        y.narrow(axis, 0, 1).zero_()
    return y.flip(axis) if backwards else y


def _argsort(arguments: Arguments) -> Tensor:
    x = arguments.tensor("x")
    axis = arguments.axis("axis", x.dim(), -1)
    return _order(arguments, x, axis)


def _order(arguments: Arguments, x: Tensor, axis: int) -> Tensor:
    descending = not arguments.flag("ascending", False)
    return x.sort(dim=axis, descending=descending, stable=True).indices


def _topk(arguments: Arguments) -> list[Tensor]:
    x = arguments.tensor("x")
    axis, k = arguments.axis("axis", x.dim(), -1), arguments.whole("k", 1)
    order = _order(arguments, x, axis)
    order = order.narrow(axis, 0, x.shape[axis] if k == -1 else k)
    values = x.gather(axis, order)
    return [values, order] if arguments.flag("return_indices", True) else [values]


def _topk_types(arguments: Arguments) -> list[torch.dtype]:
    types = [arguments.raw("x").dtype]
    if arguments.flag("return_indices", True):
        types.append(arguments.dtype("output_indices_dtype", "int32"))
    return types


def _shape(arguments: Arguments) -> Tensor:
    return torch.tensor(arguments.tensor("x").shape, dtype=torch.int64)


def _fill(arguments: Arguments) -> Tensor:
    shape = arguments.wholes("shape")
    if min(shape, default=0) < 0:
        raise DamagedFile(f"shape is {shape}")
    affordable(shape, "a result")
    return (
        arguments.tensor("value").reshape(()).expand(shape)
        if arguments.has("value")
        else (torch.zeros(shape))
    )


def _fill_type(arguments: Arguments) -> torch.dtype:
    return arguments.raw("value").dtype if arguments.has("value") else torch.float32


def _fill_like(arguments: Arguments) -> Tensor:
    shape = arguments.raw("ref_tensor").shape
    value = arguments.optional("value")
    return torch.zeros(shape) if value is None else value.reshape(()).expand(shape)


def _range_1d(arguments: Arguments) -> Tensor:
    start, end, step = (arguments.tensor(name).item() for name in ("start", "end", "step"))
    affordable([max(0, int((end - start) / step) + 1)], "a result")
    return torch.arange(start, end, step)


OPERATIONS = {
    "argsort": operation(_argsort, "x axis? ascending?", torch.int32),
    "band_part": operation(_band_part, "x lower? upper?"),
    "cumsum": operation(_cumsum, "x axis? exclusive? reverse?"),
    "fill": operation(_fill, "shape value?", _fill_type),
    "fill_like": operation(_fill_like, "ref_tensor value?", _fill_type),
    "gather": operation(_gather, "x indices axis? batch_dims? validate_indices?"),
    "gather_along_axis": operation(_gather_along_axis, "x indices axis? validate_indices?"),
    "gather_nd": operation(_gather_nd, "x indices batch_dims? validate_indices?"),
    "pad": operation(_pad, "x pad mode? constant_val?", mode=("constant", "reflect", "replicate")),
    "range_1d": operation(_range_1d, "start end step"),
    "shape": operation(_shape, "x", torch.int32),
    "slice_by_index": operation(
        _slice_by_index, "x begin end stride? begin_mask? end_mask? squeeze_mask?"
    ),
    "slice_by_size": operation(_slice_by_size, "x begin size"),
    "topk": operation(
        _topk, "x k? axis? ascending? sort? return_indices? output_indices_dtype?", _topk_types
    ),
}

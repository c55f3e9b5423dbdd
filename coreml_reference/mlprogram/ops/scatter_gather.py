"""Values at given places. Scattering is not executed."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile
from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.values import check_size


def _gather(arguments: Arguments) -> Tensor:
    """``gather``: x (*B, *A, N, *R) at indices (*B, *I) along ``axis`` -> (*B, *A, *I, *R).

    The first ``batch_dims`` dimensions, B, are common to both.
    """
    x, indices = arguments.tensor("x"), arguments.tensor("indices")
    axis = arguments.axis("axis", x.dim(), 0)
    batch = arguments.integer("batch_dims", 0)
    if not 0 <= batch <= min(axis, indices.dim()) or indices.shape[:batch] != x.shape[:batch]:
        raise DamagedFile(f"batch_dims is {batch}")
    lead, rest = x.shape[:batch].numel(), [*x.shape[batch:axis], *indices.shape[batch:]]
    shape = [*x.shape[:batch], *rest, *x.shape[axis + 1 :]]
    check_size(shape, "a result")
    rows = x.reshape(lead, *x.shape[batch:]).unbind()
    places = _places(indices, x.shape[axis]).reshape(lead, -1).unbind()
    pairs = zip(rows, places, strict=True)
    return torch.stack([row.index_select(axis - batch, place) for row, place in pairs]).reshape(
        shape
    )


def _gather_along_axis(arguments: Arguments) -> Tensor:
    """``gather_along_axis``: x at indices, which have its shape but along ``axis``."""
    x, indices = arguments.tensor("x"), arguments.tensor("indices")
    axis = arguments.axis("axis", x.dim(), 0)
    return x.gather(axis, _places(indices, x.shape[axis]))


def _gather_nd(arguments: Arguments) -> Tensor:
    """``gather_nd``: indices (*B, *I, K) are K coordinates each, x (*B, *K dimensions, *R)."""
    x, indices = arguments.tensor("x"), arguments.tensor("indices")
    batch, depth = arguments.integer("batch_dims", 0), indices.shape[-1]
    if not 0 <= batch < indices.dim() or batch + depth > x.dim():
        raise DamagedFile(f"batch_dims is {batch}")
    check_size([*indices.shape[:-1], *x.shape[batch + depth :]], "a result")
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


OPS = {
    "gather": op(_gather, "x indices axis? batch_dims? validate_indices?"),
    "gather_along_axis": op(_gather_along_axis, "x indices axis? validate_indices?"),
    "gather_nd": op(_gather_nd, "x indices batch_dims? validate_indices?"),
}

"""Values taken from, or put at, given places."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coreml_reference.neuralnetwork.layer import (
    TWO,
    Layer,
    Layers,
    Node,
    Run,
    checked,
    integers,
)

THREE = range(3, 4)


def _indices(tensor: Tensor, size: int) -> Tensor:
    """Indices along an axis, negative ones counted from its end."""
    checked = torch.tensor(integers(tensor), dtype=torch.int64).reshape(tensor.shape)
    if bool(((checked < -size) | (checked >= size)).any()):
        raise IndexError(f"an index beyond {size}")
    return checked % size


def _gather(node: Node) -> Run:
    axis = int(node.params.axis)

    def run(x: Tensor, given: Tensor) -> Tensor:
        at = range(x.ndim)[axis]
        indices = _indices(given, x.shape[at])
        shape = (*x.shape[:at], *given.shape, *x.shape[at + 1 :])
        checked(shape)
        return x.index_select(at, indices.reshape(-1)).reshape(shape)

    return run


def _gather_along_axis(node: Node) -> Run:
    axis = int(node.params.axis)

    def run(x: Tensor, given: Tensor) -> Tensor:
        return torch.take_along_dim(x, _indices(given, x.shape[axis]), axis)

    return run


def _gather_nd(node: Node) -> Run:
    def run(x: Tensor, given: Tensor) -> Tensor:
        found = x[_coordinates(given, x.shape)]
        return found.reshape(found.shape or (1,))

    return run


def _coordinates(given: Tensor, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """The last axis of indices as one tensor of indices for each of the first axes."""
    columns = given.unbind(-1)
    if len(columns) > len(shape):
        raise ValueError(f"{len(columns)} indices for {len(shape)} dimensions")
    checked((*columns[0].shape, *shape[len(columns) :]))
    return tuple(_indices(column, size) for column, size in zip(columns, shape))


Scatter = Callable[[NDArray[np.float32], tuple[NDArray[np.int64], ...], NDArray[np.float32]], None]


def _update(into: NDArray[np.float32], at: tuple[NDArray[np.int64], ...], values: object) -> None:
    into[at] = values


SCATTERS: dict[str, Scatter] = {
    "SCATTER_UPDATE": _update,
    "SCATTER_ADD": np.add.at,
    "SCATTER_SUB": np.subtract.at,
    "SCATTER_MUL": np.multiply.at,
    "SCATTER_DIV": np.divide.at,
    "SCATTER_MAX": np.maximum.at,
    "SCATTER_MIN": np.minimum.at,
}


def _scatter(node: Node) -> Run:
    scatter, axis = SCATTERS[node.choice("mode")], int(node.params.axis)

    def run(x: Tensor, at: Tensor, values: Tensor) -> Tensor:
        first, indices = x.movedim(axis, 0), _indices(at.reshape(-1), x.shape[axis])
        moved = values.movedim(axis, 0)
        return _scattered(scatter, first, (indices,), moved).movedim(0, axis)

    return run


def _scatter_nd(node: Node) -> Run:
    scatter = SCATTERS[node.choice("mode")]
    return lambda x, at, values: _scattered(scatter, x, _coordinates(at, x.shape), values)


def _scatter_along_axis(node: Node) -> Run:
    scatter, axis = SCATTERS[node.choice("mode")], int(node.params.axis)

    def run(x: Tensor, at: Tensor, values: Tensor) -> Tensor:
        places = list(torch.meshgrid(*map(torch.arange, at.shape), indexing="ij"))
        places[axis] = _indices(at, x.shape[axis])
        return _scattered(scatter, x, tuple(places), values)

    return run


def _scattered(scatter: Scatter, x: Tensor, at: tuple[Tensor, ...], values: Tensor) -> Tensor:
    into = x.contiguous().numpy().copy()
    scatter(into, tuple(index.numpy() for index in at), values.contiguous().numpy())
    return torch.from_numpy(into)


LAYERS: Layers = {
    "gather": Layer(_gather, inputs=TWO),
    "gatherAlongAxis": Layer(_gather_along_axis, inputs=TWO),
    "gatherND": Layer(_gather_nd, inputs=TWO),
    "scatter": Layer(_scatter, inputs=THREE),
    "scatterND": Layer(_scatter_nd, inputs=THREE),
    "scatterAlongAxis": Layer(_scatter_along_axis, inputs=THREE),
}

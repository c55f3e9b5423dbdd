"""A layer as the file has it, and what is common to all that execute one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile, UnsupportedOperation
from coreml_reference.neuralnetwork.weights import read

LARGEST = 2**27
"""Values of one tensor; more are taken for a damaged size, not a network's."""

Run = Callable[..., Any]
"""From a layer's inputs, in order, to its output, or to a sequence of its outputs."""

ONE, TWO = range(1, 2), range(2, 3)
NONE, SOME = range(0, 1), range(1, 2**16)
"""How many inputs or outputs a layer may have."""


@dataclass(frozen=True)
class Node:
    """A layer of a file.

    Attributes:
        kind: its type, as the specification names it.
        name: its own.
        params: its settings, a protocol buffer.
        inputs, outputs: names of tensors.
    """

    kind: str
    name: str
    params: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def unsupported(self, what: str) -> UnsupportedOperation:
        """An error that says what of this layer is not executed here."""
        return UnsupportedOperation(self.kind, f"layer {self.name} has {what}, of type")

    def damaged(self, what: str) -> DamagedFile:
        """An error that says what of this layer cannot be."""
        return DamagedFile(f"layer {self.name} ({self.kind}) has {what}")

    def weight(self, name: str, shape: Sequence[int], axis: int = 0, params: Any = None) -> Tensor:
        """The weights of a field.

        Args:
            name: of the field.
            shape: that they must have.
            axis: that quantisation scales belong to.
            params: the message with the field, if not the layer's.

        Raises:
            DamagedFile: when there are more or fewer.
        """
        message = getattr(params or self.params, name)
        try:
            weight = read(message, tuple(map(int, shape)), axis)
        except ValueError as error:
            raise self.damaged(f"{name} {error}") from error
        return torch.from_numpy(weight.values)

    def pair(self, name: str, default: int, least: int = 1) -> tuple[int, int]:
        """A field of two numbers, [H, W], that may be absent."""
        values = tuple(map(int, getattr(self.params, name))) or (default, default)
        if len(values) != 2 or min(values) < least:
            raise self.damaged(f"a {name} of {values}")
        return values

    def choice(self, name: str, params: Any = None) -> str:
        """The name of an enumeration's value."""
        message = params or self.params
        kind = message.DESCRIPTOR.fields_by_name[name].enum_type
        number = getattr(message, name)
        if number not in kind.values_by_number:
            raise self.unsupported(f"{name} {number}")
        return str(kind.values_by_number[number].name)

    def one_of(self, name: str) -> str:
        """Which of a group of fields is there."""
        found = self.params.WhichOneof(name)
        if found is None:
            raise self.unsupported(f"no {name}")
        return str(found)


@dataclass(frozen=True)
class Layer:
    """A type of layers.

    Attributes:
        build: checks a layer's settings and reads its weights; returns what executes it.
        inputs, outputs: how many it may have.
    """

    build: Callable[[Node], Run]
    inputs: range = ONE
    outputs: range = ONE


Layers = Mapping[str, Layer]


def checked(shape: Iterable[int]) -> tuple[int, ...]:
    """A shape that is not too large.

    Raises:
        MemoryError: when it is.
    """
    sizes = tuple(map(int, shape))
    if math.prod(sizes) > LARGEST:
        raise MemoryError(f"a result of {' x '.join(map(str, sizes))} values")
    return sizes


def integers(tensor: Tensor) -> list[int]:
    """The values of a tensor that holds sizes, axes or indices, as floats do here."""
    values = tensor.double().reshape(-1)
    if not bool(torch.isfinite(values).all()):
        raise ValueError("sizes that are no numbers")
    return [int(value) for value in values.round().tolist()]


def on_images(run: Callable[[Tensor], Tensor], least: int = 3) -> Run:
    """What takes (N, C, H, W) made to take any dimensions before C, as Core ML's layers do.

    Args:
        run: what takes just four dimensions.
        least: how many dimensions there must be.
    """

    def wrapped(x: Tensor, *more: Tensor) -> Tensor:
        if x.ndim < least:
            raise ValueError(f"an input of {x.ndim} dimensions, not {least} or more")
        y = run(x.reshape(-1, *x.shape[-3:]), *more)
        return y.reshape(*x.shape[:-3], *y.shape[1:])

    return wrapped

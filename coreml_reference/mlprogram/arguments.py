"""What an operation is given, in the form in which it computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile, UnsupportedOperation
from coreml_reference.mlprogram.data_types import DTYPES
from coreml_reference.mlprogram.values import Value, describe

WIDE = (torch.float32, torch.float64, torch.bool)
"""Types that are computed in as they are."""


def computable(tensor: Tensor) -> Tensor:
    """A tensor in the precision of computing: fp32 for what is less, int64 for whole numbers."""
    if tensor.dtype in WIDE:
        return tensor
    return tensor.to(torch.float32 if tensor.dtype.is_floating_point else torch.int64)


class Arguments:
    """An operation's arguments by name.

    Methods raise DamagedFile where an argument is missing or of another type; where there is a
    default, what is missing has it.
    """

    def __init__(self, values: Mapping[str, Sequence[Value]]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        """Whether it is given."""
        return bool(self._values.get(name))

    def tensor(self, name: str) -> Tensor:
        """A tensor, in the precision of computing."""
        return computable(self.raw(name))

    def optional(self, name: str) -> Tensor | None:
        """The same, or None."""
        return self.tensor(name) if self.has(name) else None

    def raw(self, name: str) -> Tensor:
        """A tensor in the type in which it is kept."""
        return self._typed(name, self._one(name))

    def tensors(self, name: str) -> list[Tensor]:
        """A list of tensors, in the precision of computing."""
        return [computable(self._typed(name, value)) for value in self._values.get(name, ())]

    def first(self, name: str) -> Tensor:
        """The first of a list, in the type in which it is kept."""
        values = self._values.get(name, ())
        if not values:
            raise DamagedFile(f"{name} is empty")
        return self._typed(name, values[0])

    def string(self, name: str, default: str | None = None) -> str:
        """A text."""
        if not self.has(name) and default is not None:
            return default
        value = self._one(name)
        if not isinstance(value, str):
            raise DamagedFile(f"{name} is no text")
        return value

    def dtype(self, name: str, default: str | None = None) -> torch.dtype:
        """The type that a text names."""
        text = self.string(name, default)
        if text not in DTYPES:
            raise UnsupportedOperation(text, "unknown type")
        return DTYPES[text]

    def number(self, name: str, default: float | None = None) -> float:
        """A number."""
        return float(self._scalar(name, default))

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        return int(self._scalar(name, default))

    def boolean(self, name: str, default: bool | None = None) -> bool:
        """Yes or no."""
        return bool(self._scalar(name, default))

    def integers(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """Whole numbers."""
        return [int(n) for n in self._vector(name, default)]

    def booleans(self, name: str, default: Sequence[bool]) -> list[bool]:
        """Yes or no, several times."""
        return [bool(n) for n in self._vector(name, default)]

    def axis(self, name: str, rank: int, default: int | None = None) -> int:
        """A dimension, counted from the first."""
        return absolute(self.integer(name, default), rank)

    def _one(self, name: str) -> Value:
        values = self._values.get(name, ())
        if len(values) != 1:
            raise DamagedFile(f"{name} is {'missing' if not values else 'a list'}")
        return values[0]

    def _scalar(self, name: str, default: float | None) -> Any:
        if not self.has(name) and default is not None:
            return default
        tensor = self.raw(name)
        if tensor.numel() != 1:
            raise DamagedFile(f"{name} is no single number but {describe(tensor.shape)}")
        return tensor.item()

    def _vector(self, name: str, default: Sequence[int] | None) -> list[Any]:
        if not self.has(name) and default is not None:
            return list(default)
        return list(self.raw(name).reshape(-1).tolist())

    @staticmethod
    def _typed(name: str, value: Value) -> Tensor:
        if not isinstance(value, Tensor):
            raise DamagedFile(f"{name} is no tensor")
        return value


def absolute(axis: int, rank: int) -> int:
    """A dimension counted from the first, of one that may be counted from the last.

    Raises:
        DamagedFile: when there is none.
    """
    if not -rank <= axis < rank:
        raise DamagedFile(f"there is no dimension {axis} of {rank}")
    return axis % rank

"""Values and their types, as ML Programs write them down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile, UnsupportedOperation
from coreml_reference.mlprogram.data_types import STRING, TYPES, DataType
from coreml_reference.mlprogram.weight_file import WeightFiles, packed_size, unpacked

Value = Tensor | str | list[Any]
"""A tensor, a text, or a list of tensors and texts."""

LARGEST = 2**28
"""Most numbers a tensor may have; more is taken for damage."""


@dataclass(frozen=True)
class TensorType:
    """What a program says about a tensor.

    Attributes:
        kind: of its numbers.
        shape: None where a size is only known when it runs.
    """

    kind: DataType
    shape: tuple[int | None, ...]

    @property
    def dtype(self) -> torch.dtype:
        """What holds its numbers."""
        return self.kind.dtype

    def fits(self, tensor: Tensor) -> bool:
        """Whether a tensor is of this type."""
        return (
            tensor.dtype == self.dtype
            and tensor.dim() == len(self.shape)
            and all(n in (None, m) for n, m in zip(self.shape, tensor.shape, strict=True))
        )

    def __str__(self) -> str:
        return f"{self.kind.name} {describe(self.shape)}"


def describe(shape: Sequence[int | None]) -> str:
    """A shape for people."""
    return " x ".join("?" if n is None else str(n) for n in shape) or "scalar"


def check_size(shape: Sequence[int | None], name: str) -> None:
    """Refuse a tensor too large to be meant.

    Raises:
        DamagedFile: when it is.
    """
    if math.prod(n or 1 for n in shape) > LARGEST:
        raise DamagedFile(f"{name} would be as large as {describe(shape)}")


def tensor_type(value_type: Any, name: str) -> TensorType | None:
    """Read a ``ValueType``; None for texts and lists.

    Raises:
        DamagedFile: when it contradicts itself.
        UnsupportedOperation: for types that no tensor holds.
    """
    if value_type.WhichOneof("type") == "listType":
        return None
    if value_type.WhichOneof("type") != "tensorType":
        raise UnsupportedOperation(f"{value_type.WhichOneof('type')} of {name}", "unknown type")
    declared = value_type.tensorType
    if declared.dataType == STRING:
        return None
    if declared.dataType not in TYPES:
        raise UnsupportedOperation(f"data type {declared.dataType} of {name}", "unknown type")
    shape = tuple(
        dimension.constant.size if dimension.WhichOneof("dimension") == "constant" else None
        for dimension in declared.dimensions
    )
    if declared.rank < 0:
        raise UnsupportedOperation(f"any number of dimensions of {name}", "unknown type")
    check_size(shape, name)
    return TensorType(TYPES[declared.dataType], shape)


def read_value(value: Any, weights: WeightFiles, name: str) -> Value:
    """Read a ``Value``.

    Args:
        value: the protocol buffer.
        weights: what it may refer to.
        name: whose value it is, for errors.

    Raises:
        DamagedFile: when it is not what its type says.
        UnsupportedOperation: for a kind of value that is not known here.
    """
    where = value.WhichOneof("value")
    kind = tensor_type(value.type, name)
    if where == "blobFileValue" and kind is not None:
        blob = value.blobFileValue
        return weights.read(blob.fileName, blob.offset, kind.kind, _known(kind, name))
    if where != "immediateValue":
        raise DamagedFile(f"{name} has no value")
    immediate = value.immediateValue
    if kind is not None:
        return _tensor(immediate.tensor, kind, name)
    if value.type.WhichOneof("type") == "listType":
        return [read_value(inner, weights, name) for inner in immediate.list.values]
    texts = immediate.tensor.strings.values
    if len(texts) != 1:
        raise DamagedFile(f"{name} has {len(texts)} texts, not one")
    return str(texts[0])


def _known(kind: TensorType, name: str) -> tuple[int, ...]:
    shape = tuple(n for n in kind.shape if n is not None)
    if len(shape) < len(kind.shape):
        raise DamagedFile(f"{name} has a value but no shape")
    return shape


def _tensor(message: Any, kind: TensorType, name: str) -> Tensor:
    shape = _known(kind, name)
    count = math.prod(shape)
    field = message.WhichOneof("value")
    values = getattr(message, field).values if field is not None else ()
    if isinstance(values, bytes):
        if len(values) != packed_size(kind.kind, count):
            raise DamagedFile(f"{name} has not the {count} values that it should have")
        return unpacked(values, kind.kind, count).reshape(shape)
    if len(values) != count or field == "strings":
        raise DamagedFile(f"{name} has not the {count} values that it should have")
    whole_numbers = field in ("ints", "longInts")
    try:
        tensor = torch.tensor(list(values), dtype=torch.int64 if whole_numbers else None)
        return tensor.to(kind.dtype).reshape(shape)
    except (RuntimeError, OverflowError, TypeError) as error:
        raise DamagedFile(f"{name} has values of another type") from error

"""Data types of ML Programs: in the specification, in weight files, and as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class DataType:
    """A type of numbers.

    Attributes:
        name: as programs spell it, such as ``fp16``.
        dtype: what tensors hold it; a byte each for what is smaller.
        stored: how whole numbers lie in a file, little-endian; for types of less than a byte,
            what they are unpacked to.
        bits: of one number in a file.
        blob: its number in weight files, None where they cannot hold it.
    """

    name: str
    dtype: torch.dtype
    stored: np.dtype[Any]
    bits: int
    blob: int | None


def _type(name: str, dtype: torch.dtype, stored: str, bits: int, blob: int | None) -> DataType:
    return DataType(name, dtype, np.dtype(stored), bits, blob)


TYPES = {
    1: _type("bool", torch.bool, "?", 8, None),
    10: _type("fp16", torch.float16, "<f2", 16, 1),
    11: _type("fp32", torch.float32, "<f4", 32, 2),
    12: _type("fp64", torch.float64, "<f8", 64, None),
    13: _type("bf16", torch.bfloat16, "<i2", 16, 5),
    21: _type("int8", torch.int8, "i1", 8, 4),
    22: _type("int16", torch.int16, "<i2", 16, 6),
    23: _type("int32", torch.int32, "<i4", 32, 14),
    24: _type("int64", torch.int64, "<i8", 64, None),
    25: _type("int4", torch.int8, "i1", 4, 8),
    31: _type("uint8", torch.uint8, "u1", 8, 3),
    32: _type("uint16", torch.uint16, "<u2", 16, 7),
    33: _type("uint32", torch.uint32, "<u4", 32, 15),
    34: _type("uint64", torch.uint64, "<u8", 64, None),
    35: _type("uint4", torch.uint8, "u1", 4, 11),
    36: _type("uint2", torch.uint8, "u1", 2, 10),
    37: _type("uint1", torch.uint8, "u1", 1, 9),
    38: _type("uint6", torch.uint8, "u1", 6, 13),
    39: _type("uint3", torch.uint8, "u1", 3, 12),
    40: _type("fp8e4m3fn", torch.float8_e4m3fn, "i1", 8, 16),
    41: _type("fp8e5m2", torch.float8_e5m2, "i1", 8, 17),
}
"""By ``DataType`` in MIL.proto."""

STRING = 2
"""Of the same enumeration; no tensor holds it."""

DTYPES = {
    name: kind.dtype
    for kind in TYPES.values()
    if kind.bits >= 8
    for name in (kind.name, kind.name.replace("fp", "float"))
}
"""By the names that programs give them in ``cast`` and elsewhere; both spellings are in use."""

"""Weight files (MIL blob storage, version 2).

A header of 64 bytes counts the blobs. Each blob is a record of 64 bytes and, right after it,
its values; records start at multiples of 64 bytes. Nothing found in a file is trusted.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile
from coreml_reference.mlprogram.data_types import DataType
from coreml_reference.package import MODEL_PATH, Package

DEFAULT_FILE = f"{MODEL_PATH}/weights/weight.bin"
"""Where converters put the weights."""

ALIGNMENT = 64
"""Of records and values; also the size of a record and of the header."""

HEADER = struct.Struct("<II")
"""Number of blobs and version."""

RECORD = struct.Struct("<IIQQQ")
"""Sentinel, data type, size in bytes and offset of the values, bits that fill up the last byte."""

SENTINEL = 0xDEADBEEF
VERSION = 2
BYTE = 8


class WeightFiles:
    """The weight files of a model, read when they are first needed."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._files: dict[str, _WeightFile] = {}

    def read(self, name: str, offset: int, kind: DataType, shape: Sequence[int]) -> Tensor:
        """The values of the blob whose record is at ``offset``.

        Args:
            name: of the file, as ``@model_path/weights/weight.bin``.
            offset: in bytes.
            kind: type it must have.
            shape: it must fill.

        Raises:
            DamagedFile: when there is no such blob.
        """
        return self._file(name).read(offset, kind, shape)

    def unused(self) -> int:
        """How many blobs of the files read so far, and of the usual one, were never read.

        Raises:
            DamagedFile: when a file does not hold what its header says.
        """
        if self._package.has(DEFAULT_FILE):
            self._file(DEFAULT_FILE)
        return sum(file.unused() for file in self._files.values())

    def _file(self, name: str) -> _WeightFile:
        if name not in self._files:
            self._files[name] = _WeightFile(self._package.read(name))
        return self._files[name]


def unpacked(data: bytes, kind: DataType, count: int) -> Tensor:
    """Numbers from their bytes.

    Numbers of less than a byte follow each other from the lowest bit on and may cross bytes.

    Args:
        data: the bytes, as many as ``count`` needs.
        kind: their type.
        count: how many.
    """
    if kind.bits < BYTE:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        bits = bits[: count * kind.bits].reshape(count, kind.bits)
        signed = kind.stored.kind == "i"
        if signed:  # a number's highest bit is repeated up to the whole byte's
            bits = np.concatenate([bits, bits[:, -1:].repeat(BYTE - kind.bits, 1)], 1)
        array = np.packbits(bits, axis=1, bitorder="little").ravel().view(kind.stored)
    else:
        array = np.frombuffer(data, kind.stored, count).copy()
    tensor = torch.from_numpy(array)
    return tensor if tensor.dtype == kind.dtype else tensor.view(kind.dtype)


def packed_size(kind: DataType, count: int) -> int:
    """How many bytes so many numbers take."""
    return -(-count * kind.bits // BYTE)


class _WeightFile:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._read: set[int] = set()
        if len(data) < ALIGNMENT:
            raise DamagedFile("its weights are cut short")
        self._count, version = HEADER.unpack_from(data)
        if version != VERSION:
            raise DamagedFile(f"its weights are of version {version}, not {VERSION}")

    def read(self, offset: int, kind: DataType, shape: Sequence[int]) -> Tensor:
        blob, size, start, padding = self._record(offset)
        if kind.blob is None or blob != kind.blob:
            raise DamagedFile(f"its weights have no {kind.name} at byte {offset}")
        count = math.prod(shape)
        bits = count * kind.bits
        wanted = packed_size(kind, count)
        # Older converters left undefined what only types of less than a byte need.
        if size != wanted or (kind.bits < BYTE and padding != wanted * BYTE - bits):
            raise DamagedFile(
                f"its weights have {size} bytes at byte {offset}, where {wanted} are needed"
            )
        self._read.add(offset)
        values = unpacked(self._data[start : start + size], kind, count)
        return values.reshape(tuple(shape))

    def unused(self) -> int:
        offsets = set(self._offsets())
        if len(offsets) != self._count:
            raise DamagedFile(f"its weights are {len(offsets)} blobs, not {self._count}")
        return len(offsets - self._read)

    def _offsets(self) -> Iterator[int]:
        offset = ALIGNMENT
        while offset < len(self._data):
            yield offset
            _, size, start, _ = self._record(offset)
            offset = -(-(start + size) // ALIGNMENT) * ALIGNMENT

    def _record(self, offset: int) -> tuple[int, int, int, int]:
        """Data type, size, offset of the values, padding."""
        if offset % ALIGNMENT or offset < ALIGNMENT:
            raise DamagedFile(f"its weights cannot start at byte {offset}")
        if offset + ALIGNMENT > len(self._data):
            raise DamagedFile("its weights are cut short")
        sentinel, blob, size, start, padding = RECORD.unpack_from(self._data, offset)
        if sentinel != SENTINEL or start != offset + ALIGNMENT:
            raise DamagedFile(f"its weights have no blob at byte {offset}")
        if start + size > len(self._data):
            raise DamagedFile("its weights are cut short")
        return blob, size, start, padding

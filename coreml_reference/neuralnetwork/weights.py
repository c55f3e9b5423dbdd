"""WeightFiles of layers, as numbers or compressed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIELDS = ("floatValue", "float16Value", "rawValue", "int8RawValue")


@dataclass(frozen=True)
class Weight:
    """WeightFiles as they are used.

    Attributes:
        values: fp32, of the shape that the layer says.
        step: the largest distance of neighbouring values that could have been stored,
            broadcastable to ``values``; 0 where they were stored as floating-point numbers.
    """

    values: NDArray[np.float32]
    step: NDArray[np.float32]


def read(message: Any, shape: tuple[int, ...], axis: int = 0) -> Weight:
    """Decode a ``WeightParams``.

    Args:
        message: the protocol buffer.
        shape: that the values must have, (-1,) for any number of them.
        axis: of that shape, which scales of linear quantisation belong to.

    Raises:
        ValueError: when there are more or fewer values, or scales, or table entries.
    """
    present = [name for name in FIELDS if len(getattr(message, name))]
    if len(present) != 1:
        raise ValueError("in more than one form" if present else "missing")
    (form,) = present
    if form == "floatValue":
        return _exact(np.array(message.floatValue, np.float32), shape)
    if form == "float16Value":
        if len(message.float16Value) % 2:
            raise ValueError("of half a number")
        halves = np.frombuffer(message.float16Value, "<f2")
        return _exact(halves.astype(np.float32), shape)
    quantization = message.quantization
    kind = quantization.WhichOneof("QuantizationType")
    if form == "int8RawValue":
        if kind != "linearQuantization" or len(quantization.linearQuantization.bias):
            raise ValueError("of int8 without a scale alone")
        codes = np.frombuffer(message.int8RawValue, np.int8).astype(np.float32)
        return _linear(_shaped(codes, shape), quantization.linearQuantization, axis, signed=True)
    bits = int(quantization.numberOfBits)
    if not 1 <= bits <= 8:
        raise ValueError(f"of {bits} bits")
    codes = _shaped(_unpacked(message.rawValue, bits, shape), shape)
    if kind == "lookupTableQuantization":
        return _looked_up(codes, quantization.lookupTableQuantization, bits)
    if kind == "linearQuantization":
        return _linear(codes, quantization.linearQuantization, axis)
    raise ValueError("without a quantisation")


def _exact(values: NDArray[np.float32], shape: tuple[int, ...]) -> Weight:
    return Weight(_shaped(values, shape), np.zeros((), np.float32))


def _unpacked(data: bytes, bits: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Codes of 1 to 8 bits, the first in the highest bits."""
    raw = np.frombuffer(data, np.uint8)
    if bits == 8:
        return raw
    count = math.prod(shape)
    # coremltools fills up to whole bytes.
    if count < 0 or len(raw) != math.ceil(count * bits / 8):
        raise ValueError(f"of {len(raw)} bytes for {count} values of {bits} bits")
    single = np.unpackbits(raw)[: count * bits].reshape(count, bits)
    return single @ (1 << np.arange(bits - 1, -1, -1, dtype=np.uint8))


def _looked_up(codes: NDArray[Any], table: Any, bits: int) -> Weight:
    entries = np.array(table.floatValue, np.float32)
    if len(entries) != 1 << bits:
        raise ValueError(f"with a table of {len(entries)} entries for {bits} bits")
    return Weight(entries[codes], np.diff(np.sort(entries)).max())


def _linear(codes: NDArray[Any], quantization: Any, axis: int, *, signed: bool = False) -> Weight:
    scale = np.array(quantization.scale, np.float32)
    # Of signed codes zero is zero.
    bias = np.zeros(1, np.float32) if signed else np.array(quantization.bias, np.float32)
    wide = [1] * codes.ndim
    wide[axis] = -1
    for name, values in (("scales", scale), ("biases", bias)):
        if len(values) not in (1, codes.shape[axis]):
            raise ValueError(f"with {len(values)} {name} for {codes.shape[axis]} channels")
    values = codes.astype(np.float32) * scale.reshape(wide) + bias.reshape(wide)
    return Weight(values, np.abs(scale).reshape(wide))


def _shaped(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if shape != (-1,) and math.prod(shape) != values.size:
        raise ValueError(f"of {values.size} values, not {' x '.join(map(str, shape))}")
    # Copied, for a tensor must not share memory that is read-only.
    return np.array(values).reshape(shape)

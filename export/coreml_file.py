"""A saved Core ML file as data: its specification, steps and constants.

It reads the specification, a protocol buffer, and an ML Program's ``weight.bin``: a header of
64 bytes, then records of 64 bytes that say where their values lie (MIL blob storage, version
2). Nothing is executed, so it works on any system; nothing it finds in a file is trusted.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.constants import SCALAR_SIZE, Constant
from export.coreml import MODEL
from export.quiet import quiet
from facestyle.errors import UserError

TYPES = {".mlpackage": "mlProgram", ".mlmodel": "neuralNetwork"}
"""What a file of each suffix holds."""

Dtype = np.dtype[Any]
HALF: Dtype = np.dtype("<f2")
SINGLE: Dtype = np.dtype("<f4")

PROGRAM_DTYPES: dict[int, Dtype] = {10: HALF, 11: SINGLE, 12: np.dtype("<f8")}
"""The floating-point members of ``DataType`` in MIL.proto."""

BLOB_DTYPES = {1: HALF, 2: SINGLE}
"""The floating-point data types of blobs."""

BLOB_FILE = "weights/weight.bin"
"""Beside the specification."""

BLOB_HEADER = struct.Struct("<II")
"""Number of blobs and version."""

BLOB_RECORD = struct.Struct("<IIQQ")
"""Sentinel, data type, size in bytes and offset of the values."""

BLOB_RECORD_SIZE = 64
BLOB_SENTINEL = 0xDEADBEEF
BLOB_VERSION = 2


@dataclass(frozen=True)
class Step:
    """An operation or a layer.

    Attributes:
        kind: its operator.
        inputs, outputs: names of what is computed, not of constants.
        factor: by what it multiplies, None where it does anything else.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    factor: float | None


@dataclass(frozen=True)
class CoreMLFile:
    """What a file of either format holds.

    Attributes:
        spec: the specification.
        steps: what is executed, in order.
        constants: every floating-point constant.
        prescales: names of inputs and what multiplies them before the first step.
        misfits: names of constants and steps that have not the format's precision.
        unused: how many weights are stored and never referred to.
    """

    spec: Any
    steps: Sequence[Step]
    constants: Sequence[Constant]
    prescales: Sequence[tuple[str, float]]
    misfits: Sequence[str]
    unused: int

    def factors_after(self, name: str) -> list[float]:
        """By what an input is multiplied before anything else happens to it."""
        factors = [factor for feature, factor in self.prescales if feature == name]
        for _ in self.steps:
            users = [step for step in self.steps if name in step.inputs]
            if len(users) != 1 or users[0].factor is None:
                break
            factors.append(users[0].factor)
            name = users[0].outputs[0]
        return factors

    def factors_before(self, name: str) -> list[float]:
        """By what an output was multiplied after everything else."""
        factors = []
        for _ in self.steps:
            makers = [step for step in self.steps if name in step.outputs]
            if len(makers) != 1 or makers[0].factor is None:
                break
            factors.append(makers[0].factor)
            name = makers[0].inputs[0]
        return factors


def read(path: Path) -> CoreMLFile:
    """Read an .mlpackage or .mlmodel.

    Raises:
        UserError: when the file cannot be read, or its weights are compressed.
    """
    if path.suffix not in TYPES:
        raise UserError(f"{path} is neither an .mlpackage nor an .mlmodel")
    with quiet("coremltools"):
        from coremltools.proto.Model_pb2 import Model
        from google.protobuf.message import DecodeError
    try:
        file = _specification(path)
        spec = Model.FromString(file.read_bytes())
        kind = spec.WhichOneof("Type")
        if kind == "mlProgram":
            return _read_program(spec, file.parent / BLOB_FILE)
        if kind == "neuralNetwork":
            return _read_network(spec)
        raise ValueError(f"it holds no network but {kind}")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except (DecodeError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not a whole Core ML model: {error}") from error


def _specification(path: Path) -> Path:
    """The file that holds the specification."""
    if path.suffix == ".mlmodel":
        return path
    manifest = json.loads((path / "Manifest.json").read_text(encoding="utf-8"))
    place = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    if place != MODEL:
        raise ValueError(f"its model is {place}, not {MODEL}")
    return path / "Data" / MODEL


def _read_program(spec: Any, blob_file: Path) -> CoreMLFile:
    blobs = _Blobs(blob_file.read_bytes() if blob_file.exists() else b"")
    operations = [
        operation
        for function in spec.mlProgram.functions.values()
        for block in function.block_specializations.values()
        for operation in _operations(block)
    ]
    steps: list[Step] = []
    floats: list[Constant] = []
    misfits: list[str] = []
    literals: dict[str, float | None] = {}
    for operation in operations:
        name, kind = operation.outputs[0].name, operation.type
        if kind.startswith("constexpr_"):
            raise ValueError(f"its weights are compressed ({kind})")
        arrays = [a for value in _values(operation) if (a := _array(value, blobs)) is not None]
        floats += [_constant(name, array) for array in arrays]
        if kind == "const":
            # Single numbers of fp32 are settings that MIL wants so, such as a resize's factor.
            alone = all(array.size == SCALAR_SIZE for array in arrays)
            literals[name] = float(arrays[0].ravel()[0]) if arrays and alone else None
            half = alone or all(array.dtype == HALF for array in arrays)
        else:
            steps.append(_step(operation, literals))
            dtypes = [output.type.tensorType.dataType for output in operation.outputs]
            half = kind == "cast" or all(PROGRAM_DTYPES.get(d, HALF) == HALF for d in dtypes)
        if not half:
            misfits.append(name)
    return CoreMLFile(spec, steps, floats, (), misfits, blobs.unused())


def _step(operation: Any, literals: Mapping[str, float | None]) -> Step:
    names = [b.name for argument in operation.inputs.values() for b in argument.arguments]
    variables = tuple(name for name in names if name and name not in literals)
    factor = None
    if operation.type == "cast":
        factor = 1.0
    elif operation.type == "mul" and len(variables) == 1:
        factor = next((literals[name] for name in names if name in literals), None)
    outputs = tuple(output.name for output in operation.outputs)
    return Step(operation.type, variables, outputs, factor)


def _operations(block: Any) -> Iterator[Any]:
    """A block's operations and those of the blocks in them."""
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _operations(inner)


def _values(operation: Any) -> Iterator[Any]:
    """What an operation is given as literals."""
    yield from operation.attributes.values()
    for argument in operation.inputs.values():
        for binding in argument.arguments:
            if binding.WhichOneof("binding") == "value":
                yield binding.value


def _array(value: Any, blobs: _Blobs) -> NDArray[Any] | None:
    """A literal's numbers; None if they are not floating-point."""
    kind = value.type.tensorType
    if kind.dataType not in PROGRAM_DTYPES:
        return None
    dtype = PROGRAM_DTYPES[kind.dataType]
    shape = tuple(dimension.constant.size for dimension in kind.dimensions)
    if value.WhichOneof("value") == "blobFileValue":
        blob = value.blobFileValue
        if blob.fileName != f"@model_path/{BLOB_FILE}":
            raise ValueError(f"its weights are in {blob.fileName}")
        return blobs.read(blob.offset, dtype).reshape(shape)
    tensor = value.immediateValue.tensor
    values = getattr(tensor, tensor.WhichOneof("value")).values
    if isinstance(values, bytes):
        return np.frombuffer(values, dtype).reshape(shape)
    return np.array(values, dtype).reshape(shape)


class _Blobs:
    """The arrays of a ``weight.bin``."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.read_from: set[int] = set()
        self.count: int
        header = data[: BLOB_HEADER.size].ljust(BLOB_HEADER.size, b"\0")
        self.count, version = BLOB_HEADER.unpack(header) if data else (0, BLOB_VERSION)
        if version != BLOB_VERSION:
            raise ValueError(f"its weights are of version {version}, not {BLOB_VERSION}")

    def read(self, offset: int, dtype: Dtype) -> NDArray[Any]:
        """The array whose record is at ``offset``."""
        if offset + BLOB_RECORD_SIZE > len(self.data):
            raise ValueError("its weights are cut short")
        sentinel, kind, size, start = BLOB_RECORD.unpack_from(self.data, offset)
        if sentinel != BLOB_SENTINEL or BLOB_DTYPES.get(kind) != dtype:
            raise ValueError(f"its weights have no {dtype.name} at byte {offset}")
        if start + size > len(self.data):
            raise ValueError("its weights are cut short")
        self.read_from.add(offset)
        return np.frombuffer(self.data[start : start + size], dtype)

    def unused(self) -> int:
        """How many arrays were not read."""
        return self.count - len(self.read_from)


def _read_network(spec: Any) -> CoreMLFile:
    network = spec.neuralNetwork
    steps, floats, misfits = [], [], []
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        scales = kind == "multiply" and len(layer.input) == 1
        factor = layer.multiply.alpha if scales else None
        steps.append(Step(kind, tuple(layer.input), tuple(layer.output), factor))
    for part in (*network.layers, *network.preprocessing):
        for name, array in _floats(part, getattr(part, "name", "preprocessing")):
            floats.append(_constant(name, array))
            if array.dtype != SINGLE:
                misfits.append(name)
    prescales = [
        (p.featureName, math.nan if _shifts(p.scaler) else p.scaler.channelScale)
        for p in network.preprocessing
    ]
    return CoreMLFile(spec, steps, floats, prescales, misfits, unused=0)


def _shifts(scaler: Any) -> bool:
    return any((scaler.redBias, scaler.greenBias, scaler.blueBias, scaler.grayBias))


def _floats(message: Any, name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Every floating-point number under a part of a network, weights and settings alike."""
    if message.DESCRIPTOR.name == "WeightParams":
        if message.rawValue or message.int8RawValue:
            raise ValueError(f"its weights are compressed ({name})")
        if message.float16Value:
            yield name, np.frombuffer(message.float16Value, HALF)
    for field, value in message.ListFields():
        label = f"{name}.{field.name}"
        if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
            yield label, np.atleast_1d(np.array(value, SINGLE))
        elif field.cpp_type == field.CPPTYPE_MESSAGE:
            for inner in value if isinstance(value, Sequence) else [value]:
                yield from _floats(inner, label)


def _constant(name: str, array: NDArray[Any]) -> Constant:
    values = array.astype(np.float32)
    # Half precision keeps 11 bits, and of numbers below 2**-14 only steps of 2**-24.
    relative, absolute = (2**-11, 2**-25) if array.dtype == HALF else (1e-6, 0)
    with np.errstate(invalid="ignore"):  # ``check`` tells what is not finite
        tolerance = np.abs(values) * relative + absolute
    return Constant(name, values, tolerance.astype(np.float32))

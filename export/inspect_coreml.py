"""Core ML files read back from disk: what is in them, and whether it is what was asked for.

Nothing here but ``predict`` executes a model, so all the rest works on Linux too. It reads the
specification, a protocol buffer, and an ML Program's ``weight.bin``: a header of 64 bytes,
then records of 64 bytes that say where their values lie (MIL blob storage, version 2).
"""

from __future__ import annotations

import json
import math
import struct
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.constants import SCALAR_SIZE, Constant
from export.coreml import MAXIMUM, MODEL
from export.graphs import Graph
from export.quiet import quiet
from export.verdict import Assurance, Verdict, equal
from facestyle.contract import Kind, Port
from facestyle.errors import UserError

TYPES = {".mlpackage": "mlProgram", ".mlmodel": "neuralNetwork"}
"""What a file of each suffix holds."""

VERSIONS = {"mlProgram": (7,), "neuralNetwork": (4, 5)}
"""Of the specification: 7 runs from iOS 16, 5 from iOS 14, 4 from iOS 13."""

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

FLOAT32, RGB = 65568, 20
"""In FeatureTypes.proto."""


def operators(path: Path) -> dict[str, int]:
    """How many operations (not constants) or layers of each kind a file has.

    Raises:
        UserError: when the file cannot be read.
    """
    return dict(Counter(step.kind for step in _open(path).steps))


def constants(path: Path) -> list[Constant]:
    """Every floating-point constant of a file, whatever it is for.

    Raises:
        UserError: when the file cannot be read, or its weights are compressed.
    """
    return list(_open(path).constants)


def check(path: Path, graph: Graph) -> list[Verdict]:
    """Whether a file is built as it should be.

    Args:
        path: an .mlpackage or .mlmodel.
        graph: what it was made from.

    Raises:
        UserError: when the file cannot be read, or its weights are compressed.
    """
    model = _open(path)
    infinite = [c.name for c in model.constants if not np.isfinite(c.values).all()]
    return [
        _format(model.spec, TYPES[path.suffix]),
        *_ports(model.spec, graph),
        *_scales(model, graph),
        _none("constants or operations of another precision", model.misfits),
        _none("constants that are not finite", infinite),
        _equal("weights that nothing uses", model.unused, 0),
        _none("descriptions that are missing", _undescribed(model.spec)),
    ]


def predict(
    path: Path, inputs: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Execute a file with Core ML, which only macOS has.

    Args:
        path: an .mlpackage or .mlmodel.
        inputs: by name, of the contract's shapes; images in [0, 1].

    Returns:
        Outputs in the same form.

    Raises:
        UserError: elsewhere than on macOS.
    """
    if sys.platform != "darwin":
        raise UserError("Core ML models run on macOS only")
    with quiet("coremltools"):
        import coremltools as ct
    from PIL import Image

    model = ct.models.MLModel(str(path))
    images = {
        feature.name
        for feature in model.get_spec().description.input
        if feature.type.WhichOneof("Type") == "imageType"
    }
    given: dict[str, Any] = dict(inputs)
    for name in images:
        pixels = np.rint(inputs[name][0].clip(0, 1) * MAXIMUM).astype(np.uint8)
        given[name] = Image.fromarray(pixels.transpose(1, 2, 0))
    outputs = {}
    for name, value in model.predict(given).items():
        if isinstance(value, Image.Image):
            value = np.asarray(value.convert("RGB")).transpose(2, 0, 1)[None] / MAXIMUM
        outputs[name] = np.asarray(value, np.float32)
    return outputs


def _format(spec: Any, wanted: str) -> Verdict:
    found = f"{spec.WhichOneof('Type')} {spec.specificationVersion}"
    allowed = [f"{wanted} {version}" for version in VERSIONS[wanted]]
    limit = " or ".join(allowed)
    return Verdict("format", found, limit, found in allowed, Assurance.STRUCTURE)


def _ports(spec: Any, graph: Graph) -> Iterator[Verdict]:
    """Verdicts on names and types."""
    for what, features, ports in (
        ("input", spec.description.input, graph.contract.inputs),
        ("output", spec.description.output, graph.contract.outputs),
    ):
        found, wanted = {f.name: _type(f) for f in features}, {p.name: _wanted(p) for p in ports}
        yield _equal(f"{what}s", ", ".join(sorted(found)), ", ".join(sorted(wanted)))
        for name, type_wanted in wanted.items():
            yield _equal(f"{what} {name}", found.get(name, "absent"), type_wanted)


def _type(feature: Any) -> str:
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        image = feature.type.imageType
        space = "RGB" if image.colorSpace == RGB else f"colour space {image.colorSpace}"
        return f"{space} image, {image.width} x {image.height}"
    if kind == "multiArrayType":
        array = feature.type.multiArrayType
        dtype = "float32" if array.dataType == FLOAT32 else f"type {array.dataType}"
        return f"{dtype} array, {' x '.join(map(str, array.shape))}"
    return str(kind)


def _wanted(port: Port) -> str:
    if port.kind is Kind.IMAGE:
        _, _, height, width = port.shape
        return f"RGB image, {width} x {height}"
    return f"float32 array, {' x '.join(map(str, port.shape))}"


def _scales(model: _Model, graph: Graph) -> Iterator[Verdict]:
    """Verdicts on the way between 0..255 and [0, 1]."""
    for port in graph.contract.inputs:
        if port.kind is Kind.IMAGE:
            yield _once(f"scale of {port.name}", model.factors_after(port.name), 1 / MAXIMUM)
    for port in graph.contract.outputs:
        if port.kind is Kind.IMAGE:
            yield _once(f"scale of {port.name}", model.factors_before(port.name), MAXIMUM)


def _once(check: str, factors: Sequence[float], wanted: float) -> Verdict:
    found = [f for f in factors if f != 1]
    figure = ", ".join(f"{f:.6f}" for f in found) or "none"
    # A network may go on to scale by numbers of its own.
    passed = sum(math.isclose(f, wanted, rel_tol=2**-11) for f in found) == 1
    return Verdict(check, figure, f"{wanted:.6f}, once", passed, Assurance.STRUCTURE)


def _undescribed(spec: Any) -> list[str]:
    description = spec.description
    fields = ("shortDescription", "author", "license", "versionString")
    return [field for field in fields if not getattr(description.metadata, field)] + [
        feature.name
        for feature in (*description.input, *description.output)
        if not feature.shortDescription
    ]


def _equal(check: str, found: object, wanted: object) -> Verdict:
    return equal(check, found, wanted, Assurance.STRUCTURE)


def _none(check: str, names: Sequence[str]) -> Verdict:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return _equal(check, ", ".join(names[:3]) + more or "none", "none")


@dataclass(frozen=True)
class _Step:
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
class _Model:
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
    steps: Sequence[_Step]
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


def _open(path: Path) -> _Model:
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


def _read_program(spec: Any, blob_file: Path) -> _Model:
    blobs = _Blobs(blob_file.read_bytes() if blob_file.exists() else b"")
    operations = [
        operation
        for function in spec.mlProgram.functions.values()
        for block in function.block_specializations.values()
        for operation in _operations(block)
    ]
    steps: list[_Step] = []
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
    return _Model(spec, steps, floats, (), misfits, blobs.unused())


def _step(operation: Any, literals: Mapping[str, float | None]) -> _Step:
    names = [b.name for argument in operation.inputs.values() for b in argument.arguments]
    variables = tuple(name for name in names if name and name not in literals)
    factor = None
    if operation.type == "cast":
        factor = 1.0
    elif operation.type == "mul" and len(variables) == 1:
        factor = next((literals[name] for name in names if name in literals), None)
    outputs = tuple(output.name for output in operation.outputs)
    return _Step(operation.type, variables, outputs, factor)


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


def _read_network(spec: Any) -> _Model:
    network = spec.neuralNetwork
    steps, floats, misfits = [], [], []
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        scales = kind == "multiply" and len(layer.input) == 1
        factor = layer.multiply.alpha if scales else None
        steps.append(_Step(kind, tuple(layer.input), tuple(layer.output), factor))
    for part in (*network.layers, *network.preprocessing):
        for name, array in _floats(part, getattr(part, "name", "preprocessing")):
            floats.append(_constant(name, array))
            if array.dtype != SINGLE:
                misfits.append(name)
    prescales = [
        (p.featureName, math.nan if _shifts(p.scaler) else p.scaler.channelScale)
        for p in network.preprocessing
    ]
    return _Model(spec, steps, floats, prescales, misfits, unused=0)


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

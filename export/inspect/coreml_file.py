"""A saved Core ML file as data: its specification, steps and constants.

Nothing is executed, so it works on any system; nothing it finds in a file is trusted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from coreml_reference.mlprogram.constants import Constant as ProgramConstant
from coreml_reference.mlprogram.contents import ProgramContents
from coreml_reference.mlprogram.data_types import TYPES as PROGRAM_TYPES
from coreml_reference.mlprogram.mil import CONSTEXPR, Operation
from coreml_reference.neuralnetwork.weights import read as read_weights
from coreml_reference.package import Package, open_package
from export.convert.coreml import MODEL
from export.coreml_errors import as_user_errors
from export.inspect.constants import SCALAR_SIZE, Constant
from facestyle.errors import UserError

TYPES = {".mlpackage": "mlProgram", ".mlmodel": "neuralNetwork"}
"""What a file of each suffix holds."""

BITS = 8
"""Of compressed weights of a neural network."""

EIGHT_BITS = "8 bits"
"""Compression as ``coreml`` does it: codes of 8 bits times a scale."""

SLACK = 1.05
"""How much longer a step may be than its channel needs; a longer one hides other weights."""

SCALE_ROUNDING = 127 * 2**-25
"""Of an int8 weight whose scale is so small that half precision holds it in steps of 2**-24."""

AFFINE = f"{CONSTEXPR}affine_dequantize"
"""The operation for compressed weights before iOS 18."""

SINGLES, HALVES = "fp32", "fp16"
"""How a neural network keeps numbers that are not compressed."""

HALF: np.dtype[Any] = np.dtype("<f2")
SINGLE: np.dtype[Any] = np.dtype("<f4")

LONGEST_SETTING = 16
"""Most whole numbers that a step is told (twice the paddings of 4 dimensions); more are data."""


@dataclass(frozen=True)
class Scaling:
    """``factor * x + offset``."""

    factor: float
    offset: float = 0.0

    def then(self, other: Scaling) -> Scaling:
        """The other one after this."""
        return Scaling(other.factor * self.factor, other.factor * self.offset + other.offset)


SCALINGS: dict[str, Callable[[float], Scaling]] = {
    "mul": Scaling,
    "add": lambda literal: Scaling(1.0, literal),
}
"""What an operation with one number computes of its other input."""


@dataclass(frozen=True)
class Step:
    """An operation or a layer.

    Attributes:
        kind: its operator.
        inputs, outputs: names of what is computed, not of constants.
        scaling: what it computes, where that is a factor and an offset.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scaling: Scaling | None


@dataclass(frozen=True)
class CoreMLFile:
    """What a file of either format holds.

    Attributes:
        steps: what is executed, in order.
        constants: every floating-point constant.
        prescales: names of inputs and how they are scaled before the first step.
        misfits: names of constants and steps that have not the format's precision.
        unused: how many weights are stored and never referred to.
        compressions: names of constants that are compressed, and how: ``EIGHT_BITS``, or another
            way that is not ours.
        package: what it was read from.
    """

    steps: Sequence[Step]
    constants: Sequence[Constant]
    prescales: Sequence[tuple[str, Scaling]]
    misfits: Sequence[str]
    unused: int
    compressions: Mapping[str, str]
    package: Package

    @property
    def spec(self) -> Any:
        """The specification."""
        return self.package.spec

    def scalings_after(self, name: str) -> list[Scaling]:
        """How an input is scaled before anything else happens to it, step by step."""
        found = [scaling for feature, scaling in self.prescales if feature == name]
        for _ in self.steps:
            users = [step for step in self.steps if name in step.inputs]
            if len(users) != 1 or users[0].scaling is None:
                break
            found.append(users[0].scaling)
            name = users[0].outputs[0]
        return found

    def scalings_before(self, name: str) -> list[Scaling]:
        """How an output was scaled after everything else, the last step first."""
        found = []
        for _ in self.steps:
            makers = [step for step in self.steps if name in step.outputs]
            if len(makers) != 1 or makers[0].scaling is None:
                break
            found.append(makers[0].scaling)
            name = makers[0].inputs[0]
        return found


def read(path: Path) -> CoreMLFile:
    """Read an .mlpackage or .mlmodel.

    Compressed weights of an ML Program are decoded; their tolerance is what compression may have
    changed.

    Raises:
        UserError: when the file cannot be read, or a neural network's weights are compressed in
            another way than ours.
    """
    if path.suffix not in TYPES:
        raise UserError(f"{path} is neither an .mlpackage nor an .mlmodel")
    try:
        with as_user_errors(path, " is not a whole Core ML model"):
            package = open_package(path)
            if path.suffix == ".mlpackage" and package.folder != (path / "Data" / MODEL).parent:
                raise ValueError(f"its model is in {package.folder}")
            kind = package.spec.WhichOneof("Type")
            if kind == "mlProgram":
                return _read_program(package)
            if kind == "neuralNetwork":
                return _read_network(package)
            raise ValueError(f"it holds no network but {kind}")
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not a whole Core ML model: {error}") from error


def _read_program(package: Package) -> CoreMLFile:
    program = ProgramContents(package)
    steps: list[Step] = []
    floats: list[Constant] = []
    misfits: list[str] = []
    literals: dict[str, float | None] = {
        name: None
        for operation in program.operations
        if operation.is_constant
        for name, _ in operation.outputs
    }
    for constant in program.constants():
        value = constant.value
        # Single numbers of fp32 are settings that MIL wants so, such as a resize's factor.
        alone = value.numel() == SCALAR_SIZE
        if value.dtype.is_floating_point:
            floats.append(_program_constant(constant))
            if constant.name in literals:
                literals[constant.name] = float(value.item()) if alone else None
                if not alone and value.dtype != torch.float16:
                    misfits.append(constant.name)
        elif value.numel() > LONGEST_SETTING:
            floats.append(_program_constant(constant))
    for operation in program.operations:
        if not operation.is_constant:
            steps.append(_step(operation, literals))
            if operation.kind != "cast" and not _is_half(operation):
                misfits.append(operation.name)
    compressions = {
        operation.name: _compression(operation)
        for operation in program.operations
        if operation.kind.startswith(CONSTEXPR)
    }
    unused = program.unused_weights()
    return CoreMLFile(steps, floats, (), misfits, unused, compressions, package)


def _compression(operation: Operation) -> str:
    """How a ``constexpr_`` operation, which could be decoded, keeps what it makes."""
    if operation.kind != AFFINE:
        return operation.kind
    parameters = ("quantized_data", "zero_point", "scale")
    given = [operation.arguments[name][0] for name in parameters]
    tensors = [value for value in given if isinstance(value, torch.Tensor)]
    # What refers to other constants may be compressed twice.
    if len(tensors) < len(given):
        return f"{operation.kind} of another constant"
    data, zero, _ = tensors
    ours = data.dtype == torch.int8 and not zero.any()
    return EIGHT_BITS if ours else f"{operation.kind} of {data.dtype} with a zero point"


def _is_half(operation: Operation) -> bool:
    """Whether all results that are no whole numbers are of half precision."""
    kinds = [PROGRAM_TYPES.get(kind.tensorType.dataType) for _, kind in operation.outputs]
    dtypes = [kind.dtype for kind in kinds if kind is not None]
    return all(d == torch.float16 for d in dtypes if d.is_floating_point)


def _step(operation: Operation, literals: Mapping[str, float | None]) -> Step:
    names = list(operation.references())
    variables = tuple(name for name in names if name not in literals)
    literal = None
    if len(variables) == 1:
        literal = next((literals[name] for name in names if name in literals), None)
    scaling = None
    if operation.kind == "cast":
        scaling = Scaling(1.0)
    elif operation.kind in SCALINGS and literal is not None:
        scaling = SCALINGS[operation.kind](literal)
    outputs = tuple(name for name, _ in operation.outputs)
    return Step(operation.kind, variables, outputs, scaling)


def _program_constant(constant: ProgramConstant) -> Constant:
    dtype = HALF if constant.value.dtype == torch.float16 else SINGLE
    found = _constant(constant.name, constant.value.float().numpy(), dtype)
    if not constant.margin.any():
        return found
    # Weights are rounded before they are compressed, scales (of up to 127 steps) by being stored,
    # and both again when they are multiplied.
    rounding = 3 * found.tolerance + SCALE_ROUNDING
    return Constant(found.name, found.values, rounding + _margin(constant).numpy())


def _margin(constant: ProgramConstant) -> torch.Tensor:
    """What compression may have changed, no more than the values themselves make plausible."""
    value, margin = constant.value.float().abs(), constant.margin
    if constant.operation != AFFINE:
        return margin
    same = [a for a in range(value.dim()) if margin.dim() == 0 or margin.shape[a] == 1]
    largest = value.amax(same, keepdim=True) if same else value
    return torch.minimum(margin, largest * (SLACK / 127 / 2))


def _read_network(package: Package) -> CoreMLFile:
    network = package.spec.neuralNetwork
    steps, floats, misfits, compressions = [], [], [], {}
    literals: dict[str, float] = {}
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        variables = tuple(name for name in layer.input if name not in literals)
        scaling = None
        if kind == "loadConstantND" and len(layer.loadConstantND.data.floatValue) == SCALAR_SIZE:
            literals[layer.output[0]] = layer.loadConstantND.data.floatValue[0]
        elif kind == "multiply" and len(layer.input) == 1:
            scaling = Scaling(layer.multiply.alpha)
        elif kind == "add" and len(variables) == 1:
            other = [literals[name] for name in layer.input if name in literals]
            scaling = Scaling(1.0, other[0] if other else layer.add.alpha)
        steps.append(Step(kind, variables, tuple(layer.output), scaling))
    for part in (*network.layers, *network.preprocessing):
        for constant, form in _floats(part, getattr(part, "name", "preprocessing")):
            floats.append(constant)
            if form == HALVES:
                misfits.append(constant.name)
            if form == EIGHT_BITS:
                compressions[constant.name] = form
    prescales = [(p.featureName, _prescale(p.scaler)) for p in network.preprocessing]
    return CoreMLFile(steps, floats, prescales, misfits, 0, compressions, package)


def _prescale(scaler: Any) -> Scaling:
    """How an RGB image is scaled; NaN where its channels are not scaled alike."""
    biases = {scaler.redBias, scaler.greenBias, scaler.blueBias}
    alike = len(biases) == 1 and not scaler.grayBias
    return Scaling(scaler.channelScale, scaler.redBias if alike else math.nan)


def _floats(message: Any, name: str) -> Iterator[tuple[Constant, str]]:
    """Every floating-point number under a part of a network, weights and settings alike, and
    how it is kept: ``SINGLES``, ``HALVES`` or ``EIGHT_BITS``."""
    if message.DESCRIPTOR.name == "WeightParams":
        if message.rawValue or message.int8RawValue:
            yield _compressed(message, name), EIGHT_BITS
            return
        if message.float16Value:
            yield _constant(name, np.frombuffer(message.float16Value, HALF), HALF), HALVES
    for field, value in message.ListFields():
        label = f"{name}.{field.name}"
        if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
            yield _constant(label, np.atleast_1d(np.array(value, SINGLE)), SINGLE), SINGLES
        elif field.cpp_type == field.CPPTYPE_MESSAGE:
            for inner in messages(value):
                yield from _floats(inner, label)


def messages(value: Any) -> Iterable[Any]:
    """The messages in a field, be it one, a list or a map."""
    if isinstance(value, Mapping):
        return [inner for inner in value.values() if hasattr(inner, "DESCRIPTOR")]
    return value if isinstance(value, Sequence) else [value]


def _compressed(message: Any, name: str) -> Constant:
    """Weights of 8 bits with a scale for each output channel, as ``coreml`` writes them."""
    scale = np.array(message.quantization.linearQuantization.scale, np.float32)
    if message.quantization.numberOfBits != BITS or not scale.size:
        raise ValueError(f"its weights are compressed in a way that is not ours ({name})")
    weight = read_weights(message, (scale.size, len(message.rawValue) // scale.size))
    span = np.ptp(weight.values, axis=1, keepdims=True)
    step = np.minimum(weight.step, span * (SLACK / 255))
    # Half a step, and the rounding of what is computed from codes, scales and offsets.
    margin = step * 0.501 + np.abs(weight.values) * 1e-6
    return Constant(name, weight.values, margin.astype(np.float32))


def _constant(name: str, array: NDArray[Any], dtype: np.dtype[Any]) -> Constant:
    values = array.astype(np.float32)
    # Half precision keeps 11 bits, and of numbers below 2**-14 only steps of 2**-24.
    relative, absolute = (2**-11, 2**-25) if dtype == HALF else (1e-6, 0)
    with np.errstate(invalid="ignore"):  # ``check`` tells what is not finite
        tolerance = np.abs(values) * relative + absolute
    return Constant(name, values, tolerance.astype(np.float32))

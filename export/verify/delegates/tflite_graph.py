"""A ``.tflite`` file's main graph as rules look at it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.inspect.tflite import TFLiteModel
from export.verify.delegates.partitions import ABSENT, Wiring
from facestyle.errors import UserError

MAX_VALUES = 64
"""Constants of more integers than this are weights, not settings."""

_INTEGERS = {"int32": "<i4", "int64": "<i8"}

_DTYPES = {value: name.lower() for name, value in vars(schema.TensorType).items() if name.isupper()}


@dataclass(frozen=True)
class Tensor:
    """A tensor.

    Attributes:
        name, shape: as stored.
        dtype: such as ``float32`` or ``int8``.
        constant: its values are in the file.
        values: of a small integer constant, flat; None for others.
        scales: of its quantisation, none for floats.
        zero_point: the first one; 0 for floats.
        axis: along which ``scales`` lie.
        sparse: stored without its zeros.
        half: computed from a float16 constant that XNNPACK reads in its place.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    constant: bool
    values: tuple[int, ...] | None = None
    scales: tuple[np.float32, ...] = ()
    zero_point: int = 0
    axis: int = 0
    sparse: bool = False
    half: bool = False

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __str__(self) -> str:
        return f"{self.name} {'x'.join(map(str, self.shape)) or 'scalar'}"


@dataclass(frozen=True)
class Node:
    """An operator.

    Attributes:
        operator: its name, such as ``CONV_2D``.
        version: of the operator.
        inputs: None for those that are not there.
        outputs: what it computes.
        wiring: indices of both.
        options: its settings.
    """

    operator: str
    version: int
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    wiring: Wiring
    options: Mapping[str, Any] = field(default_factory=dict)

    def input(self, index: int) -> Tensor | None:
        """An input, None where there is none."""
        return self.inputs[index] if index < len(self.inputs) else None

    def option(self, name: str, default: int = 0) -> int:
        """A setting that is a number or a flag, as a file without it means it."""
        value = self.options.get(name)
        return default if value is None else int(value)

    def number(self, name: str) -> float:
        """A setting that is a float; 0 where it is not set."""
        return float(self.options.get(name) or 0.0)


@dataclass(frozen=True)
class FlatGraph:
    """All operators in the order in which they run, and the tensors that the graph gives."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    @property
    def wirings(self) -> list[Wiring]:
        """Of every operator."""
        return [node.wiring for node in self.nodes]


def read(path: Path) -> FlatGraph:
    """Read a file.

    Raises:
        UserError: when the file is missing, no TFLite model or a damaged one.
    """
    model = TFLiteModel(path)
    try:
        tensors = [_tensor(model.model, tensor) for tensor in model.graph.tensors]
        nodes = tuple(
            _node(model.model, tensors, name, operator)
            for name, operator in zip(model.sequence(), model.graph.operators)
        )
        return FlatGraph(nodes, tuple(int(i) for i in model.graph.outputs))
    except (LookupError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise UserError(f"{path}: not a TFLite model, or a damaged one") from error


def _tensor(model: Any, tensor: Any) -> Tensor:
    data = model.buffers[tensor.buffer].data
    constant = data is not None and len(data) > 0
    shape = tuple(int(n) for n in tensor.shape) if tensor.shape is not None else ()
    dtype = _DTYPES[tensor.type]
    values = None
    if constant and dtype in _INTEGERS:
        numbers = np.frombuffer(bytes(data), _INTEGERS[dtype])
        values = tuple(int(n) for n in numbers) if numbers.size <= MAX_VALUES else None
    quantization = tensor.quantization
    scales, zeros, axis = [], [], 0
    if quantization is not None:
        scales = [] if quantization.scale is None else list(quantization.scale)
        zeros = [] if quantization.zeroPoint is None else list(quantization.zeroPoint)
        axis = quantization.quantizedDimension
    return Tensor(
        name=tensor.name.decode() if tensor.name else "",
        shape=shape,
        dtype=dtype,
        constant=constant,
        values=values,
        scales=tuple(np.float32(s) for s in scales),
        zero_point=int(zeros[0]) if zeros else 0,
        axis=int(axis),
        sparse=tensor.sparsity is not None,
    )


def _node(model: Any, tensors: list[Tensor], name: str, operator: Any) -> Node:
    inputs = tuple(int(i) for i in operator.inputs) if operator.inputs is not None else ()
    outputs = tuple(int(i) for i in operator.outputs) if operator.outputs is not None else ()
    if any(not ABSENT <= i < len(tensors) for i in (*inputs, *outputs)):
        raise ValueError("an operator reads a tensor that is not there")
    return Node(
        operator=name,
        version=int(model.operatorCodes[operator.opcodeIndex].version),
        inputs=tuple(None if i == ABSENT else tensors[i] for i in inputs),
        outputs=tuple(tensors[i] for i in outputs if i != ABSENT),
        wiring=Wiring(inputs, outputs),
        options=vars(operator.builtinOptions) if operator.builtinOptions is not None else {},
    )

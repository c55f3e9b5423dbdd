"""A ``.tflite`` file's main graph as rules look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.inspect import tflite_file
from export.verify.delegates.partitions import ABSENT, Wiring

MAX_VALUES = 64
"""Constants of more integers than this are weights, not settings."""

SETTINGS = (np.int32, np.int64)
"""Types of shapes, axes and paddings."""


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
    model = tflite_file.read(path)
    graph = model.subgraphs[0]
    tensors = [_tensor(model, tensor) for tensor in graph.tensors]
    nodes = (_node(model, tensors, *named) for named in tflite_file.operators(model))
    return FlatGraph(tuple(nodes), tuple(int(i) for i in graph.outputs))


def _tensor(model: schema.ModelT, tensor: schema.TensorT) -> Tensor:
    values = tflite_file.values(model, tensor)
    is_setting = values is not None and values.dtype in SETTINGS and values.size <= MAX_VALUES
    found = tensor.quantization
    scales = () if found is None or found.scale is None else found.scale
    zeros = () if found is None or found.zeroPoint is None else found.zeroPoint
    return Tensor(
        name=tflite_file.text(tensor.name),
        shape=tflite_file.shape(tensor),
        dtype=tflite_file.dtype(tensor),
        constant=tflite_file.constant(model, tensor) is not None,
        values=tuple(map(int, values.flat)) if values is not None and is_setting else None,
        scales=tuple(np.float32(scale) for scale in scales),
        zero_point=int(next(iter(zeros), 0)),
        axis=0 if found is None else int(found.quantizedDimension),
        sparse=tensor.sparsity is not None,
    )


def _node(
    model: schema.ModelT, tensors: list[Tensor], name: str, operator: schema.OperatorT
) -> Node:
    inputs, outputs = tflite_file.inputs(operator), tflite_file.outputs(operator)
    return Node(
        operator=name,
        version=int(model.operatorCodes[operator.opcodeIndex].version),
        inputs=tuple(None if i == ABSENT else tensors[i] for i in inputs),
        outputs=tuple(tensors[i] for i in outputs if i != ABSENT),
        wiring=Wiring(inputs, outputs),
        options=vars(operator.builtinOptions) if operator.builtinOptions is not None else {},
    )

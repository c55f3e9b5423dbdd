"""What a saved ``.tflite`` file is made of, read from its flatbuffer without executing it."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.constants import Constant
from export.graphs import Graph
from export.verdict import Assurance, Verdict, equal
from facestyle.errors import UserError

UNWANTED = (
    "MIRROR_PAD",
    "RESIZE_NEAREST_NEIGHBOR",
    "BROADCAST_TO",
    "L2_POOL_2D",
    "GATHER_ND",
    "TILE",
)
"""XNNPACK or the GPU delegate never takes these; each splits the graph."""

MAX_TRANSPOSE_RANK = 4
"""Beyond it the GPU delegate refuses a TRANSPOSE."""

_FP32, _FP16, _INT32, _INT8 = 0, 1, 2, 9
_DTYPES = {_FP32: np.float32, _FP16: np.float16, _INT32: np.int32, _INT8: np.int8}

MAX_SHAPE = 16
"""Plain integer constants are shapes, axes and paddings; none has more values than this."""


class TFLiteModel:
    """A parsed flatbuffer.

    Raises:
        UserError: when the file is missing or not a TFLite model.
    """

    def __init__(self, path: Path) -> None:
        try:
            data = path.read_bytes()
            if data[4:8] != b"TFL3":
                raise ValueError("no TFL3 mark")
            self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
            self.graph = self.model.subgraphs[0]
        except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
            raise UserError(f"{path}: not a TFLite model, or a damaged one") from error
        self._names = {
            value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()
        }

    def _operator_name(self, operator: Any) -> str:
        code = self.model.operatorCodes[operator.opcodeIndex]
        builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
        custom = code.customCode
        return custom.decode() if custom else self._names.get(builtin, str(builtin))

    def sequence(self) -> list[str]:
        """Operators in the order in which they run."""
        return [self._operator_name(operator) for operator in self.graph.operators]

    def operators(self) -> dict[str, int]:
        """How often each operator occurs."""
        return dict(Counter(self.sequence()).most_common())

    def unwanted(self) -> list[str]:
        """Operators that phones' delegates do not take, with the reason in a word."""
        found = []
        for operator in self.graph.operators:
            name = self._operator_name(operator)
            shapes = [self.graph.tensors[i].shape for i in operator.inputs if i >= 0]
            if name in UNWANTED or name.lower().startswith("flex"):
                found.append(name)
            elif name == "CONV_2D" and shapes[1][3] != shapes[0][3]:
                found.append("grouped CONV_2D")
            elif name == "TRANSPOSE" and len(shapes[0]) > MAX_TRANSPOSE_RANK:
                found.append(f"rank {len(shapes[0])} TRANSPOSE")
        return found

    def constants(self) -> list[Constant]:
        """Every floating-point constant, and every integer one that stands for floats."""
        found = []
        for tensor in self.graph.tensors:
            buffer = self.model.buffers[tensor.buffer].data
            scales = tensor.quantization.scale if tensor.quantization else None
            quantized = scales is not None and len(scales) > 0
            if buffer is None or tensor.type not in _DTYPES:
                continue
            if tensor.type == _INT32 and not quantized:
                continue  # shapes, axes, paddings
            shape = tuple(tensor.shape) if tensor.shape is not None else ()
            raw = np.frombuffer(bytes(buffer), _DTYPES[tensor.type]).reshape(shape)
            values = raw.astype(np.float32)
            tolerance: Any = np.abs(values) * 2.0**-22 + 1e-7
            if tensor.type == _FP16:
                tolerance = np.abs(values) * 2.0**-10 + 1e-7
            if quantized:
                scale = np.asarray(scales, np.float32)
                zero = np.asarray(tensor.quantization.zeroPoint, np.float32)
                if scale.size > 1:
                    axis = [1] * raw.ndim
                    axis[tensor.quantization.quantizedDimension] = scale.size
                    scale, zero = scale.reshape(axis), zero.reshape(axis)
                values = (values - zero) * scale
                tolerance = 0.51 * scale + 1e-7
            found.append(Constant(tensor.name.decode(), values.astype(np.float32), tolerance))
        return found

    def hidden(self) -> list[str]:
        """Contents that ``constants`` does not see and that could hide another network."""
        used = {tensor.buffer for tensor in self.graph.tensors}
        used |= {entry.buffer for entry in self.model.metadata or []}
        found = [f"subgraph {i}" for i in range(1, len(self.model.subgraphs))]
        found += [
            f"buffer {i}"
            for i, buffer in enumerate(self.model.buffers)
            if buffer.data is not None and len(buffer.data) and i not in used
        ]
        for tensor in self.graph.tensors:
            data = self.model.buffers[tensor.buffer].data
            if data is None or not len(data):
                continue
            scales = tensor.quantization.scale if tensor.quantization else None
            plain = tensor.type not in _DTYPES or (tensor.type == _INT32 and scales is None)
            if plain and len(data) > 8 * MAX_SHAPE:
                found.append(tensor.name.decode())
        return found

    def check(self, graph: Graph) -> list[Verdict]:
        """Names, shapes and order of inputs and outputs; operators; finite constants."""

        def shaped(name: str, shape: Iterable[int]) -> str:
            return f"{name} {'x'.join(str(n) for n in shape)}"

        def ports(indices: Iterable[int]) -> str:
            tensors = [self.graph.tensors[i] for i in indices]
            return ", ".join(shaped(t.name.decode(), t.shape) for t in tensors)

        wanted_in = ", ".join(shaped(p.name, p.nhwc) for p in graph.contract.inputs)
        wanted_out = ", ".join(shaped(p.name, p.nhwc) for p in graph.contract.outputs)
        finite = all(np.isfinite(c.values).all() for c in self.constants())
        return [
            equal("inputs", ports(self.graph.inputs), wanted_in, Assurance.STRUCTURE),
            equal("outputs", ports(self.graph.outputs), wanted_out, Assurance.STRUCTURE),
            equal(
                "operators phones refuse",
                ", ".join(self.unwanted()) or "none",
                "none",
                Assurance.STRUCTURE,
            ),
            equal(
                "contents of no known use",
                ", ".join(self.hidden()) or "none",
                "none",
                Assurance.STRUCTURE,
            ),
            equal("constants finite", "all" if finite else "not all", "all", Assurance.STRUCTURE),
        ]

    def quantization(self) -> dict[str, dict[str, float | int | str]]:
        """Scale and zero point of each quantised input and output, by name."""
        result: dict[str, dict[str, float | int | str]] = {}
        for index in [*self.graph.inputs, *self.graph.outputs]:
            tensor = self.graph.tensors[index]
            if tensor.type == _INT8:
                result[tensor.name.decode()] = {
                    "dtype": "int8",
                    "scale": float(tensor.quantization.scale[0]),
                    "zero_point": int(tensor.quantization.zeroPoint[0]),
                }
        return result

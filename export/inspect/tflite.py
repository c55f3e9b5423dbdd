"""What a saved ``.tflite`` file is made of, read from its flatbuffer without executing it."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.convert.graphs import Graph
from export.inspect.constants import Constant
from export.verify.verdicts import Assurance, Verdict, equal
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

SIGNATURE = "serving_default"
"""The name under which apps run a file."""

_FP32, _FP16, _INT32, _INT8 = 0, 1, 2, 9
_DTYPES = {_FP32: np.float32, _FP16: np.float16, _INT32: np.int32, _INT8: np.int8}
_TYPE_NAMES = {value: name for name, value in vars(schema.TensorType).items() if name.isupper()}
_OPERATORS = {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}

MAX_SHAPE = 16
"""Plain integer constants are shapes, axes and paddings; none has more values than this."""

METADATA = (b"min_runtime_version", b"CONVERSION_METADATA", b"reduced_precision_support")
"""What TensorFlow's converter writes beside the graph."""

MAX_METADATA = 512
"""Bytes of it in all; the converter writes about 130."""

MAX_SLACK = 64
"""Bytes by which other writers' padding may make a file differ from our writer's."""

LARGE = 1024
"""The converter leaves weights of fewer values in floating point in ``dynamic`` files."""

_DATA = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "TRANSPOSE_CONV": 2, "FULLY_CONNECTED": 0}
"""Operators with weights, which are their second input, and the place of their data."""

_FLOAT, _HALF, _BYTE = {"FLOAT32"}, {"FLOAT16"}, {"INT8"}
_PRECISIONS: dict[str, dict[str, set[str]]] = {
    "fp32": {
        "inputs and outputs": _FLOAT,
        "large weights": _FLOAT,
        "small weights": _FLOAT,
        "other constants": _FLOAT,
        "inputs of convolutions": _FLOAT,
        "computed values": _FLOAT,
    },
    "fp16": {
        "inputs and outputs": _FLOAT,
        "large weights": _HALF,
        "small weights": _HALF,
        "other constants": _HALF,
        "inputs of convolutions": _FLOAT,
        "computed values": _FLOAT,
    },
    "dynamic": {
        "inputs and outputs": _FLOAT,
        "large weights": _BYTE,
        "small weights": _FLOAT | _BYTE,
        "other constants": _FLOAT,
        "inputs of convolutions": _FLOAT,
        "computed values": _FLOAT,
    },
    "int8": {
        "inputs and outputs": _BYTE,
        "large weights": _BYTE,
        "small weights": _BYTE,
        "other constants": _FLOAT | _BYTE | {"INT32"},
        "inputs of convolutions": _BYTE,
        # What int8 has no kernels for is calculated in floating point.
        "computed values": _FLOAT | _BYTE,
    },
}
"""Types that a precision allows, by what has them."""


class TFLiteModel:
    """A parsed flatbuffer: its first graph, whose indices and sizes are known to be right.

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
            self.size = len(data)
            self._validate()
        except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
            raise UserError(f"{path}: not a TFLite model, or a damaged one") from error

    def _validate(self) -> None:
        """As LiteRT would when it loads the file; any error says that it is damaged."""
        tensors, buffers = self.graph.tensors, self.model.buffers
        for tensor in tensors:
            _below(len(buffers), [tensor.buffer])
            _validate_tensor(tensor, buffers[tensor.buffer].data)
        _below(len(tensors), [*self.graph.inputs, *self.graph.outputs])
        for operator in self.graph.operators:
            _below(len(self.model.operatorCodes), [operator.opcodeIndex])
            inputs = [] if operator.inputs is None else operator.inputs
            outputs = [] if operator.outputs is None else operator.outputs
            _below(len(tensors), [i for i in (*inputs, *outputs) if i != -1])
            name = self._operator_name(operator)
            if name in _DATA:
                taken = [inputs[1], inputs[_DATA[name]]]
                _below(len(tensors), taken)
                if name != "FULLY_CONNECTED" and any(len(_shape(tensors[i])) != 4 for i in taken):
                    raise ValueError("a convolution of other than images")
            elif name == "DEQUANTIZE":
                _below(len(tensors), [inputs[0], outputs[0]])
        _below(len(buffers), [entry.buffer for entry in self.model.metadata or []])
        for signature in self.model.signatureDefs or []:
            if signature.subgraphIndex == 0:
                entries = [*(signature.inputs or []), *(signature.outputs or [])]
                _below(len(tensors), [entry.tensorIndex for entry in entries])

    def _operator_name(self, operator: Any) -> str:
        code = self.model.operatorCodes[operator.opcodeIndex]
        builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
        custom = code.customCode
        return _text(custom) if custom else _OPERATORS.get(builtin, str(builtin))

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
            inputs = [] if operator.inputs is None else operator.inputs
            shapes = [_shape(self.graph.tensors[i]) for i in inputs if i >= 0]
            if name in UNWANTED or name.lower().startswith("flex"):
                found.append(name)
            elif name == "CONV_2D" and shapes[1][3] != shapes[0][3]:
                found.append("grouped CONV_2D")
            elif name == "TRANSPOSE" and shapes and len(shapes[0]) > MAX_TRANSPOSE_RANK:
                found.append(f"rank {len(shapes[0])} TRANSPOSE")
        return found

    def constants(self) -> list[Constant]:
        """Every floating-point constant, and every integer one that stands for floats."""
        found = []
        for tensor in self.graph.tensors:
            data = self._data(tensor)
            if data is None or not _stands_for_floats(tensor):
                continue
            quantized = _is_quantized(tensor)
            raw = np.frombuffer(bytes(data), _DTYPES[tensor.type]).reshape(_shape(tensor))
            values = raw.astype(np.float32)
            tolerance: Any = np.abs(values) * 2.0**-22 + 1e-7
            if tensor.type == _FP16:
                tolerance = np.abs(values) * 2.0**-10 + 1e-7
            if quantized:
                scale = np.asarray(tensor.quantization.scale, np.float32)
                zero = np.asarray(tensor.quantization.zeroPoint, np.float32)
                if scale.size > 1:
                    axis = [1] * raw.ndim
                    axis[tensor.quantization.quantizedDimension] = scale.size
                    scale, zero = scale.reshape(axis), zero.reshape(axis)
                values = (values - zero) * scale
                tolerance = 0.51 * scale + 1e-7
            found.append(Constant(_text(tensor.name), values.astype(np.float32), tolerance))
        return found

    def _data(self, tensor: Any) -> Any:
        """A constant's bytes; None for what is computed."""
        data = self.model.buffers[tensor.buffer].data
        return data if data is not None and len(data) else None

    def hidden(self) -> list[str]:
        """Contents that ``constants`` does not see and that could hide another network."""
        model, metadata = self.model, self.model.metadata or []
        used = {tensor.buffer for tensor in self.graph.tensors}
        used |= {entry.buffer for entry in metadata}
        found = [f"subgraph {i}" for i in range(1, len(model.subgraphs))]
        for i, buffer in enumerate(model.buffers):
            if buffer.data is not None and len(buffer.data) and i not in used:
                found.append(f"buffer {i}")
            # The converter marks with 1 what it may move out of the flatbuffer, and did not.
            if buffer.offset > 1 or buffer.size > 1:
                found.append(f"buffer {i} outside the graph")
        if model.externalBuffers or model.externalBufferGroups:
            found.append("buffers in other files")
        found += [f"metadata {_text(e.name)}" for e in metadata if e.name not in METADATA]
        notes = (model.buffers[entry.buffer].data for entry in metadata)
        if (size := sum(len(note) for note in notes if note is not None)) > MAX_METADATA:
            found.append(f"{size} bytes of metadata")
        for tensor in self.graph.tensors:
            data = self._data(tensor)
            if data is None or _stands_for_floats(tensor):
                continue
            if len(data) > MAX_SHAPE * (4 if tensor.type == _INT32 else 8):
                found.append(_text(tensor.name))
        for operator in self.graph.operators:
            options = operator.customOptions
            if operator.largeCustomOptionsSize or (options is not None and len(options)):
                found.append(f"options of {self._operator_name(operator)}")
        if abs(extra := self.size - self._written_size()) > MAX_SLACK:
            found.append(f"{extra} bytes that no part of the graph refers to")
        return found

    def _written_size(self) -> int:
        """Bytes of a file with this content, as ``export.convert.tflite`` writes it."""
        builder = flatbuffers.Builder(self.size)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return len(builder.Output())

    def _signature(self) -> Verdict:
        """Apps give and take tensors by the names of a signature, not by their order."""

        def entry(name: str, index: int) -> str:
            return f"{name} = {index}"

        def described(inputs: Iterable[str], outputs: Iterable[str], key: str = SIGNATURE) -> str:
            return f"{key}({', '.join(sorted(inputs))}) -> {', '.join(sorted(outputs))}"

        def ports(indices: Iterable[int]) -> list[str]:
            return [entry(_text(self.graph.tensors[i].name), i) for i in indices]

        def entries(maps: Any) -> list[str]:
            return [entry(_text(e.name), e.tensorIndex) for e in maps or []]

        found = [
            described(entries(s.inputs), entries(s.outputs), _text(s.signatureKey))
            + (f" of subgraph {s.subgraphIndex}" if s.subgraphIndex else "")
            for s in self.model.signatureDefs or []
        ]
        wanted = described(ports(self.graph.inputs), ports(self.graph.outputs))
        return equal("signature", "; ".join(found) or "none", wanted, Assurance.STRUCTURE)

    def _types(self) -> dict[str, set[str]]:
        """Types by what has them, as in ``_PRECISIONS``."""
        tensors = self.graph.tensors
        operators = list(zip(self.sequence(), self.graph.operators))
        unpacked = {
            op.outputs[0]: op.inputs[0]
            for name, op in operators
            if name == "DEQUANTIZE" and self._data(tensors[op.inputs[0]]) is not None
        }
        weights, data = set(), set()
        for name, op in operators:
            if name in _DATA:
                weights.add(unpacked.get(op.inputs[1], op.inputs[1]))
                data.add(op.inputs[_DATA[name]])
        constant = {i for i, tensor in enumerate(tensors) if self._data(tensor) is not None}
        values = {i: prod(_shape(tensor)) for i, tensor in enumerate(tensors)}
        others = {i for i in constant - weights if values[i] > 1 and _stands_for_floats(tensors[i])}
        computed = set(range(len(tensors))) - constant
        having: dict[str, Iterable[int]] = {
            "inputs and outputs": [*self.graph.inputs, *self.graph.outputs],
            "large weights": [i for i in weights if values[i] >= LARGE],
            "small weights": [i for i in weights if values[i] < LARGE],
            "other constants": others,
            "inputs of convolutions": data,
            "computed values": computed,
        }
        return {
            what: {_TYPE_NAMES.get(tensors[i].type, str(tensors[i].type)) for i in indices}
            for what, indices in having.items()
        }

    def _precision(self, precision: str) -> Verdict:
        allowed = _PRECISIONS[precision]
        wrong = [
            f"{what} in {'/'.join(sorted(found - allowed[what]))}"
            for what, found in self._types().items()
            if found - allowed[what]
        ]
        return equal("precision", ", ".join(wrong) or precision, precision, Assurance.STRUCTURE)

    def check(self, graph: Graph, precision: str) -> list[Verdict]:
        """Names, shapes and order of inputs and outputs; operators; contents; precision.

        Args:
            graph: what the file was made from.
            precision: what it was made in: fp32, fp16, dynamic or int8.
        """

        def shaped(name: str, shape: Iterable[int]) -> str:
            return f"{name} {'x'.join(str(n) for n in shape)}"

        def ports(indices: Iterable[int]) -> str:
            tensors = [self.graph.tensors[i] for i in indices]
            return ", ".join(shaped(_text(t.name), _shape(t)) for t in tensors)

        wanted_in = ", ".join(shaped(p.name, p.nhwc) for p in graph.contract.inputs)
        wanted_out = ", ".join(shaped(p.name, p.nhwc) for p in graph.contract.outputs)
        finite = all(np.isfinite(c.values).all() for c in self.constants())
        return [
            equal("inputs", ports(self.graph.inputs), wanted_in, Assurance.STRUCTURE),
            equal("outputs", ports(self.graph.outputs), wanted_out, Assurance.STRUCTURE),
            self._signature(),
            self._precision(precision),
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
            if tensor.type == _INT8 and _is_quantized(tensor):
                result[_text(tensor.name)] = {
                    "dtype": "int8",
                    "scale": float(tensor.quantization.scale[0]),
                    "zero_point": int(tensor.quantization.zeroPoint[0]),
                }
        return result


def _text(name: bytes | None) -> str:
    return (name or b"").decode(errors="replace")


def _shape(tensor: Any) -> tuple[int, ...]:
    return () if tensor.shape is None else tuple(int(n) for n in tensor.shape)


def _is_quantized(tensor: Any) -> bool:
    scale = tensor.quantization.scale if tensor.quantization else None
    return scale is not None and len(scale) > 0


def _stands_for_floats(tensor: Any) -> bool:
    """Whether ``constants`` can say which floats a constant stands for; plain integers are
    shapes, axes and paddings."""
    plain = tensor.type == _INT32 and not _is_quantized(tensor)
    return tensor.type in _DTYPES and not plain and tensor.sparsity is None


def _below(count: int, indices: Iterable[int]) -> None:
    if any(not 0 <= index < count for index in indices):
        raise ValueError("an index out of range")


def _validate_tensor(tensor: Any, data: Any) -> None:
    shape = _shape(tensor)
    dense = tensor.type in _DTYPES and tensor.sparsity is None
    size = prod(shape) * np.dtype(_DTYPES[tensor.type]).itemsize if dense else None
    if size is not None and data is not None and len(data) not in (0, size):
        raise ValueError("a constant of another size than its shape")
    if _is_quantized(tensor):
        found = tensor.quantization
        if len(found.zeroPoint) != len(found.scale):
            raise ValueError("not one zero point for each scale")
        if len(found.scale) > 1 and shape[found.quantizedDimension] != len(found.scale):
            raise ValueError("not one scale for each channel")

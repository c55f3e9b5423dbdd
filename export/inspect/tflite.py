"""What a saved ``.tflite`` file is made of, read from its flatbuffer without executing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from export.convert.graphs import Graph
from export.inspect import tflite_file
from export.inspect.constants import Constant
from export.inspect.tflite_file import (
    DATA_INPUT,
    SIGNATURE,
    WEIGHTS_INPUT,
    dtype,
    is_quantized,
    operators,
    shape,
    text,
)
from export.verify.verdicts import Assurance, Verdict, equal

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

FLOATS = ("float32", "float16", "int8", "int32")
"""Types of floats as the converter stores them; the last two with a scale."""

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


class TFLiteModel:
    """A saved file: its schema's objects, and its first graph, the one that runs.

    Raises:
        UserError: when the file is missing or not a TFLite model.
    """

    def __init__(self, path: Path) -> None:
        self.model = tflite_file.read(path)
        self.graph = self.model.subgraphs[0]
        self.size = path.stat().st_size

    def sequence(self) -> list[str]:
        """Operators in the order in which they run."""
        return [name for name, _ in operators(self.model)]

    def operators(self) -> dict[str, int]:
        """How often each operator occurs."""
        return dict(Counter(self.sequence()).most_common())

    def unwanted(self) -> list[str]:
        """Operators that phones' delegates do not take, with the reason in a word."""
        found = []
        for name, operator in operators(self.model):
            taken = [i for i in tflite_file.inputs(operator) if i != tflite_file.ABSENT]
            shapes = [shape(self.graph.tensors[i]) for i in taken]
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
            raw = tflite_file.values(self.model, tensor)
            if raw is None or not _stands_for_floats(tensor):
                continue
            values = raw.astype(np.float32)
            tolerance: Any = np.abs(values) * 2.0**-22 + 1e-7
            if dtype(tensor) == "float16":
                tolerance = np.abs(values) * 2.0**-10 + 1e-7
            if is_quantized(tensor):
                scale = np.asarray(tensor.quantization.scale, np.float32)
                zero = np.asarray(tensor.quantization.zeroPoint, np.float32)
                if scale.size > 1:
                    axis = [1] * raw.ndim
                    axis[tensor.quantization.quantizedDimension] = scale.size
                    scale, zero = scale.reshape(axis), zero.reshape(axis)
                values = (values - zero) * scale
                tolerance = 0.51 * scale + 1e-7
            found.append(Constant(text(tensor.name), values.astype(np.float32), tolerance))
        return found

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
        found += [f"metadata {text(e.name)}" for e in metadata if e.name not in METADATA]
        notes = (model.buffers[entry.buffer].data for entry in metadata)
        if (size := sum(len(note) for note in notes if note is not None)) > MAX_METADATA:
            found.append(f"{size} bytes of metadata")
        for tensor in self.graph.tensors:
            data = tflite_file.constant(model, tensor)
            if data is None or _stands_for_floats(tensor):
                continue
            if len(data) > MAX_SHAPE * (4 if dtype(tensor) == "int32" else 8):
                found.append(text(tensor.name))
        for name, operator in operators(model):
            options = operator.customOptions
            if operator.largeCustomOptionsSize or (options is not None and len(options)):
                found.append(f"options of {name}")
        if abs(extra := self.size - len(tflite_file.serialize(model))) > MAX_SLACK:
            found.append(f"{extra} bytes that no part of the graph refers to")
        return found

    def _signature(self) -> Verdict:
        """Apps give and take tensors by the names of a signature, not by their order."""

        def entry(name: str, index: int) -> str:
            return f"{name} = {index}"

        def described(inputs: Iterable[str], outputs: Iterable[str], key: str = SIGNATURE) -> str:
            return f"{key}({', '.join(sorted(inputs))}) -> {', '.join(sorted(outputs))}"

        def ports(indices: Iterable[int]) -> list[str]:
            return [entry(text(self.graph.tensors[i].name), i) for i in indices]

        def entries(maps: Any) -> list[str]:
            return [entry(text(e.name), e.tensorIndex) for e in maps or []]

        found = [
            described(entries(s.inputs), entries(s.outputs), text(s.signatureKey))
            + (f" of subgraph {s.subgraphIndex}" if s.subgraphIndex else "")
            for s in self.model.signatureDefs or []
        ]
        wanted = described(ports(self.graph.inputs), ports(self.graph.outputs))
        return equal("signature", "; ".join(found) or "none", wanted, Assurance.STRUCTURE)

    def _types(self) -> dict[str, set[str]]:
        """Types by what has them, as of ``TFLitePrecision.types``."""
        tensors = self.graph.tensors
        unpacked = {
            tensor: tflite_file.inputs(operator)[0]
            for tensor, operator in tflite_file.unpacked_constants(self.model).items()
        }
        weights, data = set(), set()
        for name, operator in operators(self.model):
            if name in DATA_INPUT:
                taken = tflite_file.inputs(operator)
                weights.add(unpacked.get(taken[WEIGHTS_INPUT], taken[WEIGHTS_INPUT]))
                data.add(taken[DATA_INPUT[name]])
        constant = {i for i in range(len(tensors)) if tflite_file.is_constant(self.model, i)}
        values = {i: prod(shape(tensor)) for i, tensor in enumerate(tensors)}
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
        return {what: {dtype(tensors[i]) for i in indices} for what, indices in having.items()}

    def _precision(self, precision: str, allowed: Mapping[str, set[str]]) -> Verdict:
        wrong = [
            f"{what} in {'/'.join(sorted(found - allowed[what])).upper()}"
            for what, found in self._types().items()
            if found - allowed[what]
        ]
        return equal("precision", ", ".join(wrong) or precision, precision, Assurance.STRUCTURE)

    def check(self, graph: Graph, precision: str, types: Mapping[str, set[str]]) -> list[Verdict]:
        """Names, shapes and order of inputs and outputs; operators; contents; precision.

        Args:
            graph: what the file was made from.
            precision: what it was made in, by name.
            types: names of the tensor types that it allows, by what has them.
        """

        def shaped(name: str, size: Iterable[int]) -> str:
            return f"{name} {'x'.join(str(n) for n in size)}"

        def ports(indices: Iterable[int]) -> str:
            tensors = [self.graph.tensors[i] for i in indices]
            return ", ".join(shaped(text(t.name), shape(t)) for t in tensors)

        wanted_in = ", ".join(shaped(p.name, p.nhwc) for p in graph.contract.inputs)
        wanted_out = ", ".join(shaped(p.name, p.nhwc) for p in graph.contract.outputs)
        finite = all(np.isfinite(c.values).all() for c in self.constants())
        return [
            equal("inputs", ports(self.graph.inputs), wanted_in, Assurance.STRUCTURE),
            equal("outputs", ports(self.graph.outputs), wanted_out, Assurance.STRUCTURE),
            self._signature(),
            self._precision(precision, types),
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
            if dtype(tensor) == "int8" and is_quantized(tensor):
                result[text(tensor.name)] = {
                    "dtype": "int8",
                    "scale": float(tensor.quantization.scale[0]),
                    "zero_point": int(tensor.quantization.zeroPoint[0]),
                }
        return result


def _stands_for_floats(tensor: Any) -> bool:
    """Whether ``constants`` can say which floats a constant stands for; plain integers are
    shapes, axes and paddings."""
    plain = dtype(tensor) == "int32" and not is_quantized(tensor)
    return dtype(tensor) in FLOATS and not plain and tensor.sparsity is None

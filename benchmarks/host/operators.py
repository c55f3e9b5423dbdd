"""How long each operator of a ``.tflite`` file takes, each executed alone by the real runtime.

LiteRT's Python package has no profiler. So every operator is cut out into a file of its own, with
its constants, and timed with the same delegate and threads. What a delegate gains by fusing
neighbours, and what they gain from each other's caches, is not seen: the sum may differ from the
whole, and both are in the report.
"""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from benchmarks.latency.timing import TOP_OPERATORS
from export.inspect import tflite_file
from export.inspect.tflite_file import ABSENT, inputs, is_constant, outputs, shape

RUNS, SECONDS = 20, 0.05
"""Each operator runs this often at most, for this long at least unless it has run often enough."""


@dataclass(frozen=True)
class OperatorTime:
    """One operator, or several that are alike.

    Attributes:
        operator: its name in the schema.
        where: shape of its output.
        count: how many are alike in operator, options and shapes.
        ms: all of them together.
        share: of the sum over all operators.
    """

    operator: str
    where: str
    count: int
    ms: float
    share: float


def profile(model: schema.ModelT, threads: int) -> tuple[list[OperatorTime], float]:
    """The dearest operators, dearest first, and the sum over all in milliseconds."""
    folded = _folded(model)
    times: dict[Any, float] = {}
    counts: defaultdict[Any, int] = defaultdict(int)
    for index, (name, operator) in enumerate(tflite_file.operators(model)):
        if folded.keys() & set(outputs(operator)):
            continue
        key = _kind(model, name, operator)
        counts[key] += 1
        if key not in times:
            times[key] = _time(alone(model, index), threads)
    total = sum(times[key] * count for key, count in counts.items())
    found = [
        OperatorTime(key[0], key[1], count, times[key] * count, times[key] * count / total)
        for key, count in counts.items()
    ]
    return sorted(found, key=lambda item: -item.ms)[:TOP_OPERATORS], total


def alone(model: schema.ModelT, index: int) -> bytes:
    """A file with one operator of another, its inputs as inputs and its constants as they are."""
    operator = model.subgraphs[0].operators[index]
    source = _folded(model)
    chosen = [source[i] for i in inputs(operator) if i in source]
    chosen.append(operator)
    made = copy.copy(model)
    graph = copy.copy(model.subgraphs[0])
    graph.operators = chosen
    given = {outputs(op)[0] for op in chosen[:-1]}
    taken = (i for op in chosen for i in inputs(op) if i != ABSENT)
    graph.inputs = [i for i in dict.fromkeys(taken) if not is_constant(model, i) and i not in given]
    graph.outputs = operator.outputs
    made.subgraphs = [graph]
    made.signatureDefs, made.metadata, made.metadataBuffer = [], [], []
    used = {i for op in chosen for i in (*inputs(op), *outputs(op)) if i != ABSENT}
    kept = {0, *(graph.tensors[i].buffer for i in used)}
    empty = schema.BufferT()
    made.buffers = [b if i in kept else empty for i, b in enumerate(model.buffers)]
    return tflite_file.serialize(made)


def _folded(model: schema.ModelT) -> dict[int, schema.OperatorT]:
    """Operators that runtimes make part of the one that follows, by the tensor that they give:
    unpacked constants, and zero padding before a single convolution."""
    found = tflite_file.unpacked_constants(model)
    operators = tflite_file.operators(model)
    readers: defaultdict[int, list[str]] = defaultdict(list)
    for name, op in operators:
        for i in inputs(op):
            readers[i].append(name)
    for name, op in operators:
        for output in outputs(op):
            if name == "PAD" and readers[output] in (["CONV_2D"], ["DEPTHWISE_CONV_2D"]):
                found[output] = op
    return found


def _time(content: bytes, threads: int) -> float:
    """Median milliseconds of a run on random inputs."""
    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(0)
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], _random(rng, details))
    interpreter.invoke()
    taken: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(taken) < 3 or (len(taken) < RUNS and time.perf_counter() < end):
        start = time.perf_counter()
        interpreter.invoke()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken) * 1000)


def _random(rng: np.random.Generator, details: dict[str, Any]) -> np.ndarray:
    shape, dtype = details["shape"], np.dtype(details["dtype"])
    if dtype.kind == "f":
        return rng.uniform(0.1, 1, shape).astype(dtype)
    if dtype == np.int8:
        return rng.integers(-128, 128, shape, np.int8)
    return np.zeros(shape, dtype)  # indices, most of all: the first of anything is there


def _kind(model: schema.ModelT, name: str, operator: schema.OperatorT) -> tuple[str, str, str]:
    """What operators that take equally long have in common."""
    tensors = model.subgraphs[0].tensors
    wired = [i for i in (*inputs(operator), *outputs(operator)) if i != ABSENT]
    shapes = [(tensors[i].type, *shape(tensors[i])) for i in wired]
    options = vars(operator.builtinOptions) if operator.builtinOptions else {}
    where = "x".join(str(n) for i in outputs(operator)[:1] for n in shape(tensors[i]))
    return name, where, f"{shapes} {sorted(options.items())}"

"""Execute a ``.tflite`` file from disk with LiteRT, as a phone's CPU would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from torch import Tensor, from_numpy

from export.inspect.tflite_file import SIGNATURE
from export.suppress_output import suppress_output
from facestyle.contract import Contract


class TFLiteFile:
    """A loaded file, run by its signature as apps run it: XNNPACK, two threads.

    Raises:
        ConversionError: when LiteRT cannot load it.
    """

    def __init__(self, path: Path, contract: Contract) -> None:
        self.contract = contract
        with suppress_output(str(path)):
            self.interpreter = Interpreter(str(path), num_threads=2)
            self.interpreter.allocate_tensors()
            self._signature = self.interpreter.get_signature_runner(SIGNATURE)
        self.inputs = self._signature.get_input_details()
        self.outputs = self._signature.get_output_details()

    def run(self, inputs: Sequence[Tensor]) -> Tensor:
        """Execute on inputs in the contract's order and shapes, (1, C, H, W); so the output.

        Raises:
            ValueError: when an input is of another shape than the file's.
        """
        given = {}
        for port, value in zip(self.contract.inputs, inputs):
            array = np.ascontiguousarray(value.permute(0, 2, 3, 1).numpy())
            details = self.inputs[port.name]
            # LiteRT would make the file's graph fit whatever it is given.
            if array.shape != tuple(details["shape"]):
                raise ValueError(f"{port.name} is given {array.shape}, takes {details['shape']}")
            stored = Quantization.of(details)
            given[port.name] = array if stored is None else stored.quantize(array)
        (port,) = self.contract.outputs
        result = self._signature(**given)[port.name]
        stored = Quantization.of(self.outputs[port.name])
        if stored is not None:
            result = stored.dequantize(result)
        return from_numpy(result).permute(0, 3, 1, 2)


def partitions(interpreter: Interpreter) -> int:
    """How many pieces of the graph XNNPACK took."""
    return len(_delegates(interpreter))


def fully_delegated(interpreter: Interpreter) -> bool:
    """Whether one piece takes the graph's inputs and constants alone and gives its outputs, so
    that nothing is left to the reference kernels."""
    delegates = _delegates(interpreter)
    if len(delegates) != 1:
        return False
    (delegate,) = delegates
    graph_inputs = {d["index"] for d in interpreter.get_input_details()}
    graph_outputs = {d["index"] for d in interpreter.get_output_details()}
    produced = {
        int(t)
        for op in interpreter._get_ops_details()
        if op["op_name"] != "DELEGATE"
        for t in op["outputs"]
        # fp16 weights pass a DEQUANTIZE that is folded when the delegate is made
        if op["op_name"] != "DEQUANTIZE"
    }
    taken = {int(t) for t in delegate["inputs"]}
    return graph_outputs <= {int(t) for t in delegate["outputs"]} and not (
        (taken - graph_inputs) & produced
    )


def _delegates(interpreter: Interpreter) -> list[dict[str, NDArray[np.int32]]]:
    return [op for op in interpreter._get_ops_details() if op["op_name"] == "DELEGATE"]


@dataclass(frozen=True)
class Quantization:
    """``value = (q - zero_point) * scale`` of an input or output of integers."""

    dtype: str
    scale: float
    zero_point: int

    @classmethod
    def of(cls, details: dict) -> Quantization | None:
        """From the interpreter's details of a tensor; None for floats."""
        dtype = np.dtype(details["dtype"])
        if dtype.kind == "f":
            return None
        scale, zero_point = details["quantization"]
        return cls(dtype.name, scale, zero_point)

    def quantize(self, values: NDArray[np.float32]) -> NDArray:
        """As the graph takes them, ``round(value / scale + zero_point)``; what is out of reach
        becomes the nearest that is not.

        >>> Quantization("int8", 1 / 255, -128).quantize(np.float32([0, 1, 7])).tolist()
        [-128, 127, 127]
        """
        limits = np.iinfo(self.dtype)
        found = np.round(values / self.scale + self.zero_point)
        return np.clip(found, limits.min, limits.max).astype(self.dtype)

    def dequantize(self, stored: NDArray) -> NDArray[np.float32]:
        """What the graph gave: ``(q - zero_point) * scale``.

        >>> Quantization("int8", 0.5, -128).dequantize(np.int8([-128, -126])).tolist()
        [0.0, 1.0]
        """
        return ((stored.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)

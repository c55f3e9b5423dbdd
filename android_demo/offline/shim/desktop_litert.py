"""Executes a .tflite file with Python's LiteRT: ``MODEL OUTPUT NAME=FILE...``, as run_model.c.

Needs a Python with ai-edge-litert, which ``make export`` installs into ``.venv``.
"""

import sys
import time
from pathlib import Path

import ai_edge_litert
import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(model: str, output: str, *inputs: str) -> None:
    """Execute the model on raw inputs, and write its first output."""
    runner = Interpreter(model_path=model, num_threads=2).get_signature_runner("serving_default")
    details = runner.get_input_details()
    arrays = {}
    for name, _, path in (one.partition("=") for one in inputs):
        detail = details[name]
        arrays[name] = np.fromfile(path, detail["dtype"]).reshape(detail["shape"])
    started = time.monotonic()
    (result,) = runner(**arrays).values()
    milliseconds = (time.monotonic() - started) * 1e3
    Path(output).write_bytes(result.tobytes())
    print(f"LiteRT {ai_edge_litert.__version__}, {milliseconds:.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs a ``.tflite`` file on given inputs. Imports nothing of this project: on Arm there is only
LiteRT and numpy. The host runs the same functions, so that both do the same.

    python runner.py MODEL INPUTS.npz OUTPUTS.npz

Both archives hold one array for each input and output of each probe, as ``<probe>/<name>``, in the
file's own types. Under the counting plugin, marks stand around every run and around an empty one.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

MARK = 0xFACE
"""The system call that the plugin waits for."""


def load(model: str) -> Interpreter:
    """Ready to run, on one thread."""
    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def feed(interpreter: Interpreter, inputs: Arrays) -> None:
    """Set the inputs by name."""
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], inputs[details["name"]])


def outputs(interpreter: Interpreter) -> Arrays:
    """The outputs by name, copied."""
    return {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}


def infer(interpreter: Interpreter, inputs: Arrays) -> Arrays:
    """Feed, run, read."""
    feed(interpreter, inputs)
    interpreter.invoke()
    return outputs(interpreter)


def by_probe(arrays: Arrays) -> dict[str, Arrays]:
    """``<probe>/<name>`` taken apart; probes stay in their order."""
    found: dict[str, Arrays] = {}
    for key, array in arrays.items():
        probe, name = key.rsplit("/", 1)
        found.setdefault(probe, {})[name] = array
    return found


def flat(arrays: dict[str, Arrays]) -> Arrays:
    """The opposite of ``by_probe``."""
    return {f"{probe}/{n}": array for probe, named in arrays.items() for n, array in named.items()}


def main(model: str, source: str, target: str) -> None:
    """Run every probe once and the last once more, with marks: run ``i`` is between ``2 * i`` and
    ``2 * i + 1``, the last run is empty. The first run, which prepares much, is of neither of
    the two."""
    with np.load(source) as archive:
        probes = by_probe({key: archive[key] for key in archive.files})
    interpreter = load(model)
    # The extension's own methods: Python's share of a run is a call. It looks a type up by its
    # address, which takes longer in some processes than in others; so does the call of a method
    # that does nothing, which is subtracted.
    run, nothing = interpreter._interpreter.Invoke, interpreter._interpreter.NumNodes
    nothing()
    call = ctypes.CDLL(None).syscall
    gc.disable()
    found = {}
    names = list(probes)
    order = [*names, names[-1]] if len(names) > 1 else names * 3
    for index, name in enumerate(order):
        feed(interpreter, probes[name])
        call(MARK, 2 * index)
        run()
        call(MARK, 2 * index + 1)
        found[name] = outputs(interpreter)
    index = len(order)
    call(MARK, 2 * index)
    nothing()
    call(MARK, 2 * index + 1)
    np.savez(target, **flat(found))


if __name__ == "__main__":
    main(*sys.argv[1:4])

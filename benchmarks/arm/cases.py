"""The files of a build with the inputs they run on, and what PyTorch makes of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, from_numpy

from benchmarks import build_files
from benchmarks.arm import emulator, runner
from benchmarks.arm.runner import Arrays
from export.build import manifest
from export.build.manifest import Manifest
from export.build.verify_build import graph_of, weights_of
from export.convert.graphs import Graph
from export.entries import FileEntry
from export.formats import GRAPHS
from export.formats.tflite import TFLITE, Arithmetic
from export.runtimes.litert import Quantization
from export.suppress_output import suppress_output
from export.verify.test_inputs import Probe, probes
from export.verify.verify_file import references
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError, unknown
from facestyle.style import StyleBook

PROBES = ("canary, strength 0.5", "canary", "portrait, strength 1", "painting")
"""Those that are run, of all that an export checks; the last one's run is counted."""


@dataclass(frozen=True)
class ModelCase:
    """A ``.tflite`` file to run.

    Attributes:
        name: for the report.
        path: of the file.
        entry: of the build's manifest.
        graph: what it was made from.
        inputs: in the file's own types, by probe and name.
        wanted: PyTorch's outputs by probe, (1, C, H, W).
        host: this computer's outputs, in the file's own types, by probe and name.
        quantization: of the output; None for floats.
    """

    name: str
    path: Path
    entry: FileEntry
    graph: Graph
    inputs: dict[str, Arrays]
    wanted: dict[str, Tensor]
    host: dict[str, Arrays]
    quantization: Quantization | None

    @property
    def arithmetic(self) -> Arithmetic:
        """What its convolutions calculate in."""
        return TFLITE.precision(self.entry.precision).arithmetic

    def output(self, outputs: Arrays) -> Tensor:
        """The file's output as floats, (1, C, H, W)."""
        stored = outputs[self.graph.contract.outputs[0].name]
        values = stored if self.quantization is None else self.quantization.dequantize(stored)
        return from_numpy(np.asarray(values, np.float32)).permute(0, 3, 1, 2)


def entries(document: Manifest, graphs: Sequence[str]) -> list[FileEntry]:
    """A manifest's ``.tflite`` files.

    Args:
        document: the manifest.
        graphs: wanted ones; all if empty.

    Raises:
        UserError: when there are none.
    """
    for name in graphs:
        if name not in GRAPHS:
            raise unknown("graph", name, GRAPHS)
    found = [
        entry
        for entry in document.files
        if entry.format == TFLITE.name and (not graphs or entry.graph in graphs)
    ]
    if not found:
        what = " or ".join(graphs)
        raise UserError(f"the build has no .tflite file{f' of {what}' if what else ''}")
    return found


def read(folder: Path, document: Manifest, loaded: Checkpoint, entry: FileEntry) -> ModelCase:
    """One file, run on this computer.

    Args:
        folder: the build.
        document: its manifest.
        loaded: its weights.
        entry: the file's.

    Raises:
        UserError: when the file is not what the export wrote, or does not run here.
    """
    path = build_files.checked(folder, entry)
    styles = None if entry.style is None else StyleBook.load(folder / document.styles)
    graph = graph_of(document, entry, loaded, styles)
    chosen = [probe for probe in probes(graph, loaded.network) if probe.name in PROBES]
    chosen.sort(key=lambda probe: PROBES.index(probe.name))
    with suppress_output(path.name):
        interpreter = runner.load(str(path))
    details = {d["name"]: d for d in interpreter.get_input_details()}
    inputs = {probe.name: _stored(graph, probe, details) for probe in chosen}
    return ModelCase(
        name=build_files.name(document, entry),
        path=path,
        entry=entry,
        graph=graph,
        inputs=inputs,
        wanted=references(graph, chosen),
        host=emulator.on_this_computer(path, inputs),
        quantization=Quantization.of(interpreter.get_output_details()[0]),
    )


def weights(
    folder: Path, checkpoint: Path | None, encoder: Path | None
) -> tuple[Manifest, Checkpoint]:
    """A build's manifest and weights.

    Raises:
        UserError: when there is no build, or its weights are gone.
    """
    document = manifest.read(folder)
    build_files.check_styles(folder, document)
    return document, weights_of(document, checkpoint, encoder)


def _stored(graph: Graph, probe: Probe, details: dict[str, dict[str, Any]]) -> Arrays:
    """A probe's inputs as the file takes them: channels last, quantised where it is."""
    found = {}
    for port, value in zip(graph.contract.inputs, probe.inputs):
        array = np.ascontiguousarray(value.permute(0, 2, 3, 1).numpy())
        stored = Quantization.of(details[port.name])
        found[port.name] = array if stored is None else stored.quantize(array)
    return found

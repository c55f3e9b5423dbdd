"""Rows of the report for models on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.build_files import ModelFile, counted
from benchmarks.host import machine
from benchmarks.host.interleaved_runner import CandidateResult, InterleavedRunner
from benchmarks.host.interleaved_runner import steps as runner_steps
from benchmarks.host.models import FileModel, TorchModel
from benchmarks.host.rounds import STARTS
from benchmarks.latency.timing import ratio
from export.build import manifest
from export.report.page import units
from facestyle.files import numbered


@dataclass(frozen=True)
class Candidate:
    """A model that takes part, whatever its number of threads.

    Attributes:
        name: for the report.
        model: with any number of threads.
        about: members of its row that do not depend on how it runs: file, graph, cost and so on.
    """

    name: str
    model: FileModel | TorchModel
    about: dict[str, Any]


@dataclass(frozen=True)
class HostSettings:
    """How to measure.

    Attributes:
        threads: numbers of them; at each, all models take turns.
        runs, seconds: least measured of every model.
        sustain: seconds that the first model runs without a pause at most threads; 0 for not.
    """

    threads: tuple[int, ...]
    runs: int
    seconds: float
    sustain: float = 0.0


def file_candidate(file: ModelFile) -> Candidate:
    """A ``.tflite`` file, be it of a build or anybody's.

    Raises:
        UserError: when it is none.
    """
    return Candidate(file.name, FileModel(file.path, 1), file.entry())


def with_own_names(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of one name told apart by their folders, and by numbers where that fails."""
    names = Counter(candidate.name for candidate in candidates)
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        name = candidate.name
        if names[name] > 1 and isinstance(candidate.model, FileModel):
            name = f"{candidate.model.path.resolve().parent.name}/{name}"
        for free in numbered(name, 200):
            if free not in found:
                found[free] = replace(candidate, name=free)
                break
    return list(found.values())


def torch_candidates(
    folder: Path, checkpoint: Path | None, encoder: Path | None
) -> list[Candidate]:
    """A build's network in PyTorch, eager and compiled.

    Raises:
        UserError: when its weights are gone.
    """
    from export.build.verify_build import files_of, weights_of
    from export.convert.graphs import build
    from export.inspect import cost

    document = manifest.read(folder)
    loaded = weights_of(document, checkpoint, encoder)
    height, width = document.height, document.width
    graph = build("stylizer", loaded.network, height, width)
    about = {
        "graph": "stylizer",
        "network": loaded.name,
        "format": "pytorch",
        "precision": "fp32",
        "file": None,
        "height": height,
        "width": width,
        "cost": counted(cost.macs(graph), cost.parameters(graph)),
    }
    weights, features = files_of(document, checkpoint, encoder)
    model = TorchModel(
        network=loaded.name,
        weights=weights,
        encoder=features,
        untrained=loaded.untrained,
        height=height,
        width=width,
        threads=1,
        compiled=False,
    )
    title = f"{loaded.name} {height}x{width} PyTorch"
    return [
        Candidate(f"{title} eager", model, about),
        Candidate(f"{title} compiled", replace(model, compiled=True), about),
    ]


def steps(candidates: int, settings: HostSettings) -> int:
    """How often ``measure`` reports progress."""
    return runner_steps(candidates) * len(settings.threads) + (1 if settings.sustain else 0)


def measure(
    candidates: Sequence[Candidate], settings: HostSettings, progress: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Time models on this machine.

    Args:
        candidates: the first is what the others are compared with.
        settings: how.
        progress: told what is about to be done.

    Returns:
        rows of the report, not judged, and notes on what could not be measured.

    Raises:
        UserError: when the first cannot be measured, since nothing can be compared then.
    """
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    models = {candidate.name: candidate.model for candidate in candidates}
    for threads in settings.threads:
        runner = InterleavedRunner(models, threads, progress)
        sustained = settings.sustain if threads == max(settings.threads) else 0.0
        runner.run(settings.runs, settings.seconds, sustained)
        rows += _rows(candidates, runner, threads)
        notes += runner.notes
    return rows, list(dict.fromkeys(notes))


def measure_with_bar(
    candidates: Sequence[Candidate], settings: HostSettings
) -> tuple[list[dict[str, Any]], list[str]]:
    """``measure`` with a progress bar on terminals."""
    with tqdm(total=steps(len(candidates), settings), disable=None) as bar:

        def progress(step: str) -> None:
            bar.set_description(step[:60])
            bar.update()

        return measure(candidates, settings, progress)


def _rows(
    candidates: Sequence[Candidate], runner: InterleavedRunner, threads: int
) -> list[dict[str, Any]]:
    rows = [
        _row(candidate, threads, runner.results[candidate.name])
        for candidate in candidates
        if candidate.name in runner.results
    ]
    for row in rows[1:]:
        value, low, high = ratio(row["stages"]["inference"], rows[0]["stages"]["inference"], STARTS)
        row["ratio"] = {"to": rows[0]["name"], "value": value, "low": low, "high": high}
    return rows


def _row(candidate: Candidate, threads: int, result: CandidateResult) -> dict[str, Any]:
    start = result.starts[0]
    more = {"sustained": result.sustained, "operators": result.operators}
    return {
        "name": f"{candidate.name}, {units.count(threads, 'thread')}",
        **candidate.about,
        **({"height": start.size[0], "width": start.size[1]} if start.size else {}),
        "runtime": _runtime(candidate.model, threads),
        "stages": result.record.stages(start.size is not None),
        "load_ms": result.load_ms,
        "first_run_ms": result.first_run_ms,
        "peak_memory_bytes": result.memory,
        "partitions": start.partitions,
        "fully_delegated": start.fully_delegated,
        "conditions": machine.conditions() | result.record.conditions() | result.conditions,
        **{key: value for key, value in more.items() if value is not None},
    }


def _runtime(model: FileModel | TorchModel, threads: int) -> dict[str, Any]:
    versions = manifest.tools()
    if isinstance(model, FileModel):
        found: dict[str, Any] = {
            "name": "LiteRT",
            "version": versions["ai-edge-litert"],
            "delegate": "XNNPACK",
        }
    else:
        delegate = "torch.compile" if model.compiled else None
        found = {"name": "PyTorch", "version": versions["torch"], "delegate": delegate}
    return found | {"threads": threads}

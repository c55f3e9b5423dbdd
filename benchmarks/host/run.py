"""Rows of the report for models on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.build_files import ModelFile
from benchmarks.host import machine
from benchmarks.host.models import FileModel, TorchModel
from benchmarks.host.race import Lap, race, sustain, turns
from benchmarks.host.worker import Lost, Worker
from benchmarks.latency.timing import ratio
from export import manifest
from facestyle.files import numbered


@dataclass(frozen=True)
class Entrant:
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
class Settings:
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


def file_entrant(file: ModelFile) -> Entrant:
    """A ``.tflite`` file, be it of a build or anybody's.

    Raises:
        UserError: when it is none.
    """
    return Entrant(file.name, FileModel(file.path, 1), file.entry())


def with_own_names(entrants: Sequence[Entrant]) -> list[Entrant]:
    """Entrants, those of one name told apart by their folders, and by numbers where that fails."""
    names = Counter(entrant.name for entrant in entrants)
    found: dict[str, Entrant] = {}
    for entrant in entrants:
        name = entrant.name
        if names[name] > 1 and isinstance(entrant.model, FileModel):
            name = f"{entrant.model.path.resolve().parent.name}/{name}"
        for free in numbered(name, 200):
            if free not in found:
                found[free] = replace(entrant, name=free)
                break
    return list(found.values())


def torch_entrants(folder: Path, checkpoint: Path | None, encoder: Path | None) -> list[Entrant]:
    """A build's network in PyTorch, eager and compiled.

    Raises:
        UserError: when its weights are gone.
    """
    from export import cost
    from export.graphs import build
    from export.recheck import weights_of

    document = manifest.read(folder)
    stored = document["weights"]
    loaded = weights_of(document, checkpoint, encoder)
    height, width = document["height"], document["width"]
    graph = build("stylizer", loaded.network, height, width)
    counted = cost.figures(graph, "pytorch")
    about = {
        "graph": "stylizer",
        "network": loaded.name,
        "format": "pytorch",
        "precision": "fp32",
        "file": None,
        "height": height,
        "width": width,
        "cost": {
            "macs": counted["macs"],
            "parameters": counted["parameters"],
            "bytes_moved": None,
            "arm_instructions": None,
        },
    }
    model = TorchModel(
        network=loaded.name,
        weights=checkpoint or (Path(stored["source"]) if stored["source"] else None),
        encoder=encoder or (Path(stored["encoder"]) if stored["encoder"] else None),
        untrained=stored["untrained"],
        height=height,
        width=width,
        threads=1,
        compiled=False,
    )
    title = f"{loaded.name} {height}x{width} PyTorch"
    return [
        Entrant(f"{title} eager", model, about),
        Entrant(f"{title} compiled", replace(model, compiled=True), about),
    ]


def steps(entrants: int, settings: Settings) -> int:
    """How often ``measure`` reports progress."""
    heat = entrants + turns(entrants) + entrants
    return heat * len(settings.threads) + (1 if settings.sustain else 0)


def measure(
    entrants: Sequence[Entrant], settings: Settings, progress: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Time models on this machine.

    Args:
        entrants: the first is what the others are compared with.
        settings: how.
        progress: told what is about to be done.

    Returns:
        rows of the report, and notes on what could not be measured.

    Raises:
        UserError: when the first cannot be measured, since nothing can be compared then.
    """
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for threads in settings.threads:
        last = threads == max(settings.threads)
        rows += _heat(entrants, threads, settings, settings.sustain * last, notes, progress)
    return rows, list(dict.fromkeys(notes))


def _heat(
    entrants: Sequence[Entrant],
    threads: int,
    settings: Settings,
    seconds: float,
    notes: list[str],
    progress: Callable[[str], None],
) -> list[dict[str, Any]]:
    """All models at one number of threads."""
    workers: dict[str, Worker] = {}
    try:
        for entrant in entrants:
            progress(f"{entrant.name}: loading")
            try:
                model = replace(entrant.model, threads=threads)
                workers[entrant.name] = Worker(entrant.name, model)
            except Lost as error:
                if entrant is entrants[0]:
                    raise
                notes.append(f"not measured: {error}")
        laps = race(workers, settings.runs, settings.seconds, progress)
        running = [entrant for entrant in entrants if entrant.name in workers]
        rows = [_row(e, threads, workers[e.name], laps[e.name]) for e in running]
        for row in rows[1:]:
            value, low, high = ratio(row["stages"]["inference"], rows[0]["stages"]["inference"])
            row["ratio"] = {"to": rows[0]["name"], "value": value, "low": low, "high": high}
        if seconds:
            progress(f"{running[0].name}: {seconds:g} s without a pause")
            rows[0]["sustained"] = sustain(workers[running[0].name], seconds)
        for entrant, row in zip(running, rows):
            progress(f"{entrant.name}: operators")
            _add_operators(entrant, row, workers[entrant.name])
    finally:
        for worker in workers.values():
            worker.stop()
    return rows


def _row(entrant: Entrant, threads: int, worker: Worker, lap: Lap) -> dict[str, Any]:
    size = worker.ready.size
    return {
        "name": f"{entrant.name}, {threads} thread{'s' if threads > 1 else ''}",
        **entrant.about,
        **({"height": size[0], "width": size[1]} if size else {}),
        "runtime": _runtime(entrant.model, threads),
        "stages": lap.stages(size is not None),
        "load_ms": worker.ready.load_ms,
        "first_run_ms": worker.ready.first_run_ms,
        "peak_memory_bytes": worker.peak_memory(),
        "partitions": worker.ready.partitions,
        "fully_delegated": worker.ready.fully_delegated,
        "conditions": machine.conditions() | lap.conditions(),
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


def _add_operators(entrant: Entrant, row: dict[str, Any], worker: Worker) -> None:
    if not isinstance(entrant.model, FileModel):
        return
    found, total = worker.operators()
    row["operators"] = found
    row["conditions"]["operators_sum_ms"] = round(total, 4)

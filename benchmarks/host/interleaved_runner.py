"""All models at one number of threads, started several times, and what became of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.host.models import FileModel, TorchModel
from benchmarks.host.rounds import STARTS, SampleRecord, run_rounds, sustain, turns
from benchmarks.host.worker import Lost, Ready, Worker

SEED = 0
"""Of the order in which models take their turns."""


@dataclass
class CandidateResult:
    """Of one model.

    Attributes:
        record: what it ran.
        starts: what each of its processes told when it began.
        memory: most bytes that any of them needed; None where the system does not tell.
        sustained, operators: see the report's schema; None if not measured.
        conditions: of these.
    """

    record: SampleRecord = field(default_factory=SampleRecord)
    starts: list[Ready] = field(default_factory=list)
    memory: int | None = None
    sustained: dict[str, Any] | None = None
    operators: list[dict[str, Any]] | None = None
    conditions: dict[str, Any] = field(default_factory=dict)

    @property
    def load_ms(self) -> float:
        """Median over starts."""
        return float(np.median([start.load_ms for start in self.starts]))

    @property
    def first_run_ms(self) -> float:
        """Median over starts."""
        return float(np.median([start.first_run_ms for start in self.starts]))


class InterleavedRunner:
    """The models, their results so far, and why some have dropped out."""

    def __init__(
        self,
        models: Mapping[str, FileModel | TorchModel],
        threads: int,
        progress: Callable[[str], None],
    ) -> None:
        self.models = {name: replace(model, threads=threads) for name, model in models.items()}
        self.results = {name: CandidateResult() for name in models}
        self.notes: list[str] = []
        self._first = next(iter(models))
        self._progress = progress

    def run(self, runs: int, seconds: float, sustained: float) -> None:
        """Measure all.

        Args:
            runs, seconds: least of every model.
            sustained: seconds that the first model runs without a pause; 0 for not.

        Raises:
            Lost: when the first, with which the others are compared, does not come through.
        """
        order = random.Random(SEED)
        for start in range(STARTS):
            workers: dict[str, Worker] = {}
            try:
                self._start(workers)
                records = {name: self.results[name].record for name in workers}
                lost = run_rounds(workers, records, order, runs, seconds, self._progress)
                for name, error in lost.items():
                    self._drop(name, error)
                for name in workers.keys() - lost.keys():
                    self._remember(self.results[name], workers[name])
                if start == STARTS - 1:
                    self._more({n: w for n, w in workers.items() if n in self.results}, sustained)
            finally:
                for worker in workers.values():
                    worker.stop()

    def _start(self, workers: dict[str, Worker]) -> None:
        for name in list(self.results):
            self._progress(f"{name}: loading")
            try:
                workers[name] = Worker(name, self.models[name])
            except Lost as error:
                self._drop(name, error)

    def _drop(self, name: str, error: Lost) -> None:
        """Go on without a model, unless it is the first."""
        if name == self._first:
            raise error
        self.notes.append(f"not measured: {error}")
        del self.results[name]

    @staticmethod
    def _remember(result: CandidateResult, worker: Worker) -> None:
        result.starts.append(worker.ready)
        needed = worker.peak_memory()
        if needed is not None:
            result.memory = max(needed, result.memory or 0)

    def _more(self, workers: Mapping[str, Worker], sustained: float) -> None:
        """What is measured once, after the turns; a model that fails here keeps its times."""
        for name, worker in workers.items():
            result = self.results[name]
            try:
                if sustained and name == self._first:
                    self._progress(f"{name}: {sustained:g} s without a pause")
                    result.sustained, result.conditions = sustain(worker, sustained)
                self._progress(f"{name}: operators")
                if isinstance(self.models[name], FileModel):
                    result.operators, total = worker.operators()
                    result.conditions["operators_sum_ms"] = round(total, 4)
            except Lost as error:
                self.notes.append(f"operators not timed: {error}")


def steps(models: int) -> int:
    """How often a runner reports progress, for so many models, without a sustained run."""
    return STARTS * (models + turns(models)) + models

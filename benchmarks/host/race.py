"""Models that take turns, in another order every round, so that all meet the same machine and
nobody always follows the same neighbour."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.host.machine import Meter, cores, throttle_events
from benchmarks.host.worker import Samples, Worker
from benchmarks.latency.timing import timing

ROUNDS = 12
"""Turns of every model."""

SEED = 0
"""Of the order in which they take their turns."""

WARM_UP_SECONDS = 0.5
WARM_UP_RUNS = 3
"""A warm-up lasts this long and takes at least as many runs."""

WINDOW_SECONDS = 1.0
"""Of a sustained run."""

STAGES = ("preprocess", "inference", "postprocess")


@dataclass
class Lap:
    """What a model has run so far.

    Attributes:
        samples: of all its turns.
        rounds: runs of every turn.
        seconds: that its turns lasted.
        others: CPU seconds that other programs had meanwhile.
        throttled: whether the processor was slowed for heat meanwhile.
    """

    samples: Samples = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    seconds: float = 0.0
    others: float = 0.0
    throttled: bool = False

    def stages(self, pictures: bool) -> dict[str, Any]:
        """``stages`` of the report's schema; inference alone if no picture goes in."""
        table = np.asarray(self.samples)
        found = {
            name: timing(table[:, i].tolist(), self.rounds)
            for i, name in enumerate(STAGES)
            if pictures or name == "inference"
        }
        return found | (
            {"end_to_end": timing(table.sum(1).tolist(), self.rounds)} if pictures else {}
        )

    def conditions(self) -> dict[str, Any]:
        """What happened on the machine meanwhile."""
        share = self.others / (cores() * self.seconds)
        return {"others_cpu_share": round(share, 4), "throttled": self.throttled}


def race(
    workers: Mapping[str, Worker],
    minimum_runs: int,
    minimum_seconds: float,
    progress: Callable[[str], None],
) -> dict[str, Lap]:
    """Time models that are loaded already.

    Args:
        workers: by name.
        minimum_runs, minimum_seconds: of every model, after its warm-up.
        progress: called before every turn with the model's name.
    """
    turn = {name: _runs(worker, minimum_runs, minimum_seconds) for name, worker in workers.items()}
    laps = {name: Lap() for name in workers}
    order = random.Random(SEED)
    for _ in range(ROUNDS):
        for name in order.sample(list(workers), len(workers)):
            progress(name)
            _take_turn(workers[name], laps[name], turn[name])
    # A turn's length was guessed from the warm-up; who was faster since then runs on.
    for name, lap in laps.items():
        while sum(map(sum, lap.samples)) / 1000 < minimum_seconds:
            _take_turn(workers[name], lap, turn[name], same_round=True)
    return laps


def turns(workers: int) -> int:
    """How often ``race`` reports progress, for so many models."""
    return workers * ROUNDS


def sustain(worker: Worker, seconds: float) -> dict[str, Any]:
    """``sustained`` of the report's schema: inference without a pause, in windows."""
    samples = np.asarray(worker.sustain(seconds))
    ends = samples.sum(1).cumsum() / 1000
    window = (ends // WINDOW_SECONDS).astype(int)
    medians = [float(np.median(samples[window == w, 1])) for w in np.unique(window)]
    fifth = max(1, len(medians) // 5)
    drift = float(np.median(medians[-fifth:]) / np.median(medians[:fifth]) - 1)
    return {
        "seconds": float(ends[-1]),
        "window_seconds": WINDOW_SECONDS,
        "p50_ms": medians,
        "drift": drift,
    }


def _runs(worker: Worker, minimum_runs: int, minimum_seconds: float) -> int:
    """Warm up; runs of a turn so that all turns together suffice."""
    taken: list[float] = []
    while len(taken) < WARM_UP_RUNS or sum(taken) < 1000 * WARM_UP_SECONDS:
        # As many again: asking takes longer than a small model's run.
        taken += [sum(sample) for sample in worker.run(len(taken) or 1)]
    typical = float(np.median(taken[len(taken) // 2 :])) / 1000
    return max(math.ceil(minimum_runs / ROUNDS), math.ceil(minimum_seconds / ROUNDS / typical))


def _take_turn(worker: Worker, lap: Lap, runs: int, same_round: bool = False) -> None:
    events = throttle_events()
    before, start = Meter.read(worker.process), time.perf_counter()
    found = worker.run(runs)
    lap.seconds += time.perf_counter() - start
    lap.others += Meter.read(worker.process).others_since(before)
    lap.throttled |= throttle_events() > events
    lap.samples += found
    if same_round:
        lap.rounds[-1] += len(found)
    else:
        lap.rounds.append(len(found))

"""Rounds in which models take turns, each in another order, so that all meet the same machine and
nobody always follows the same neighbour."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks.host.machine import Meter, cores, throttle_events
from benchmarks.host.worker import Lost, Samples, Worker
from benchmarks.latency.timing import drift, timing

STARTS = 3
"""Processes of every model, one after the other: where a process lies in memory changes how fast it
is by a few per cent, for as long as it lives."""

ROUNDS = 4
"""Turns of every process."""

WARM_UP_RUNS, WARM_UP_SECONDS = 3, 0.5
"""Of every process before its first turn, at least."""

WINDOW_SECONDS = 1.0
"""Of a sustained run, or so long that a few frames fit in."""

STAGES = ("preprocess", "inference", "postprocess")


@dataclass
class SampleRecord:
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

    def watch(self, worker: Worker, work: Callable[[], Samples]) -> Samples:
        """Let a worker work, and the machine be watched meanwhile."""
        events = throttle_events()
        before, start = Meter.read(worker.process), time.perf_counter()
        found = work()
        self.seconds += time.perf_counter() - start
        self.others += Meter.read(worker.process).others_since(before)
        self.throttled |= throttle_events() > events
        return found


def run_rounds(
    workers: Mapping[str, Worker],
    records: Mapping[str, SampleRecord],
    order: random.Random,
    minimum_runs: int,
    minimum_seconds: float,
    progress: Callable[[str], None],
) -> dict[str, Lost]:
    """Time models that are loaded already, in one of ``STARTS`` starts.

    Args:
        workers: by name.
        records: what they have run so far, added to.
        order: draws that of every round.
        minimum_runs, minimum_seconds: of every model in all starts together.
        progress: called before every turn with the model's name.

    Returns:
        why some did not come through, by name.
    """
    runs = math.ceil(minimum_runs / (STARTS * ROUNDS))
    seconds = minimum_seconds / (STARTS * ROUNDS)
    lost: dict[str, Lost] = {}
    for turn in range(ROUNDS + 1):
        running = [name for name in workers if name not in lost]
        for name in order.sample(running, len(running)):
            worker, record = workers[name], records[name]
            try:
                if turn == 0:
                    worker.run(WARM_UP_RUNS, WARM_UP_SECONDS)
                    continue
                progress(name)
                found = record.watch(worker, partial(worker.run, runs, seconds))
            except Lost as error:
                lost[name] = error
                continue
            record.samples += found
            record.rounds.append(len(found))
    return lost


def turns(workers: int) -> int:
    """How often ``run_rounds`` reports progress, for so many models."""
    return workers * ROUNDS


def sustain(worker: Worker, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run without a pause.

    Returns:
        ``sustained`` of the report's schema, inference in windows; and ``conditions`` meanwhile.
    """
    record = SampleRecord()
    samples = np.asarray(record.watch(worker, partial(worker.sustain, seconds)))
    ends = samples.sum(1).cumsum() / 1000
    # A window without a run would vanish from the curve.
    length = max(WINDOW_SECONDS, 3 * float(np.median(samples.sum(1))) / 1000)
    window = (ends // length).astype(int)
    whole = max(1, int(ends[-1] // length))
    medians = [float(np.median(samples[window == w, 1])) for w in range(whole)]
    made = {
        "seconds": float(ends[-1]),
        "window_seconds": length,
        "p50_ms": medians,
        "drift": drift(medians),
    }
    return made, {f"sustained_{key}": value for key, value in record.conditions().items()}

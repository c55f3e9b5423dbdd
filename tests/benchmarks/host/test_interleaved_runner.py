"""Models in turns, and what becomes of those that fail."""

from __future__ import annotations

import random
from pathlib import Path
from typing import cast

import numpy as np
import psutil
import pytest

from benchmarks.host import rounds
from benchmarks.host.interleaved_runner import InterleavedRunner
from benchmarks.host.models import FileModel
from benchmarks.host.worker import Lost, Samples, Worker
from tests.support import made_models


class Runner:
    """A worker that takes as long as it is told, in words only."""

    def __init__(self, name: str, ms: float, log: list[str], dies_after: int = 999) -> None:
        self.name, self.ms, self.log, self.dies_after = name, ms, log, dies_after
        self.process = psutil.Process()

    def run(self, times: int, seconds: float) -> Samples:
        self.log.append(self.name)
        if self.log.count(self.name) > self.dies_after:
            raise Lost(f"{self.name}: it crashed the runtime")
        return [(0.0, self.ms, 0.0)] * max(times, int(np.ceil(1000 * seconds / self.ms)))

    def sustain(self, seconds: float) -> Samples:
        slower = np.linspace(self.ms, 2 * self.ms, int(1000 * seconds / self.ms / 1.5))
        return [(0.0, float(ms), 0.0) for ms in slower]


def interleaved(
    *runners: Runner,
) -> tuple[dict[str, rounds.SampleRecord], dict[str, Lost], list[str]]:
    workers = {runner.name: cast(Worker, runner) for runner in runners}
    records = {name: rounds.SampleRecord() for name in workers}
    said: list[str] = []
    lost: dict[str, Lost] = {}
    order = random.Random(0)
    for _ in range(rounds.STARTS):
        lost |= rounds.run_rounds(workers, records, order, 50, 3.0, said.append)
    return records, lost, said


class TestInterleaving:
    def test_all_take_turns(self) -> None:
        log: list[str] = []
        records, lost, said = interleaved(Runner("a", 50.0, log), Runner("b", 100.0, log))
        assert not lost
        assert len(said) == rounds.STARTS * rounds.turns(2)
        orders = [said[i : i + 2] for i in range(0, len(said), 2)]
        assert all(sorted(names) == ["a", "b"] for names in orders)
        assert ["a", "b"] in orders and ["b", "a"] in orders
        for record in records.values():
            assert len(record.rounds) == rounds.STARTS * rounds.ROUNDS
            assert len(record.samples) == sum(record.rounds) >= 50
            assert sum(map(sum, record.samples)) >= 3000
        stages = records["b"].stages(pictures=True)
        assert stages["end_to_end"]["p50_ms"] == 100
        assert list(records["b"].stages(pictures=False)) == ["inference"]

    def test_one_that_dies_leaves_the_others_alone(self) -> None:
        log: list[str] = []
        records, lost, _ = interleaved(
            Runner("a", 50.0, log), Runner("b", 100.0, log, dies_after=3)
        )
        assert list(lost) == ["b"] and "crashed" in str(lost["b"])
        assert len(records["a"].rounds) == rounds.STARTS * rounds.ROUNDS

    def test_drift(self) -> None:
        found, conditions = rounds.sustain(cast(Worker, Runner("a", 10.0, [])), 30.0)
        assert found["seconds"] == pytest.approx(30, rel=0.05)
        assert len(found["p50_ms"]) in (29, 30) and found["window_seconds"] == 1
        # From the middle of the first fifth (1.1) to that of the last (1.9), about.
        assert found["drift"] == pytest.approx(1.87 / 1.13 - 1, abs=0.1)
        assert conditions.keys() == {"sustained_others_cpu_share", "sustained_throttled"}

    def test_a_slow_model_has_longer_windows(self) -> None:
        found, _ = rounds.sustain(cast(Worker, Runner("a", 2000.0, [])), 60.0)
        assert found["window_seconds"] > 6
        assert len(found["p50_ms"]) == int(found["seconds"] // found["window_seconds"])


@pytest.mark.slow
class TestInterleavedRunner:
    """Real processes; one model is spoilt on the way."""

    def runner(self, picture_file: Path, tmp_path: Path) -> InterleavedRunner:
        bad = made_models.sizeless_model(tmp_path / "sizeless.tflite")
        models = {"good": FileModel(picture_file, 9), "bad": FileModel(bad, 9)}
        return InterleavedRunner(models, 1, lambda step: None)

    def test_one_that_cannot_start_drops_out(self, picture_file: Path, tmp_path: Path) -> None:
        runner = self.runner(picture_file, tmp_path)
        runner.run(12, 0.05, 0)
        assert list(runner.results) == ["good"]
        assert len(runner.notes) == 1 and "no fixed size" in runner.notes[0]
        result = runner.results["good"]
        assert len(result.starts) == rounds.STARTS and result.load_ms > 0
        assert result.operators and result.conditions["operators_sum_ms"] > 0

    def test_the_first_must_come_through(self, picture_file: Path, tmp_path: Path) -> None:
        runner = self.runner(picture_file, tmp_path)
        with pytest.raises(Lost, match="no fixed size"):
            InterleavedRunner(dict(reversed(runner.models.items())), 1, lambda step: None).run(
                12, 0.05, 0
            )

"""Path A: TensorFlow Lite's own ``benchmark_model``, which the user brings, on the phone.

It times inference alone, and fills inputs with random numbers.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.android import benchmark_text
from benchmarks.android.adb import Adb, last_line
from benchmarks.android.benchmark_text import Measured
from benchmarks.android.plan import FOLDER, RUNTIMES, AndroidSettings, Attempt
from benchmarks.latency.timing import drift
from export.build import manifest
from facestyle.errors import UserError

PROGRAM = f"{FOLDER}/benchmark_model"

LONGEST = 150.0
"""Seconds after which the tool ends a phase even with too few runs."""

PROFILED_RUNS = 10
"""Of the run that only profiles: profiling makes every operator a little slower."""

WINDOW = 10.0
"""Seconds of one window of the sustained mode."""


class BenchmarkModel:
    """The tool on a phone."""

    def __init__(self, adb: Adb, program: Path) -> None:
        """Copy the tool to the phone.

        Args:
            adb: the phone.
            program: ``benchmark_model`` for its processor.

        Raises:
            UserError: when it is no program for Android or cannot be copied.
        """
        try:
            start = program.open("rb").read(4)
        except OSError as error:
            raise UserError(f"{program}: cannot be read: {error.strerror}") from error
        if start != b"\x7fELF":
            raise UserError(f"{program}: not a program for Android; give benchmark_model's file")
        self.adb = adb
        self.sha256 = manifest.sha256(program)
        adb.push(program, PROGRAM)
        adb.shell(f"chmod 755 {PROGRAM}")

    def measure(self, attempt: Attempt, model: str, settings: AndroidSettings) -> dict[str, Any]:
        """One row, without the phone's conditions.

        What is timed first is kept even when the phone vanishes during what comes after.

        Args:
            attempt: what to measure.
            model: the file on the phone.
            settings: how long.

        Raises:
            UserError: when the tool fails or what it prints is not understood.
        """
        flags = _flags(attempt, model)
        timed = self._timed(
            flags, settings.runs, settings.seconds, f"--warmup_runs={settings.warm_up}"
        )
        conditions: dict[str, Any] = {
            "inputs": "random",
            "deviation_ms": timed.measured.deviation,
        }
        operators, windows = [], []
        try:
            profile = f"--num_runs={PROFILED_RUNS} --min_secs=0 --enable_op_profiling=true"
            operators = benchmark_text.operators(self._run(f"{flags} {profile}", LONGEST))
        except UserError as error:
            conditions["no_profile"] = str(error)
        try:
            for median in self._windows(flags, settings.sustain):
                windows.append(median)
        except UserError as error:
            conditions["sustained_ended"] = str(error)
        return {
            "name": attempt.name,
            **attempt.file.entry(),
            "runtime": {
                "name": "LiteRT",
                "delegate": RUNTIMES[attempt.delegate],
                "threads": attempt.threads,
                "sha256": self.sha256,
            },
            "stages": {"inference": _timing(timed)},
            "load_ms": timed.init_ms,
            "first_run_ms": timed.first_ms,
            "peak_memory_bytes": timed.memory_bytes,
            "partitions": timed.partitions,
            "fully_delegated": timed.full,
            "operators": operators,
            "sustained": sustained(windows),
            "conditions": conditions,
            "problems": _problems(attempt, timed),
        }

    def _windows(self, flags: str, seconds: float) -> Iterator[float]:
        """Medians of back-to-back windows, in ms."""
        for _ in range(math.ceil(seconds / WINDOW)):
            median = self._timed(flags, 1, WINDOW, "--warmup_runs=0").measured.median
            if median is None:
                raise UserError("this benchmark_model is too old: it prints no medians")
            yield median

    def _timed(self, flags: str, runs: int, seconds: float, more: str) -> Measured:
        longest = max(LONGEST, 2 * seconds)
        text = self._run(
            f"{flags} --num_runs={runs} --min_secs={seconds:g} --max_secs={longest:g} "
            f"--warmup_min_secs=0 {more}",
            longest,
        )
        measured = benchmark_text.parse(text)
        if measured is None:
            said = last_line(text)
            raise UserError(f"benchmark_model: no timings in what it printed, last: {said[:160]}")
        return measured

    def _run(self, flags: str, longest: float) -> str:
        # Warm-up and measurement may each take the longest time.
        reply = self.adb.shell(f"{PROGRAM} {flags} 2>&1", timeout=2 * longest + 60)
        if reply.status:
            said = last_line(reply.out) or "it printed nothing"
            raise UserError(
                f"benchmark_model ended with {reply.status}: {said[:160]}; see that it is built "
                "for this phone's processor and knows the delegate"
            )
        return reply.out


def _flags(attempt: Attempt, model: str) -> str:
    # Without an explicit delegate the tool does not say what was delegated.
    delegate = "--use_gpu=true" if attempt.delegate == "gpu" else "--use_xnnpack=true"
    return f"--graph={shlex.quote(model)} --num_threads={attempt.threads} {delegate}"


def _timing(timed: Measured) -> dict[str, float | int]:
    stats = timed.measured
    timing = {
        "runs": stats.count,
        "seconds": stats.count * stats.mean / 1000,
        "min_ms": stats.least,
        "mean_ms": stats.mean,
        "p50_ms": stats.median,
        "p95_ms": stats.p95,
    }
    return {key: value for key, value in timing.items() if value is not None}


def _problems(attempt: Attempt, timed: Measured) -> list[str]:
    wanted = RUNTIMES[attempt.delegate]
    if timed.delegate == wanted and timed.partitions:
        return []
    return [f"the {wanted} delegate took nothing of the graph: these are plain CPU times"]


def sustained(medians: Sequence[float]) -> dict[str, Any] | None:
    """A row's ``sustained`` from the median of every window, in ms; None without any."""
    if not medians:
        return None
    return {
        "seconds": len(medians) * WINDOW,
        "window_seconds": WINDOW,
        "p50_ms": list(medians),
        "drift": drift(medians),
    }

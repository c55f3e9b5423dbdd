"""Latency of model files on an Android phone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.android import phone
from benchmarks.android.activity import Activity
from benchmarks.android.adb import Adb, DeviceGone, choose
from benchmarks.android.benchmark_model import BenchmarkModel
from benchmarks.android.plan import FOLDER, RUNTIMES, AndroidSettings, Attempt, attempts
from benchmarks.build_files import ModelFile
from facestyle.errors import UserError

LOOK = 5.0
"""Seconds between two looks at a phone that cools."""

ON_THE_TOOL = "benchmark_model times inference alone, with random inputs: no end-to-end time."
VANISHED = "the phone vanished before its state after the run could be read"


def measure(
    files: Sequence[ModelFile],
    settings: AndroidSettings,
    serial: str | None = None,
    benchmark_model: Path | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """Measure files on a phone, one after the other.

    Args:
        files: ``.tflite`` files.
        settings: how.
        serial: of the phone; None for the only one.
        benchmark_model: the tool to use; None for the sample app's activity.
        progress: told what is about to be done.

    Returns:
        the report's ``device``, its rows (not yet judged), and what could not be measured and why.
        When the phone vanishes, the rows that are done are kept.

    Raises:
        UserError: when nothing could be measured.
    """
    _check(files, settings)
    adb = choose(serial)
    device = phone.describe(adb)
    hot = phone.too_hot(phone.state(adb))
    if hot:
        raise UserError(f"{adb.serial}: {hot} and start again")
    rows: list[dict[str, Any]] = []
    notes = [] if benchmark_model is None else [ON_THE_TOOL]
    faults: list[UserError] = []
    try:
        adb.shell(f"mkdir -p {FOLDER}")
        adb.shell(f"chmod 755 {FOLDER}")
        runner = Activity(adb) if benchmark_model is None else BenchmarkModel(adb, benchmark_model)
        for file in files:
            _measure_file(adb, runner, file, settings, progress, rows, faults)
    except DeviceGone as error:
        faults.append(error)
    finally:
        _remove(adb, FOLDER)
    if not rows:
        raise faults[0]
    return device, rows, notes + [str(fault) for fault in faults]


def _check(files: Sequence[ModelFile], settings: AndroidSettings) -> None:
    if not files:
        raise UserError("no .tflite file to measure on Android")
    for file in files:
        if file.path.suffix != ".tflite":
            raise UserError(f"{file.path}: Android runs .tflite files only")
        if not file.path.is_file():
            raise UserError(f"{file.path}: no such file")
    for delegate in settings.delegates:
        if delegate not in RUNTIMES:
            raise UserError(f"unknown delegate {delegate!r}: choose from {', '.join(RUNTIMES)}")
    if not settings.delegates or not settings.threads or min(settings.threads) < 1:
        raise UserError("give at least one delegate, and numbers of threads from 1 on")


def _measure_file(
    adb: Adb,
    runner: Activity | BenchmarkModel,
    file: ModelFile,
    settings: AndroidSettings,
    progress: Callable[[str], None],
    rows: list[dict[str, Any]],
    faults: list[UserError],
) -> None:
    """Add a file's rows, or why one could not be measured.

    Raises:
        DeviceGone: when the phone vanished.
    """
    target = f"{FOLDER}/{file.sha256[:16]}.tflite"
    try:
        adb.push(file.path, target)
        # Apps may read what others can read, whatever the file's mode here.
        adb.shell(f"chmod 644 {target}")
        for attempt in attempts(file, settings):
            progress(attempt.name)
            try:
                rows.append(_row(adb, runner, attempt, target, settings))
            except DeviceGone:
                raise
            except UserError as error:
                faults.append(UserError(f"{attempt.name}: {error}"))
    except DeviceGone:
        raise
    except UserError as error:
        faults.append(error)
    finally:
        _remove(adb, target)


def _row(
    adb: Adb,
    runner: Activity | BenchmarkModel,
    attempt: Attempt,
    target: str,
    settings: AndroidSettings,
) -> dict[str, Any]:
    """One row with the phone's conditions and what they make doubtful."""
    before = _cooled(adb, settings.cool_down)
    row = runner.measure(attempt, target, settings)
    lost = []
    try:
        after = phone.state(adb)
    except DeviceGone:
        after, lost = phone.State(), [VANISHED]
    known = {k: v for k, v in phone.conditions(before, after).items() if v is not None}
    found = phone.problems(before, after)
    return {
        **row,
        "conditions": {**row["conditions"], **known},
        "problems": [*row["problems"], *found, *lost],
    }


def _cooled(adb: Adb, patience: float) -> phone.State:
    """The phone's state, after a wait if it is warm."""
    deadline = time.monotonic() + patience
    now = phone.state(adb)
    while (now.thermal or 0) >= phone.LIGHT and time.monotonic() < deadline:
        time.sleep(min(LOOK, max(0.0, deadline - time.monotonic())))
        now = phone.state(adb)
    if phone.too_hot(now):
        raise UserError(f"{phone.too_hot(now)}; it did not within {patience:.0f} s")
    return now


def _remove(adb: Adb, path: str) -> None:
    """Clean up on a phone that may be gone; that it could not be is no news then."""
    with suppress(UserError):
        adb.remove(path)

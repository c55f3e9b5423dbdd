"""Path B: the sample app's headless benchmark activity.

README.md beside this file is the contract that the app implements.
"""

from __future__ import annotations

import re
import shlex
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks.android.adb import Adb, last_line
from benchmarks.android.plan import RUNTIMES, AndroidSettings, Attempt
from benchmarks.report import document
from facestyle.errors import UserError

PACKAGE = "org.facestyle.demo"
COMPONENT = f"{PACKAGE}/.BenchmarkActivity"

RESULTS = f"/sdcard/Android/data/{PACKAGE}/files/benchmark"
"""Where the app writes: ``benchmark`` in ``getExternalFilesDir(null)``."""

POLL = 0.5
"""Seconds between two looks for the result."""

PATIENCE = 120.0
"""Seconds beyond the asked ones: loading, compiling for the GPU, warming up, slow phones."""

SLOWEST = 2.0
"""Seconds of a frame for which the wait still suffices."""


class Activity:
    """The app on a phone."""

    def __init__(self, adb: Adb) -> None:
        """Find the app.

        Args:
            adb: the phone.

        Raises:
            UserError: when it is not installed.
        """
        paths = re.findall(r"^package:(.+)$", adb.output(f"pm path {PACKAGE}") or "", re.M)
        if not paths:
            raise UserError(
                f"{adb.serial}: the sample app {PACKAGE} is not installed; install its APK "
                "(adb install), or give --benchmark-model"
            )
        self.adb = adb
        digest = (adb.output(f"sha256sum {shlex.quote(paths[0].strip())}") or "").split(" ")[0]
        self.sha256 = digest if re.fullmatch("[0-9a-f]{64}", digest) else None

    def measure(self, attempt: Attempt, model: str, settings: AndroidSettings) -> dict[str, Any]:
        """One row; what the app knows of the phone's state is in its conditions.

        Args:
            attempt: what to measure.
            model: the file on the phone.
            settings: how long.

        Raises:
            UserError: when the app fails, does not answer, or answers with something else.
        """
        run = uuid.uuid4().hex
        name = f"facestyle-{run}"
        try:
            self._start(extras(attempt, model, settings, run, name))
            self._wait(name, settings)
            return self._row(self._fetch(name), attempt, run)
        finally:
            self.adb.shell(f"am force-stop {PACKAGE}")
            self.adb.shell(f"rm -f {RESULTS}/{name}.json {RESULTS}/{name}.error.txt")

    def _start(self, extras: str) -> None:
        # Stopped first (-S): a run of before must not disturb this one.
        reply = self.adb.shell(f"am start -S -W -n {COMPONENT} {extras}", timeout=60)
        fault = re.search(r"^(?:Error|Exception|java\.lang)[^\n]*", reply.out, re.M)
        if reply.status or fault:
            # "Error type 3" is followed by a line that says what it is.
            said = last_line(reply.out) or "am start failed"
            raise UserError(
                f"the app's benchmark activity does not start: {said[:160]}; install the "
                "current APK"
            )

    def _wait(self, name: str, settings: AndroidSettings) -> None:
        """Until the result is there.

        Raises:
            UserError: when the app reports an error, ends, or takes too long.
        """
        asked = max(settings.seconds, settings.runs * SLOWEST) + settings.warm_up * SLOWEST
        limit = asked + settings.sustain + PATIENCE
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            # Asked before the files: what ends right after writing them is not missed.
            alive = self.adb.output(f"pidof {PACKAGE}")
            files = self.adb.shell(f"ls {RESULTS}").out.split()
            if f"{name}.error.txt" in files:
                said = last_line(self.adb.output(f"cat {RESULTS}/{name}.error.txt") or "")
                raise UserError(f"the app could not measure: {said[:200] or 'it gives no reason'}")
            if f"{name}.json" in files:
                return
            if not alive:
                raise UserError(
                    "the app ended without a result; keep it in front, and see adb logcat for why"
                )
            time.sleep(POLL)
        raise UserError(
            f"the app gave no result within {limit:.0f} s; unlock the phone, keep the app in "
            "front and try again"
        )

    def _fetch(self, name: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "result.json"
            self.adb.pull(f"{RESULTS}/{name}.json", target)
            return target.read_text(encoding="utf-8", errors="replace")

    def _row(self, text: str, attempt: Attempt, run: str) -> dict[str, Any]:
        """The app's row under this run's name, if it is for what was asked.

        Raises:
            UserError: when it is not.
        """
        source = "the app's result"
        made = document.parse(text, source)
        if made["device"]["kind"] != "android" or len(made["rows"]) != 1:
            raise UserError(f"{source}: not one row of an Android phone; update the app")
        row = dict(made["rows"][0])
        conditions = dict(row.get("conditions", {}))
        if conditions.pop("run_id", None) != run:
            raise UserError(f"{source} is of another run; stop the app and try again")
        if (row.get("file") or {}).get("sha256") != attempt.file.sha256:
            raise UserError(f"{source} is for another model file than {attempt.file.path.name}")
        asked = (RUNTIMES[attempt.delegate], attempt.threads)
        told = (row["runtime"].get("delegate"), row["runtime"].get("threads"))
        problems = list(row.get("problems", []))
        if told != asked:
            problems.append(
                "the app ran it with {} and {} threads instead of {} and {}".format(*told, *asked)
            )
        if not row["stages"]["inference"].get("samples_ms"):
            raise UserError(f"{source}: no samples_ms of the inference; update the app")
        if self.sha256 is not None:
            conditions["app_sha256"] = self.sha256
        return {
            **row,
            **attempt.file.entry(),
            "name": attempt.name,
            "conditions": conditions,
            "problems": problems,
        }


def extras(attempt: Attempt, model: str, settings: AndroidSettings, run: str, name: str) -> str:
    """Arguments of ``am start``: what the app's benchmark activity is asked for.

    Args:
        attempt: what to measure.
        model: the file on the phone.
        settings: how long.
        run: by which the result tells that it is this run's.
        name: of the result's file.
    """
    told: dict[str, tuple[str, object]] = {
        "model": ("--es", model),
        "model_sha256": ("--es", attempt.file.sha256),
        "delegate": ("--es", attempt.delegate),
        "threads": ("--ei", attempt.threads),
        "warm_up": ("--ei", settings.warm_up),
        "runs": ("--ei", settings.runs),
        "seconds": ("--ef", float(settings.seconds)),
        "sustain_seconds": ("--ef", float(settings.sustain)),
        "run_id": ("--es", run),
        "output": ("--es", name),
    }
    return " ".join(
        f"{flag} {key} {shlex.quote(str(value))}" for key, (flag, value) in told.items()
    )

"""What is to be measured on a phone, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.build_files import ModelFile
from export.report.page import units

FOLDER = "/data/local/tmp/facestyle"
"""On the phone: the shell may write and execute here, and every app may read."""

RUNTIMES = {"cpu": "XNNPACK", "gpu": "GPU"}
"""What reports call a delegate."""


@dataclass(frozen=True)
class AndroidSettings:
    """How to measure.

    Attributes:
        threads: of the CPU, one row each.
        delegates: ``cpu`` (XNNPACK) and ``gpu``, one row each.
        warm_up: least runs before the measured ones.
        runs, seconds: least number of measured runs, and least time that they take.
        sustain: seconds of the sustained mode; 0 for none.
        cool_down: longest wait, in seconds, before each row for a warm phone to cool.
    """

    threads: tuple[int, ...] = (1, 2, 4)
    delegates: tuple[str, ...] = ("cpu",)
    warm_up: int = 5
    runs: int = 50
    seconds: float = 3.0
    sustain: float = 0.0
    cool_down: float = 60.0


@dataclass(frozen=True)
class Attempt:
    """One row to be measured: a file, on a delegate (``cpu`` or ``gpu``), with threads."""

    file: ModelFile
    delegate: str
    threads: int

    @property
    def name(self) -> str:
        """Of the row, unique among those of a plan."""
        where = "GPU" if self.delegate == "gpu" else f"CPU, {units.count(self.threads, 'thread')}"
        return f"{self.file.name} ({where})"


def attempts(file: ModelFile, settings: AndroidSettings) -> Iterator[Attempt]:
    """What to measure of a file. The GPU comes once: threads only matter to what it leaves."""
    for delegate in dict.fromkeys(settings.delegates):
        threads = dict.fromkeys(settings.threads) if delegate == "cpu" else (max(settings.threads),)
        for number in threads:
            yield Attempt(file, delegate, number)

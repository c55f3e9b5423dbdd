"""What TensorFlow Lite's and LiteRT's ``benchmark_model`` prints.

Written after its sources: benchmark_model.cc, benchmark_tflite_model.cc, stats_calculator.h and
.cc, profile_summary_formatter.cc. Builds before 2024 print no percentiles, and builds before
2022 no ``INFO:`` in front of lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.latency.timing import TOP_OPERATORS

NUMBER = r"([\d.]+(?:e[+-]?\d+)?)"
"""As C++ streams print it: a million microseconds become 1e+06."""

PROFILE = "Profiling Info for Regular Benchmark Runs"

NOT_OPERATORS = ("AllocateTensors", "ModifyGraphWithDelegate")


@dataclass(frozen=True)
class Statistics:
    """Of the measured runs, in milliseconds; None is what an older build does not print."""

    count: int
    mean: float
    least: float
    deviation: float
    median: float | None
    p95: float | None


@dataclass(frozen=True)
class Measured:
    """One run of the tool.

    Attributes:
        measured: of the measured runs.
        init_ms: to load the model and prepare it, the delegate included.
        first_ms: the first inference.
        memory_bytes: more than before the model was loaded, at the end.
        delegate: the one that was applied; None if the tool names none.
        partitions: pieces of the graph that it took; None if unknown.
        full: whether it took everything; None if unknown.
    """

    measured: Statistics
    init_ms: float | None
    first_ms: float | None
    memory_bytes: int | None
    delegate: str | None
    partitions: int | None
    full: bool | None


def parse(text: str) -> Measured | None:
    """What a run printed; None if it did not come to its end."""
    sections = re.split(r"Running benchmark for at least", text)[1:]
    stats = [_statistics(section) for section in sections]
    if len(stats) < 2 or stats[-1] is None:
        return None
    delegate, partitions, full = _delegation(text)
    init = _find(rf"\bInit: {NUMBER}", text)
    if init is None:
        session = _find(rf"Initialized session in {NUMBER}ms", text)
        init = None if session is None else 1000 * session
    first = _find(rf"First inference: {NUMBER}", text)
    if first is None:
        first = _find(rf"^(?:INFO: )?count=\d+ (?:first|curr)={NUMBER}", sections[0])
    memory = _find(rf"footprint[^\n]*\(MB\): init=\S+ overall={NUMBER}", text)
    return Measured(
        measured=stats[-1],
        init_ms=_ms(init),
        first_ms=_ms(first),
        memory_bytes=None if memory is None else round(memory * 2**20),
        delegate=delegate,
        partitions=partitions,
        full=full,
    )


def _statistics(section: str) -> Statistics | None:
    line = re.search(r"^(?:INFO: )?(count=\d+ .*)$", section, re.M)
    if line is None:
        return None
    pairs = {key: float(value) for key, value in re.findall(rf"(\w+)={NUMBER}", line[1])}
    if "curr" not in pairs:  # no run at all
        return None
    # All alike: only the newest is printed.
    alike = pairs["curr"]
    return Statistics(
        count=int(pairs["count"]),
        mean=pairs.get("avg", alike) / 1000,
        least=pairs.get("min", alike) / 1000,
        deviation=pairs.get("std", 0.0) / 1000,
        median=_ms(pairs.get("median", None if "avg" in pairs else alike)),
        p95=_ms(pairs.get("p95", None if "avg" in pairs else alike)),
    )


def _delegation(text: str) -> tuple[str | None, int | None, bool | None]:
    applied = re.search(
        r"Explicitly applied (\S+) delegate, and the model graph will be "
        r"(?:(completely)|partially) executed by the delegate(?: w/ (\d+) delegate kernels)?",
        text,
    )
    if applied:
        full = applied[2] is not None
        return applied[1], 1 if full else int(applied[3] or 0), full
    unused = re.search(r"Though (\S+) delegate is explicitly applied, the model graph", text)
    return (unused[1], 0, False) if unused else (None, None, None)


def operators(text: str) -> list[dict[str, Any]]:
    """The dearest operators of a run with profiling, dearest first, as in a report's row.

    Where the tool tells what a delegate did inside, that takes the place of the delegate's own
    line, which is its sum.
    """
    found = [line for line in _table(text) if line[0] not in NOT_OPERATORS]
    if any(name.startswith("Delegate/") for _, name, _, _ in found):
        found = [line for line in found if not _is_delegate(line[0], line[1])]
    total = sum(ms for *_, ms in found)
    dearest = sorted(found, key=lambda line: -line[3])[:TOP_OPERATORS]
    return [
        {
            "operator": kind,
            "where": name,
            "count": count,
            "ms": round(ms, 4),
            "share": round(ms / total, 4) if total else 0.0,
        }
        for kind, name, count, ms in dearest
    ]


def _is_delegate(kind: str, name: str) -> bool:
    return not name.startswith("Delegate/") and (kind == "DELEGATE" or "Delegate" in kind)


def _table(text: str) -> Iterator[tuple[str, str, int, float]]:
    """Kind, name, calls in a run and milliseconds in a run of every operator, in run order."""
    columns: list[str] | None = None
    for line in text.partition(PROFILE)[2].splitlines():
        fields = [field.strip() for field in line.split("\t")[1:]]
        if "Run Order" in line:
            columns = []
        elif columns is not None and "[node type]" in fields:
            columns = fields
        elif columns and len(fields) == len(columns):
            values = dict(zip(columns, fields))
            # Some builds print 0 calls for what runs once.
            calls = max(1, int(values["[times called]"]))
            ms = calls * float(values["[avg ms]"])
            yield values["[node type]"], values["[Name]"], calls, ms
        elif columns:
            columns = None


def _find(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text, re.M)
    return float(found[1]) if found else None


def _ms(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / 1000

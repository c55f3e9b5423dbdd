"""Which models are real-time, in words and in badges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.latency.validity import BUDGETS_MS
from benchmarks.report import facts
from benchmarks.report.document import Document
from benchmarks.report.facts import Row
from export.report.page import units

RULE = "Real-time means that nine frames of ten are within the budget, end to end."


@dataclass(frozen=True)
class Badge:
    """Of a budget; ``kept`` is None without a verdict."""

    budget: str
    kept: bool | None

    @property
    def text(self) -> str:
        """With a sign, for those who do not tell the colours apart."""
        return f"{ {True: '✓', False: '✗', None: '?'}[self.kept] } {self.budget} ms"

    @property
    def tone(self) -> str:
        """Of the page's colours."""
        return {True: "good", False: "bad", None: ""}[self.kept]

    @property
    def hint(self) -> str:
        """In words."""
        words = {True: "real-time", False: "not real-time", None: "no verdict"}[self.kept]
        return f"{words} at {self.budget} ms"


@dataclass(frozen=True)
class RealTimeVerdict:
    """On a row.

    Attributes:
        slow: p90 end to end in words.
        problems: why it is not valid; no budget is judged then.
    """

    name: str
    slow: str
    badges: Sequence[Badge]
    problems: Sequence[str]
    validity: str
    threads: int | None


def verdict(row: Row) -> RealTimeVerdict:
    """On one row."""
    found = row.get("real_time") or {}
    budgets = list(dict.fromkeys([*map(str, BUDGETS_MS), *found]))
    slow = facts.slow(row)
    return RealTimeVerdict(
        row["name"],
        units.NONE if slow is None else f"{units.ms(slow)} ms",
        [Badge(budget, found.get(budget)) for budget in budgets],
        facts.problems(row),
        facts.validity(row),
        facts.threads(row),
    )


def by_threads(found: Sequence[RealTimeVerdict]) -> dict[str, list[RealTimeVerdict]]:
    """Verdicts under headings, in the order of their threads; of unknown ones last."""
    groups: dict[str, list[RealTimeVerdict]] = {}
    for one in sorted(found, key=lambda one: (one.threads is None, one.threads or 0)):
        title = "threads unknown" if one.threads is None else units.count(one.threads, "thread")
        groups.setdefault(title, []).append(one)
    return groups


def summary(made: Document) -> list[str]:
    """The report in some sentences."""
    rows, device = made["rows"], made["device"]
    if not rows:
        return [f"Nothing was timed on {device['name']}."]
    lines = [f"{units.count(len(rows), 'row')} measured on {device['name']}."]
    processor = device.get("processor")
    if processor and not processor.startswith(device["name"]):
        lines[0] = f"{lines[0][:-1]} ({processor})."
    wrong = [row for row in rows if facts.problems(row)]
    if wrong:
        lines.append(f"{units.count(len(wrong), 'row')} not valid: no verdict, do not quote.")
    judged = [row for row in rows if row.get("real_time")]
    for budget in map(str, BUDGETS_MS):
        known = [row["real_time"][budget] for row in judged if budget in row["real_time"]]
        if known:
            lines.append(f"Real-time at {budget} ms a frame: {sum(known)} of {len(known)}.")
    if not judged:
        lines.append("No row has a verdict on real time.")
    return lines

"""Which models are real-time."""

from __future__ import annotations

from benchmarks.report import document, real_time


def test_verdicts_are_grouped_by_threads(host: document.Document) -> None:
    groups = real_time.by_threads([real_time.verdict(row) for row in host["rows"]])
    assert list(groups) == ["1 thread", "2 threads"]
    assert all(one.threads == 2 for one in groups["2 threads"])
    assert sum(map(len, groups.values())) == len(host["rows"])

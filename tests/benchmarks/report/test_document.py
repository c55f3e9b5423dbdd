"""Reports and their schema."""

from __future__ import annotations

from benchmarks.report import document
from tests.support import made_report


def test_the_made_report_keeps_the_schema(host: document.Document) -> None:
    assert document.fault(host) is None
    assert document.fault(made_report.minimal()) is None

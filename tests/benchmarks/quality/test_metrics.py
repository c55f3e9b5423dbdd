"""Means, and a metric in a table."""

from __future__ import annotations

import pytest

from benchmarks.quality.metrics import METRICS, PER_PAIR, fewer, mean, ratio_of_means


def test_means_leave_out_what_was_not_measured() -> None:
    assert mean([1.0, None, 3.0]) == 2
    assert mean([None, None]) is None


def test_a_ratio_of_a_set_is_that_of_means() -> None:
    pairs = [{"over": 1.0, "under": 1.0}, {"over": 8.0, "under": 2.0}]
    assert ratio_of_means(pairs, "over", "under") == pytest.approx(3)
    assert ratio_of_means([{"over": None, "under": 1.0}], "over", "under") is None
    assert ratio_of_means([{"over": 1.0, "under": 0.0}], "over", "under") is None


def test_means_over_fewer_pairs_are_counted() -> None:
    whole = {metric.key: 1.0 for metric in PER_PAIR}
    assert fewer([whole, whole]) == {}
    faceless: dict[str, float | None] = {**whole, "identity": None, "warp": None}
    lost: dict[str, float | None] = {**faceless, "identity": 1.0}
    assert fewer([faceless, lost, lost]) == {"identity": 2}


def test_a_metric_in_a_table() -> None:
    style = next(metric for metric in METRICS if metric.key == "style")
    assert style.heading == "style loss ↓"
    assert style.cell({"style": 1.23456}, {}) == "1.235"
    assert style.cell({"style": 1.23456}, {"style": 7, "gram": 3}) == "1.235 (7)"
    assert style.cell({"style": None}, {}) == "–"
    assert list(style.entry()) == ["key", "title", "better", "what"]

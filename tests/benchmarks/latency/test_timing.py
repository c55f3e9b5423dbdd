"""Percentiles, and ratios of models that took turns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.latency.timing import PERCENTILES, drift, figures, ratio, round_medians, timing

milliseconds = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=60)


class TestTiming:
    def test_percentiles_of_a_known_row(self) -> None:
        found = figures(np.arange(101.0))
        assert [found[f"p{p}_ms"] for p in PERCENTILES] == [50, 90, 95, 99]
        assert found["min_ms"] == 0 and found["mean_ms"] == 50
        assert found["spread"] == pytest.approx(90 / 50)

    @given(milliseconds)
    def test_order(self, samples: list[float]) -> None:
        found = figures(samples)
        ordered = [found["min_ms"], *(found[f"p{p}_ms"] for p in PERCENTILES), max(samples)]
        assert all(a <= b * (1 + 1e-9) for a, b in pairwise(ordered))
        assert found["spread"] >= 0

    def test_seconds_are_those_measured(self) -> None:
        made = timing([500.0, 250.0], rounds=[1, 1])
        assert made["runs"] == 2 and made["seconds"] == 0.75 and made["rounds"] == [1, 1]

    def test_medians_of_rounds(self) -> None:
        made = timing([1.0, 2.0, 9.0, 4.0, 6.0], rounds=[3, 2])
        assert round_medians(made).tolist() == [2.0, 5.0]


class TestRatio:
    def test_drift_that_both_meet_cancels(self) -> None:
        base = [float(ms) for slow in range(1, 13) for ms in (slow, slow, slow)]
        twice = [2 * ms for ms in base]
        rounds = [3] * 12
        value, low, high = ratio(timing(twice, rounds), timing(base, rounds), starts=3)
        assert (value, low, high) == (2.0, 2.0, 2.0)

    def test_the_interval_holds_the_ratio_and_the_noise(self) -> None:
        rng = np.random.default_rng(1)
        rounds = [10] * 12
        a = timing((10 + rng.normal(0, 1, 120)).tolist(), rounds)
        b = timing((10 + rng.normal(0, 1, 120)).tolist(), rounds)
        value, low, high = ratio(a, b, starts=3)
        assert low <= value <= high
        assert low < 1 < high

    def test_starts_that_differ_widen_it(self) -> None:
        base = timing([10.0] * 12, [1] * 12)
        steady = timing([20.0, 21.0] * 6, [1] * 12)
        lucky = timing([19.0] * 4 + [20.0] * 4 + [22.0] * 4, [1] * 12)
        _, low, high = ratio(lucky, base, starts=3)
        assert (low, high) == (1.9, 2.2)
        _, low, high = ratio(steady, base, starts=3)
        assert 2.0 <= low <= high <= 2.1


class TestDrift:
    def test_of_the_last_fifth_over_the_first(self) -> None:
        assert drift([10.0] * 2 + [50.0] * 6 + [12.0] * 2) == pytest.approx(0.2)
        assert drift([10.0]) == 0

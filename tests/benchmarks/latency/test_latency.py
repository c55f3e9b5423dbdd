"""Percentiles, ratios of models that took turns, and what makes a measurement valid."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.latency.timing import PERCENTILES, drift, figures, ratio, round_medians, timing
from benchmarks.latency.validity import Rules, validated, verdict

milliseconds = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=60)


def row(samples: list[float], **more: Any) -> dict[str, Any]:
    """A row whose frames take as long as inference."""
    stage = timing(samples)
    return {
        "name": "a",
        "runtime": {"name": "LiteRT", "threads": 2},
        "stages": {"inference": stage, "end_to_end": stage},
        "conditions": {},
        **more,
    }


STEADY = [60.0] * 60


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


class TestJudge:
    def test_a_good_row(self) -> None:
        judged = validated(row(STEADY), Rules(), cores=2)
        assert judged["problems"] == []
        assert judged["real_time"] == {"33": False, "16": False}

    @pytest.mark.parametrize(
        ("samples", "more", "word"),
        [
            ([70.0] * 49, {}, "49 runs; 50 are needed"),
            ([50.0] * 59, {}, "measured for 3.0 s; 3 s"),
            ([50.0] * 50 + [90.0] * 50, {}, "unsteady: p90 is 57% of the median above the fastest"),
            (STEADY, {"conditions": {"others_cpu_share": 0.3}}, "other programs took 30%"),
            (
                STEADY,
                {"conditions": {"sustained_others_cpu_share": 0.4}},
                "took 40%",
            ),
            (STEADY, {"conditions": {"throttled": True}}, "throttled"),
            (STEADY, {"conditions": {"thermal_before": 1}}, "thermal status light before"),
            (STEADY, {"conditions": {"thermal_after": 3}}, "thermal status severe after"),
            (STEADY, {"runtime": {"name": "x", "threads": 4}}, "4 threads on 2 cores"),
            (STEADY, {"sustained": {"seconds": 120.0, "drift": 0.2}}, "20% slower at the end"),
        ],
    )
    def test_every_rule(self, samples: list[float], more: dict[str, Any], word: str) -> None:
        judged = validated(row(samples, **more), Rules(), cores=2)
        assert len(judged["problems"]) == 1 and word in judged["problems"][0]
        assert judged["real_time"] is None

    def test_what_the_device_found_stays(self) -> None:
        assert validated(row(STEADY, problems=["warm"]), Rules())["problems"] == ["warm"]

    def test_judging_twice_says_nothing_twice(self) -> None:
        once = validated(row([70.0] * 3), Rules())
        assert validated(once, Rules())["problems"] == once["problems"]

    def test_percentiles_are_filled_in_from_samples(self) -> None:
        raw = {"runs": 60, "seconds": 3.6, "samples_ms": STEADY}
        judged = validated(row(STEADY) | {"stages": {"inference": raw}}, Rules())
        assert judged["stages"]["inference"]["p99_ms"] == 60
        assert judged["real_time"] is None, "no verdict without a whole frame"

    def test_a_device_that_keeps_no_samples(self) -> None:
        told = {"runs": 60, "seconds": 3.6, "p50_ms": 60.0, "p95_ms": 61.0}
        judged = validated(row(STEADY) | {"stages": {"inference": told}}, Rules())
        assert judged["problems"] == [] and judged["stages"]["inference"] == told


class TestVerdict:
    @pytest.mark.parametrize(
        ("p90", "expected"),
        [
            (16.0, {"33": True, "16": True}),
            (16.1, {"33": True, "16": False}),
            (33.1, {"33": False, "16": False}),
        ],
    )
    def test_nine_frames_of_ten(self, p90: float, expected: dict[str, bool]) -> None:
        assert verdict({"p90_ms": p90, "p95_ms": 99.0}) == expected

    def test_by_p95_where_p90_is_not_told(self) -> None:
        assert verdict({"p95_ms": 20.0}) == {"33": True, "16": False}
        assert verdict({"p50_ms": 20.0}) is None

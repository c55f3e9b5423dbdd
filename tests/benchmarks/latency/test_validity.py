"""What makes a measurement valid, and a model real-time."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.latency.timing import timing
from benchmarks.latency.validity import Rules, validated, verdict


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

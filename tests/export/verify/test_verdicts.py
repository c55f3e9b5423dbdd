"""Where a verdict turns: a figure at its limit passes, one beyond it and one that is none fail."""

from __future__ import annotations

import math

import pytest

from export.verify import parity
from export.verify.parity import Limits, Parity
from export.verify.verdicts import Assurance, Verdict, at_least, equal

REFERENCE = Assurance.REFERENCE


def agreement(psnr_db: float, error: float = 0.0, name: str = "made") -> Parity:
    return Parity(name, psnr_db, error, 45.0, REFERENCE)


@pytest.mark.parametrize(
    ("value", "passed"),
    [
        (45.0, True),
        (math.nextafter(45.0, 0), False),
        (math.nextafter(45.0, 99), True),
        (math.inf, True),
        (-math.inf, False),
        (math.nan, False),
    ],
)
def test_a_least_figure(value: float, passed: bool) -> None:
    found = at_least("PSNR", value, 45.0, "dB", REFERENCE)
    assert found.passed is passed
    assert found.limit == ">= 45 dB"
    assert agreement(value).verdict.passed is passed


@pytest.mark.parametrize(
    ("value", "passed"),
    [
        (0.05, True),
        (math.nextafter(0.05, 0), True),
        (math.nextafter(0.05, 1), False),
        (0.0, True),
        (math.inf, False),
        (math.nan, False),
    ],
)
def test_a_greatest_error(value: float, passed: bool) -> None:
    found = parity.error_verdict([agreement(60.0, 0.0), agreement(60.0, value)], Limits(45.0, 0.05))
    assert found.passed is passed
    assert found.limit == "<= 0.05"


def test_what_is_equal() -> None:
    assert equal("inputs", ["a"], ["a"], REFERENCE) == Verdict(
        "inputs", "['a']", "['a']", True, REFERENCE
    )
    assert not equal("inputs", ["a"], ["b"], REFERENCE).passed
    assert not equal("scale", math.nan, math.nan, REFERENCE).passed


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_what_is_no_number_is_worst(order: tuple[int, ...]) -> None:
    made = [agreement(20.0, 0.3), agreement(math.inf, 0.0), agreement(math.nan, math.nan)]
    given = [made[i] for i in order]
    assert parity.worst(given) is made[2]
    assert math.isnan(parity.max_error(given) or 0)
    assert parity.worst(a for a in given if a is not made[2]) is made[0]
    assert parity.worst([]) is parity.max_error([]) is None

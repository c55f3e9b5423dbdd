from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.report.page.scale import Scale, covering, spanning

figures = st.floats(1e-9, 1e12)

anything = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(figures, min_size=1, max_size=20), st.booleans())
def test_scales_keep_the_order(values: list[float], linear: bool) -> None:
    scale = covering(values, zero=True) if linear else spanning(values)
    places = [scale(value) for value in sorted(values)]
    assert all(0 <= place <= 1 for place in places)
    assert all(a <= b for a, b in pairwise(places))


@given(anything, anything, anything)
def test_any_range_has_an_axis(one: float, other: float, value: float) -> None:
    scale = covering([one, other], margin=0.1)
    assert scale.low < scale.high
    assert 0 <= scale(value) <= 1
    assert 0 <= spanning([abs(one), abs(other)])(abs(value)) <= 1
    ticks = scale.ticks()
    assert len(ticks) <= 7
    assert all(a < b for a, b in pairwise(ticks))


@given(figures, st.floats(1.5, 1e9))
def test_ticks_are_on_the_axis(low: float, factor: float) -> None:
    for logarithmic in (False, True):
        scale = Scale(low, low * factor, logarithmic)
        ticks = scale.ticks()
        assert len(ticks) <= 6
        slack = 1e-6 * scale.high
        assert all(scale.low - slack <= tick <= scale.high + slack for tick in ticks)


def test_a_wide_range_is_logarithmic() -> None:
    assert spanning([1, 31]).logarithmic
    assert not spanning([1, 29]).logarithmic
    assert spanning([1, 100])(10) == pytest.approx(0.5, abs=0.03)

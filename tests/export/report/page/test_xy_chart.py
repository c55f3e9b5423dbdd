from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.report.page.label_placement import Box, place
from export.report.page.scale import Scale
from export.report.page.xy_chart import Axis, Point, Series, xy_chart


@given(st.lists(st.tuples(st.floats(50, 340), st.floats(35, 220)), min_size=1, max_size=25))
def test_labels_cover_nothing(spots: list[tuple[float, float]]) -> None:
    edge = Box(46, 30, 360, 222)
    taken = [Box.around(x, y, 9, 9) for x, y in spots]
    for x, y in spots:
        box = place("0.75", x, y, taken, edge)
        if box is not None:
            assert box.within(edge)
            assert not any(box.touches(other) for other in taken)
            taken.append(box)


def test_a_lone_point_has_its_label() -> None:
    axis = Axis("x", Scale(0, 1))
    drawn = xy_chart("t", [Series("s", 0, [Point(0.5, 0.5, "0.25")])], axis, axis).drawing
    assert ">0.25<" in drawn


@pytest.mark.parametrize(("away", "labels"), [(0.01, 1), (0.5, 2)])
def test_points_that_nearly_coincide_share_a_label(away: float, labels: int) -> None:
    axis = Axis("x", Scale(0, 1))
    series = [
        Series(name, at, [Point(0.2 + at * away, 0.5, "0.25")]) for at, name in enumerate("ab")
    ]
    assert xy_chart("t", series, axis, axis).drawing.count(">0.25<") == labels

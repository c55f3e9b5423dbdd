"""Charts with x and y: lines and points in one drawing, as wide as a phone or wider."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from export.report.page import svg, units
from export.report.page.label_placement import Box, place
from export.report.page.scale import Scale
from export.report.page.svg import LegendEntry

WIDTH, HEIGHT = 360, 264
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 30, 42
"""In units of the drawing, whose texts have 11."""

NEAR = 30
"""Points of unlike series that are as near share a label."""


@dataclass(frozen=True)
class XYChart:
    """A drawing with x and y."""

    title: str
    drawing: Markup
    keys: Sequence[LegendEntry] = ()


@dataclass(frozen=True)
class Point:
    """Of a series."""

    x: float
    y: float
    label: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Series:
    """Points of one thing; ``index`` gives colour, mark and dash."""

    name: str
    index: int
    points: Sequence[Point]


@dataclass(frozen=True)
class Axis:
    """Of a chart.

    Attributes:
        title: with the unit.
        marks: figures on it; round ones if None.
        text: of a figure on it.
    """

    title: str
    scale: Scale
    marks: Sequence[float] | None = None
    text: Callable[[float], str] = units.tick


def xy_chart(
    title: str,
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    lines: bool = True,
    better: tuple[bool, bool] | None = None,
) -> XYChart:
    """Lines or points.

    Args:
        lines: join a series' points.
        better: whether more is better, in x and in y; the good corner is pointed at.
    """
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def spot(point: Point) -> tuple[float, float]:
        return (
            LEFT + x.scale(point.x) * (right - LEFT),
            bottom - y.scale(point.y) * (bottom - TOP),
        )

    drawn = _frame(x, y)
    taken = [Box.around(*spot(p), 9, 9) for s in series for p in s.points]
    if better is not None:
        drawn.append(_corner(better, taken))
    for one in series:
        spots = [spot(point) for point in one.points]
        if lines and len(spots) > 1:
            drawn.append(_line(one.index, spots))
        for point, (left, top) in zip(one.points, spots):
            said = f"{one.name}: {x.text(point.x)}, {y.text(point.y)}"
            if point.label:
                said = f"{one.name} at {point.label}: {x.text(point.x)}, {y.text(point.y)}"
            drawn.append(svg.mark(one.index, left, top, hollow=point.hollow, title=said))
    edge = Box(LEFT, TOP, WIDTH, bottom)
    told: list[tuple[str, float, float]] = []
    for one in series:
        for point in one.points:
            left, top = spot(point)
            if not point.label or any(
                label == point.label and math.hypot(x0 - left, y0 - top) < NEAR
                for label, x0, y0 in told
            ):
                continue
            box = place(point.label, left, top, taken, edge)
            if box is not None:
                told.append((point.label, left, top))
                taken.append(box)
                at = {"x": (box.left + box.right) / 2, "y": box.bottom - 2.0}
                style = f"tag {svg.colour(one.index)}"
                drawn.append(svg.element("text", point.label, klass=style, **at))
    names = ", ".join(one.name for one in series)
    label = f"{title}. Across: {x.title}; up: {y.title}. {names}."
    keys = [LegendEntry(svg.swatch(one.index, line=lines), one.name) for one in series]
    return XYChart(title, svg.drawing(drawn, WIDTH, HEIGHT, label), keys)


def _line(index: int, spots: Sequence[tuple[float, float]]) -> Markup:
    points = " ".join(f"{left:.2f},{top:.2f}" for left, top in spots)
    style = f"line {svg.colour(index)}"
    return svg.element("polyline", points=points, klass=style, stroke_dasharray=svg.dash(index))


def _frame(x: Axis, y: Axis) -> list[Markup]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    drawn = []
    for tick in y.marks or y.scale.ticks(8):
        top = bottom - y.scale(tick) * (bottom - TOP)
        drawn.append(svg.element("line", x1=LEFT, x2=right, y1=top, y2=top, klass="line grid"))
        words = y.text(tick)
        drawn.append(svg.element("text", words, x=LEFT - 6, y=top + 3.5, text_anchor="end"))
    for tick in _apart(x):
        left = LEFT + x.scale(tick) * (right - LEFT)
        drawn.append(svg.element("line", x1=left, x2=left, y1=TOP, y2=bottom, klass="line grid"))
        words = x.text(tick)
        drawn.append(svg.element("text", words, x=left, y=bottom + 15, text_anchor="middle"))
    middle = (LEFT + right) / 2
    drawn += [
        svg.element("text", y.title, x=4, y=14, klass="title"),
        svg.element("text", x.title, x=middle, y=HEIGHT - 8, text_anchor="middle", klass="title"),
    ]
    return drawn


def _apart(x: Axis) -> list[float]:
    """Figures under the axis that do not touch each other."""
    wanted = list(x.marks or x.scale.ticks(6))
    kept = wanted[:1]
    for tick in wanted[1:]:
        if (x.scale(tick) - x.scale(kept[-1])) * (WIDTH - LEFT - RIGHT) > 7 * len(x.text(tick)):
            kept.append(tick)
    return kept


def _corner(better: tuple[bool, bool], taken: list[Box]) -> Markup:
    """An arrow into the corner where the best would be."""
    more_x, more_y = better
    arrow = {(False, True): "↖", (True, True): "↗", (False, False): "↙", (True, False): "↘"}
    left = WIDTH - RIGHT - 4 if more_x else LEFT + 4
    top = TOP + 12 if more_y else HEIGHT - BOTTOM - 5
    words = f"better {arrow[better]}" if more_x else f"{arrow[better]} better"
    edge = left - 44 if more_x else left
    taken.append(Box(edge, top - 10, edge + 44, top + 3))
    anchor = "end" if more_x else "start"
    return svg.element("text", words, x=left, y=top, text_anchor=anchor, klass="hint")

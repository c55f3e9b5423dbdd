"""Lists of bars: HTML with a drawing in each line, so that long names wrap and never overlap.

A list is as wide as its place, and its texts keep their size, on a phone as on a wide screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from export.report.page import svg, units
from export.report.page.scale import Scale
from export.report.page.svg import LegendEntry

HEIGHT, TALL, FLAT = 26, 32, 18
"""Of a line with a bar, with a distribution, and with an axis' figures, in pixels."""

BAR = 14

BINS = 100

DIAMOND = "m0 -5l5 5l-5 5l-5 -5z"


@dataclass(frozen=True)
class Bar:
    """A line of a list; ``value`` says what the drawing shows."""

    label: str
    value: str
    drawing: Markup
    wrong: bool = False


@dataclass(frozen=True)
class BarChart:
    """A list of bars over one axis; ``head`` stands above it."""

    title: str
    lead: str
    bars: Sequence[Bar]
    axis: Markup
    keys: Sequence[LegendEntry] = ()
    head: Markup | None = None


def axis(scale: Scale, unit: str, text: Callable[[float], str] = units.tick) -> Markup:
    """The figures under a list; the last has the unit."""
    ticks = scale.ticks()
    drawn = []
    for tick in ticks:
        share = scale(tick)
        anchor = "start" if share < 0.05 else "end" if share > 0.9 else "middle"
        words = f"{text(tick)} {unit}".rstrip() if tick == ticks[-1] else text(tick)
        drawn.append(svg.element("text", words, x=_at(share), y=13, text_anchor=anchor))
    return svg.strip(drawn, FLAT)


def budgets(scale: Scale, limits: Sequence[float]) -> Markup:
    """Two limits' figures above their lines, the lesser to the left of its line."""
    low, high = min(limits), max(limits)
    drawn = [
        svg.element("text", words, x=_at(scale(at)), y=13, text_anchor=anchor, klass="b")
        for words, at, anchor in ((f"{low:g}", low, "end"), (f"{high:g} ms", high, "start"))
    ]
    return svg.strip(drawn, FLAT)


def interval(
    scale: Scale,
    middle: float,
    far: float | None,
    mark: float | None,
    limits: Sequence[float] = (),
) -> Markup:
    """A bar, or a point on a logarithmic axis; a whisker to ``far``; a diamond at ``mark``."""
    shapes = [] if scale.logarithmic else [_area(scale, 0.0, middle, 0)]
    if far is not None:
        ends = {"x1": _at(scale(middle)), "x2": _at(scale(far))}
        shapes.append(svg.element("line", y1=0, y2=0, klass="line whisker", **ends))
        shapes.append(_pin(scale(far), svg.element("path", d="M0 -4v8", klass="line whisker")))
    if mark is not None:
        shapes.append(_pin(scale(mark), svg.element("path", d=f"M0 0{DIAMOND}", klass="whole")))
    if scale.logarithmic:
        shapes.append(_pin(scale(middle), svg.mark(0, 0, 0)))
    return svg.strip([*_grid(scale, limits), _centred(shapes)], HEIGHT)


def stacked(scale: Scale, parts: Sequence[tuple[int, float]]) -> Markup:
    """Areas one after another; ``parts`` are series and figure."""
    shapes, start = [], 0.0
    for index, value in parts:
        shapes.append(_area(scale, start, start + value, index))
        start += value
    return svg.strip([*_grid(scale), _centred(shapes)], HEIGHT)


def distribution(scale: Scale, values: Sequence[float]) -> Markup:
    """How many figures are where, over a tick for every one; those beyond the ends are left out."""
    found = np.asarray(values, np.float64)
    inside = found[(found >= scale.low) & (found <= scale.high)]
    counts, edges = np.histogram(inside, BINS, (scale.low, scale.high))
    tall = max(int(counts.max()), 1)
    steps = "".join(
        f"H{1000 * scale(edge):.0f}V{-4 - 17 * count / tall:.1f}"
        for count, edge in zip([*counts, 0], edges)
    )
    places = sorted({round(1000 * scale(value)) for value in inside})
    ticks = "".join(f"M{at} -2v6" for at in places)
    shapes = [svg.element("path", d=f"M0 -4{steps}z", klass="fill s1")]
    if ticks:
        shapes.append(svg.element("path", d=ticks, klass="line rug s1"))
    # Stretched to the strip's width, whatever it is; strokes are not.
    area = svg.element(
        "svg",
        *shapes,
        viewBox="0 -22 1000 28",
        preserveAspectRatio="none",
        y=-14,
        height=28,
        width="100%",
    )
    return svg.strip([*_grid(scale), _centred([area])], TALL)


def diamond_key(text: str) -> LegendEntry:
    """The diamond in a legend."""
    drawing = svg.element("path", d=f"M7 7{DIAMOND}", klass="whole")
    return LegendEntry(svg.element("svg", drawing, width=14, height=14, aria_hidden="true"), text)


def whisker_key(text: str) -> LegendEntry:
    """The whisker in a legend."""
    drawing = svg.element("path", d="M0 7h22M22 3v8", klass="line whisker")
    return LegendEntry(svg.element("svg", drawing, width=24, height=14, aria_hidden="true"), text)


def _at(share: float) -> str:
    return f"{100 * share:.2f}%"


def _area(scale: Scale, start: float, end: float, index: int) -> Markup:
    return svg.element(
        "rect",
        x=_at(scale(start)),
        width=_at(scale(end) - scale(start)),
        y=-BAR // 2,
        height=BAR,
        klass=f"fill {svg.colour(index)}",
    )


def _pin(share: float, drawing: Markup) -> Markup:
    return svg.element("svg", drawing, x=_at(share), overflow="visible")


def _centred(shapes: Sequence[Markup]) -> Markup:
    """Shapes around y = 0 in the middle of a strip, however high its line is."""
    return svg.element("svg", *shapes, y="50%", overflow="visible")


def _grid(scale: Scale, limits: Sequence[float] = ()) -> list[Markup]:
    lines = [(at, "grid") for at in scale.ticks()] + [(at, "budget") for at in limits]
    return [
        svg.element(
            "line", x1=_at(scale(at)), x2=_at(scale(at)), y1=0, y2="100%", klass=f"line {style}"
        )
        for at, style in lines
    ]

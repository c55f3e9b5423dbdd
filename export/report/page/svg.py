"""Charts' parts as SVG that takes its colours from the page: `s1`..`s6` are series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

SERIES = 6
"""Colours of the page; a seventh series has the first's, with another mark and another dash."""

DASHES = ("", "6 3", "2 3", "8 3 2 3")

MARKS = ("circle", "square", "diamond", "triangle", "cross")

Attribute = str | float | int | None


@dataclass(frozen=True)
class LegendEntry:
    """A line of a legend."""

    drawing: Markup
    text: str


def element(tag: str, *children: str | Markup, **attributes: Attribute) -> Markup:
    """An element; text and attributes are escaped, elements are not.

    Args:
        attributes: by name, ``_`` for ``-`` and ``klass`` for ``class``; None leaves one out.
    """
    made = []
    for key, value in attributes.items():
        if value is None:
            continue
        name = "class" if key == "klass" else key.rstrip("_").replace("_", "-")
        text = f"{value:.2f}" if isinstance(value, float) else value
        made.append(f' {name}="{escape(text)}"')
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{tag}{''.join(made)}>{inside}</{tag}>")


def colour(index: int) -> str:
    """The class of a series."""
    return f"s{index % SERIES + 1}"


def dash(index: int) -> str | None:
    """How the line of a series is broken, so that it is told without its colour."""
    return DASHES[index % len(DASHES)] or None


def mark(index: int, x: float, y: float, *, hollow: bool = False, title: str = "") -> Markup:
    """The mark of a series, about 8 units wide."""
    shape = {
        "circle": "M{x} {y}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        "square": "M{x} {y}m-3.6 -3.6h7.2v7.2h-7.2z",
        "diamond": "M{x} {y}m0 -5l5 5l-5 5l-5 -5z",
        "triangle": "M{x} {y}m0 -4.8l4.8 8.4h-9.6z",
        "cross": "M{x} {y}m-1.5 -4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
    }[MARKS[index % len(MARKS)]]
    said = (element("title", title),) if title else ()
    return element(
        "path",
        *said,
        d=shape.format(x=f"{x:.2f}", y=f"{y:.2f}"),
        klass=f"mark {colour(index)}{' hollow' if hollow else ''}",
    )


def swatch(index: int, *, line: bool = True) -> Markup:
    """A series in a legend."""
    drawn = [mark(index, 13.0, 7.0)]
    if line:
        stroke = element(
            "line",
            x1=0,
            y1=7,
            x2=26,
            y2=7,
            klass=f"line {colour(index)}",
            stroke_dasharray=dash(index),
        )
        drawn.insert(0, stroke)
    return element("svg", *drawn, width=26, height=14, aria_hidden="true")


def block(index: int) -> Markup:
    """A filled area in a legend."""
    area = element("rect", width=14, height=12, y=1, klass=f"fill {colour(index)}")
    return element("svg", area, width=14, height=14, aria_hidden="true")


def drawing(children: Sequence[Markup], width: int, height: int, label: str) -> Markup:
    """A drawing that grows with its place; said aloud by its label."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=label,
        klass="chart",
    )


def strip(children: Sequence[Markup], height: int) -> Markup:
    """A strip as large as its place, whose x are percentages: its texts keep their size.

    Args:
        height: in pixels, at least; lines down to 100 % reach the next strip.
    """
    drawn = element("svg", *children, aria_hidden="true")
    return element("div", drawn, klass="strip", style=f"min-height:{height}px")

"""Charts of fidelity: style against face, and both against time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.report import facts
from benchmarks.report.document import Document
from benchmarks.report.facts import Row
from export.report.page.scale import covering, spanning
from export.report.page.xy_chart import Axis, Point, Series, XYChart, xy_chart

Figure = dict[str, Any]

FACE = ("face_fsimc", "face_ssim", "landmarks", "identity", "parsing", "depth_mm")
"""Figures of the face, which come first; the first stands for all where there is room for one."""


def style_figure(quality: dict[str, Any]) -> Figure | None:
    """The one that says how much of the painting is in the picture."""
    found = (one for one in quality["figures"] if one["key"].startswith("style"))
    return next(found, None)


def others(quality: dict[str, Any]) -> list[Figure]:
    """All figures but the style's that were measured; the face's first."""
    style = style_figure(quality)
    found = [
        one
        for one in quality["figures"]
        if one is not style
        and any(row["figures"].get(one["key"]) is not None for row in quality["rows"])
    ]
    return sorted(
        found, key=lambda one: FACE.index(one["key"]) if one["key"] in FACE else len(FACE)
    )


def model_names(quality: dict[str, Any]) -> list[str]:
    """In the order of the report; their place gives their colour."""
    return list(dict.fromkeys(row["name"] for row in quality["rows"]))


def pareto(quality: dict[str, Any]) -> list[XYChart]:
    """Style against every other figure, a line for every model over its strengths."""
    style = style_figure(quality)
    if style is None:
        return []
    return [chart for other in others(quality) if (chart := _trade(quality, style, other))]


def _trade(quality: dict[str, Any], style: Figure, other: Figure) -> XYChart | None:
    rows = [
        row
        for row in quality["rows"]
        if row["figures"].get(style["key"]) is not None
        and row["figures"].get(other["key"]) is not None
    ]
    if not rows:
        return None
    better = (style["better"] == "higher", other["better"] == "higher")
    spots = [(row["figures"][style["key"]], row["figures"][other["key"]]) for row in rows]
    best = frontier(spots, better)
    series = []
    for index, name in enumerate(model_names(quality)):
        points = [
            (row["strength"], Point(*spot, label=f"{row['strength']:g}", hollow=not first))
            for row, spot, first in zip(rows, spots, best)
            if row["name"] == name
        ]
        if points:
            ordered = [point for _, point in sorted(points, key=lambda pair: pair[0])]
            series.append(Series(name, index, ordered))
    return xy_chart(
        f"{other['title']} against {style['title']}",
        series,
        Axis(style["title"], covering([x for x, _ in spots], margin=0.08)),
        Axis(other["title"], covering([y for _, y in spots], margin=0.08)),
        better=better,
    )


def against_latency(made: Document) -> list[XYChart]:
    """Figures at the greatest strength over the time of the quickest row of the same file."""
    quality = made.get("quality")
    if not quality:
        return []
    style = style_figure(quality)
    shown = [*others(quality)[:1], *([style] if style else [])]
    return [chart for one in shown if (chart := _cost_of(made["rows"], quality, one))]


def _cost_of(rows: Sequence[Row], quality: dict[str, Any], figure: Figure) -> XYChart | None:
    series = []
    for index, name in enumerate(model_names(quality)):
        of_it = [row for row in quality["rows"] if row["name"] == name]
        strongest = max(of_it, key=lambda row: row["strength"])
        value = strongest["figures"].get(figure["key"])
        times = [
            time
            for row in rows
            if facts.judged_as(row, strongest) and not facts.problems(row)
            if (time := facts.statistic(row, "inference", "p50_ms")) is not None
        ]
        if value is not None and times:
            series.append(Series(name, index, [Point(min(times), value)]))
    if len(series) < 2:
        return None
    points = [one.points[0] for one in series]
    return xy_chart(
        f"{figure['title']} against time",
        series,
        Axis("median inference, ms", spanning(point.x for point in points)),
        Axis(figure["title"], covering([point.y for point in points], margin=0.15)),
        lines=False,
        better=(False, figure["better"] == "higher"),
    )


def frontier(points: Sequence[tuple[float, float]], better: tuple[bool, bool]) -> list[bool]:
    """Which points no other one beats in both figures.

    Args:
        better: whether more is better, in each.
    """
    signs = [1 if more else -1 for more in better]
    turned = [(signs[0] * a, signs[1] * b) for a, b in points]
    return [not any(o[0] >= p[0] and o[1] >= p[1] and o != p for o in turned) for p in turned]

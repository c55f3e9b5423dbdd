"""Charts of how time grows with the picture's size, and falls with threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from benchmarks.report import facts
from benchmarks.report.document import Document
from benchmarks.report.facts import Row
from export.report.page import units
from export.report.page.scale import covering, spanning
from export.report.page.xy_chart import Axis, Point, Series, XYChart, xy_chart

MOST_LINES = 8
"""In a chart over threads; more cannot be told apart."""

Kind = tuple[str, ...]

Across = Callable[[Row], float | None]


def scaling(made: Document) -> list[XYChart]:
    """Time over size for every number of threads, and over threads for every kind and size."""
    rows = [
        row
        for row in made["rows"]
        if facts.kind(row) and facts.statistic(row, "inference", "p50_ms") is not None
    ]
    kinds = list(dict.fromkeys(facts.kind(row) or () for row in rows))
    return _over_size(rows, kinds) + _over_threads(rows, kinds)


def hollow(made: Document) -> str:
    """What hollow points are; nothing where there are none."""
    wrong = any(facts.kind(row) and facts.problems(row) for row in made["rows"])
    return "A hollow point is a row that is not valid." if wrong else ""


def _over_size(rows: Sequence[Row], kinds: Sequence[Kind]) -> list[XYChart]:
    short = len({key[1] for key in kinds}) == 1
    ordered = sorted(rows, key=lambda row: facts.threads(row) or 0)
    charts = []
    for count, group in groupby(ordered, key=lambda row: facts.threads(row) or 0):
        members = list(group)
        series = [
            Series(facts.kind_name(key, short=short), index, points)
            for index, key in enumerate(kinds)
            if (points := _points([row for row in members if facts.kind(row) == key], _side))
        ]
        if series:
            threads = f", {units.count(count, 'thread')}" if count else ""
            charts.append(
                _growth(f"Time over size{threads}", series, "√(height × width) in pixels")
            )
    return charts


def _side(row: Row) -> float | None:
    area = facts.pixels(row)
    return None if area is None else round(area**0.5, 1)


def _over_threads(rows: Sequence[Row], kinds: Sequence[Kind]) -> list[XYChart]:
    short = len({key[1] for key in kinds}) == 1
    lines: dict[tuple[str, str], list[Series]] = {}
    for key in kinds:
        of_kind = [row for row in rows if facts.kind(row) == key]
        sizes = dict.fromkeys(facts.size(row) or "" for row in of_kind)
        for size in sizes:
            points = _points(
                [row for row in of_kind if (facts.size(row) or "") == size], facts.threads
            )
            if points:
                name = f"{facts.kind_name(key, short=short)} {size}".rstrip()
                lines.setdefault((key[0], size), []).append(Series(name, 0, points))
    return [
        _growth(
            ", ".join(["Time over threads", *held]),
            [Series(one.name, at, one.points) for at, one in enumerate(found)],
            "threads",
        )
        for held, found in _charts(lines)
    ]


def _charts(
    lines: dict[tuple[str, str], list[Series]],
) -> list[tuple[list[str], list[Series]]]:
    """What each chart over threads holds, in words and as lines, which have no colours yet.

    One chart if all lines have room in it, or else as many networks in each as have room; where
    a network alone has none, one for every size of several lines, and one for all other sizes.

    Args:
        lines: by network and size.
    """

    def joined(keys: Sequence[tuple[str, str]]) -> list[Series]:
        return [one for key in keys for one in lines[key]]

    if len(joined(list(lines))) <= MOST_LINES:
        return [([], joined(list(lines)))] if lines else []
    charts: list[tuple[list[str], list[Series]]] = []
    small: list[tuple[list[str], list[Series]]] = []
    for network in dict.fromkeys(key[0] for key in lines):
        keys = [key for key in lines if key[0] == network]
        found = joined(keys)
        if len(found) > MOST_LINES:
            several = [key for key in keys if len(lines[key]) > 1]
            charts += [([network, f"size {key[1] or 'unknown'}"], lines[key]) for key in several]
            single = joined([key for key in keys if key not in several])
            charts += [([network, "other sizes"], single)] if single else []
        elif small and len(small[-1][1]) + len(found) <= MOST_LINES:
            small[-1] = ([*small[-1][0], network], [*small[-1][1], *found])
        else:
            small.append(([network], found))
    return charts + small


def _points(rows: Sequence[Row], across: Across) -> list[Point]:
    """Medians in the order of ``across``; none if all were measured at one place."""
    places = {
        x: Point(
            x, facts.statistic(row, "inference", "p50_ms") or 0.0, hollow=bool(facts.problems(row))
        )
        for row in rows
        if (x := across(row)) is not None
    }
    return [places[x] for x in sorted(places)] if len(places) > 1 else []


def _growth(title: str, series: Sequence[Series], axis_title: str) -> XYChart:
    places = sorted({point.x for one in series for point in one.points})
    return xy_chart(
        title,
        series,
        Axis(axis_title, covering(places, margin=0.05), places, lambda v: f"{v:g}"),
        Axis("inference, ms", spanning(p.y for one in series for p in one.points)),
    )

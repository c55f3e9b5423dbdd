"""How far a graph stays from the ends of half precision, for both forms of a build's report."""

from __future__ import annotations

from collections.abc import Sequence

from export.report.page import units
from export.report.page.tables import Cell, Column, Table
from export.verify.fp16_range import RangeEntry, RangeSummary

HEADINGS = (
    "operator",
    "kind",
    "greatest",
    "on",
    "headroom",
    "below 2⁻¹⁴",
    "below 2⁻²⁴",
)
"""Of ``cells``; the last two are shares of the values that are not zero, on real pictures."""

FIGURES = ("greatest", "headroom", "below 2⁻¹⁴", "below 2⁻²⁴")


def cells(row: RangeEntry) -> list[str]:
    """How far an operator's numbers go."""
    return [
        row.name,
        row.kind,
        _number(row.greatest),
        row.input,
        f"{_number(row.headroom)}x",
        _share(row.share_subnormal),
        _share(row.share_lost),
    ]


def title(name: str, found: RangeSummary) -> str:
    """A graph's name and size, with the least headroom of its operators."""
    known = [row.headroom for row in found.worst]
    least = [row for row in known if row is not None]
    headroom = "not finite" if len(least) < len(known) else f"{_number(min(least, default=None))}x"
    operators = f"{units.count(found.operators, 'operator')}, {units.count(found.inputs, 'input')}"
    return f"{name}: least headroom {headroom}; {operators}"


def operators(caption: str, rows: Sequence[RangeEntry]) -> Table:
    """Operators and the ends of their ranges."""
    columns = [Column(heading, heading in FIGURES) for heading in HEADINGS]
    return Table(caption, columns, [_line(row) for row in rows]).measured()


def trials(caption: str, found: RangeSummary) -> Table:
    """Inputs on which the graph was executed with every result rounded to half precision."""
    columns = [Column("input", False), Column("PSNR to fp32"), Column("error grows most at", False)]
    lines = [
        [Cell(t.input), Cell(_decibels(t.psnr_db), t.psnr_db), Cell(t.error_grows_at)]
        for t in found.trials
    ]
    return Table(caption, columns, lines)


def _line(row: RangeEntry) -> list[Cell]:
    figures = (None, None, row.greatest, None, row.headroom, row.share_subnormal, row.share_lost)
    return [Cell(text, sort) for text, sort in zip(cells(row), figures)]


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"


def _decibels(value: float | None) -> str:
    return "exact, or not finite" if value is None else f"{value:.1f} dB"


def _share(value: float | None) -> str:
    return units.NONE if value is None else f"{value:.1%}"

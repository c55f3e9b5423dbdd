"""Tables, the same for a page and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from export.report.page import units

ARROWS = {"lower": "↓", "higher": "↑"}
"""Where better is."""

Tone = str
"""``good``, ``bad``, ``muted`` or nothing."""


@dataclass(frozen=True)
class Cell:
    """Of a table.

    Attributes:
        sort: what it is sorted by; its text if None and no figure.
        link: where it leads, such as ``#details``; nowhere if empty.
    """

    text: str
    sort: float | None = None
    tone: Tone = ""
    link: str = ""


@dataclass(frozen=True)
class Column:
    """Of a table; figures stand to the right."""

    title: str
    figures: bool = True
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """Columns, and lines with a cell for each; the first column names the line."""

    caption: str
    columns: Sequence[Column]
    lines: Sequence[Sequence[Cell]]
    note: str = ""

    def measured(self) -> Table:
        """Without the columns, the first aside, that have a dash in every line."""
        kept = [
            at
            for at in range(len(self.columns))
            if at == 0 or any(line[at].text != units.NONE for line in self.lines)
        ]
        columns = [self.columns[at] for at in kept]
        return Table(
            self.caption, columns, [[line[at] for at in kept] for line in self.lines], self.note
        )


def words(text: object, tone: Tone = "") -> Cell:
    """A cell of text; a dash for nothing."""
    return Cell(units.plain(text), tone=tone if text is not None else "muted")


def figure(value: float | None, text: Callable[[float], str] = units.digits) -> Cell:
    """A cell with a figure; a dash for none."""
    return Cell(units.NONE, tone="muted") if value is None else Cell(text(value), float(value))

"""HTML tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells of text, escaped; verdicts in their colours."""
    head = "".join(f"<th>{escape(h)}</th>" for h in headings)
    lines = "".join(
        "<tr>" + "".join(f"<td{_colour(c)}>{escape(c)}</td>" for c in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{lines}</table>"


def _colour(cell: str) -> str:
    return {"pass": " class=pass", "FAIL": " class=fail"}.get(cell, "")

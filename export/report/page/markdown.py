"""Parts of a report as Markdown, for a repository: the page's tables and lists."""

from __future__ import annotations

import re
from collections.abc import Sequence

from export.report.page.bar_chart import BarChart
from export.report.page.tables import Table

SPECIAL = re.compile(r"([\\`*<>|\[\]#&~])")


def text(words: str) -> str:
    """Words that Markdown takes for nothing but words, in one line."""
    return SPECIAL.sub(r"\\\1", " ".join(words.split()))


def toned(words: str, tone: str) -> str:
    """Escaped words in bold if their tone is ``bad``."""
    return f"**{words}**" if tone == "bad" else words


def section(table: Table) -> list[str]:
    """A table under its heading."""
    head = [text(column.title) for column in table.columns]
    rule = ["---:" if column.figures else "---" for column in table.columns]
    body = [[toned(text(cell.text), cell.tone) for cell in line] for line in table.lines]
    lines = [f"## {table.caption}", "", *rows(head, rule, body), ""]
    return [*lines, table.note, ""] if table.note else lines


def rows(head: Sequence[str], rule: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """A table of escaped cells."""
    return [f"| {' | '.join(line)} |" for line in (head, rule, *body)]


def facts(title: str, found: Sequence[tuple[str, str]]) -> list[str]:
    """A list of names and words under its heading; nothing where there are none."""
    if not found:
        return []
    return [f"## {title}", "", *(f"- {text(key)}: {text(value)}" for key, value in found), ""]


def bar_table(chart: BarChart, level: str = "##") -> list[str]:
    """A bar chart as a table of its figures."""
    body = [[text(bar.label), text(bar.value)] for bar in chart.bars]
    return [f"{level} {text(chart.title)}", "", *rows(["", ""], ["---", "---:"], body), ""]


def warning(title: str, lines: Sequence[str]) -> list[str]:
    """What went wrong, in a box; nothing where nothing did.

    Args:
        title: of the box, escaped.
        lines: escaped.
    """
    if not lines:
        return []
    head = ["> [!WARNING]", *([f"> {title}:", ">"] if title else [])]
    return [*head, *(f"> - {line}" for line in lines), ""]

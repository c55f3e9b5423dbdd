"""The report's three files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import document
from benchmarks.report.document import Document
from benchmarks.report.html import html
from benchmarks.report.markdown import markdown
from facestyle.files import write_text

MARKDOWN, PAGE = "report.md", "report.html"


def write_report(folder: Path, made: Document, pictures: Mapping[str, bytes] | None = None) -> None:
    """Write ``report.json``, ``report.md`` and ``report.html``, each whole or not at all.

    Args:
        folder: to write to; made if missing.
        made: the report.
        pictures: JPEG by caption, shown by the page in this order.

    Raises:
        CannotWrite: when a file cannot be written.
    """
    document.write(folder / document.NAME, made)
    write_text(folder / MARKDOWN, markdown(made))
    write_text(folder / PAGE, html(made, pictures or {}))

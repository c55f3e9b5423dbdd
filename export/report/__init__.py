"""The report of a build: one page to look at, and the same as Markdown."""

from export.report.cells import kilobytes, verdict
from export.report.html import html
from export.report.pictures import Row
from export.report.text import markdown

__all__ = ["Row", "html", "kilobytes", "markdown", "verdict"]

"""PyTorch x precision x format on the same pictures: all that a build's files compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from export.entries import FileEntry
from export.formats import FORMATS, precisions
from export.verify.verdicts import Assurance

LEGEND = (
    "Least PSNR to PyTorch with its limit, and greatest error (a share of the range), over "
    "the same pictures; and what the figures rest on: "
    f"{Assurance.STRUCTURE.value} (read back, not executed), "
    f"{Assurance.REFERENCE.value} (the saved file executed by facestyle's own Core ML runtime), "
    f"{Assurance.RUNTIME.value} (executed by LiteRT, or by Core ML on a Mac), "
    f"{Assurance.DEVICE.value} (on a phone)."
)

NO_FILE = "–"
"""Of a precision that a format does not have or that was not asked for."""


@dataclass(frozen=True)
class ResultsRow:
    """A graph in one format.

    Attributes:
        graph: its name, with the style that is part of it.
        format: of the files.
        cells: the manifest's entries by precision.
    """

    graph: str
    format: str
    cells: dict[str, FileEntry]


def rows(files: Sequence[FileEntry]) -> list[ResultsRow]:
    """The manifest's entries in order: graph by graph, format by format."""
    found: dict[tuple[str, str], dict[str, FileEntry]] = {}
    for entry in files:
        graph = entry.graph if entry.style is None else f"{entry.graph} {entry.style}"
        found.setdefault((graph, entry.format), {})[entry.precision] = entry
    graphs = list(dict.fromkeys(graph for graph, _ in found))
    return [
        ResultsRow(graph, format_, found[graph, format_])
        for graph in graphs
        for format_ in FORMATS
        if (graph, format_) in found
    ]


def cell(entry: FileEntry | None) -> str:
    """``118.7 dB (at least 80), 2e-06, real runtime``; a figure for each level of assurance."""
    if entry is None:
        return NO_FILE
    if entry.proof is None:
        return "not verified"
    figures = [
        f"{decibels(e.psnr_db)} (at least {e.limit_db:g}), {error(e.max_error)}, "
        f"{e.assurance.value}"
        for e in entry.proof.executions
    ]
    return "; ".join(figures) or f"not executed, {Assurance.STRUCTURE.value}"


def decibels(value: float | str) -> str:
    """Of PSNR, for people."""
    return value if isinstance(value, str) else f"{value:.1f} dB"


def error(value: float | str) -> str:
    """Of a greatest error, for people."""
    return value if isinstance(value, str) else f"{value:.1g}"


def headings(found: Sequence[ResultsRow]) -> list[str]:
    """``graph``, ``format``, and the precisions that occur."""
    used = {precision for row in found for precision in row.cells}
    return ["graph", "format", *(p for p in precisions() if p in used)]


def table(found: Sequence[ResultsRow]) -> list[list[str]]:
    """Lines of cells under ``headings``."""
    columns = headings(found)[2:]
    return [
        [row.graph, f".{row.format}", *(cell(row.cells.get(p)) for p in columns)] for row in found
    ]

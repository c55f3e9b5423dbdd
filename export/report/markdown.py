"""A build's report as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent

from export.build.manifest import Manifest
from export.entries import FileEntry
from export.report import cells, fp16_range, headline, results_table
from export.report.page.markdown import rows, text
from export.verify.fp16_range import RangeSummary


def markdown(manifest: Manifest) -> str:
    """The report as Markdown."""
    found = results_table.rows(manifest.files)
    lines = [
        f"# facestyle build: {text(manifest.network)}, {manifest.height} x {manifest.width}",
        "",
        indent(manifest.command, " " * 4),
        "",
        *_table(cells.HEADINGS, [cells.summary(entry) for entry in manifest.files]),
        "## PyTorch x precision x format",
        "",
        results_table.LEGEND,
        "",
        *_table(results_table.headings(found), results_table.table(found)),
        *_headroom(manifest.headroom),
        *_coverage(manifest.files),
        "## Inputs and outputs",
        "",
    ]
    for entry in manifest.files:
        lines += [f"### {text(entry.file)}", "", *_ports(entry)]
        lines += [f"- **FAILED** {text(line)}" for line in headline.failures(entry)]
        lines.append("")
    return "\n".join(lines)


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Words as a table."""
    escaped = [[text(cell) for cell in line] for line in (head, *body)]
    return [*rows(escaped[0], ["---"] * len(head), escaped[1:]), ""]


def _headroom(graphs: dict[str, RangeSummary]) -> list[str]:
    if not graphs:
        return []
    body = [[name, *fp16_range.cells(row)] for name, found in graphs.items() for row in found.worst]
    return ["## Half precision", "", *_table(["graph", *fp16_range.HEADINGS], body)]


def _coverage(files: Sequence[FileEntry]) -> list[str]:
    """Operators that some accelerator leaves out."""
    left = [
        [
            entry.file,
            found.delegate,
            f"{kind.operator} ({kind.count - kind.taken} of {kind.count})",
            "; ".join(kind.causes),
            "; ".join(kind.rewrites),
        ]
        for entry in files
        for found in (entry.proof.coverage if entry.proof else ())
        for kind in found.operators
        if kind.taken < kind.count
    ]
    lines = ["## What accelerators leave out", ""]
    if not left:
        return [*lines, "Nothing that is known.", ""]
    return [*lines, *_table(["file", "accelerator", "operator", "why", "what would help"], left)]


def _ports(entry: FileEntry) -> list[str]:
    return [
        f"- {direction} `{port.name}`: {text(cells.port_in_words(port))}"
        for direction, found in (("input", entry.inputs), ("output", entry.outputs))
        for port in found
    ]

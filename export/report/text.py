"""A build's report as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from export.build.entries import FileEntry
from export.build.manifest import Manifest
from export.report import results_table
from export.report.cells import HEADINGS, port_in_words, summary
from export.report.details import RANGE, ranges
from export.verify.fp16_range import RangeSummary


def markdown(document: Manifest) -> str:
    """The report as Markdown."""
    found = results_table.rows(document.files)
    lines = [
        f"# facestyle build: {document.network}, {document.height} x {document.width}",
        "",
        f"    {document.command}",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
        *("| " + " | ".join(summary(e)) + " |" for e in document.files),
        "",
        "## PyTorch x precision x format",
        "",
        results_table.LEGEND,
        "",
        "| " + " | ".join(results_table.headings(found)) + " |",
        "|" + "---|" * len(results_table.headings(found)),
        *("| " + " | ".join(line) + " |" for line in results_table.table(found)),
        "",
        *_headroom(document.headroom),
        *_coverage(document.files),
        "## Inputs and outputs",
        "",
    ]
    for entry in document.files:
        lines += [f"### {entry.file}", ""]
        for direction, ports in (("input", entry.inputs), ("output", entry.outputs)):
            lines += [f"- {direction} `{port.name}`: {port_in_words(port)}" for port in ports]
        verdicts = entry.proof.verdicts if entry.proof else ()
        lines += [
            f"- **FAILED** {v.check}: {v.figure}, wanted {v.limit}"
            for v in verdicts
            if not v.passed
        ]
        lines.append("")
    return "\n".join(lines)


def _headroom(graphs: dict[str, RangeSummary]) -> list[str]:
    if not graphs:
        return []
    lines = ["## Half precision", "", "| graph | " + " | ".join(RANGE) + " |"]
    lines.append("|" + "---|" * (1 + len(RANGE)))
    for name, found in graphs.items():
        lines += ["| " + " | ".join([name, *ranges(row)]) + " |" for row in found.worst]
    return [*lines, ""]


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
    lines += ["| file | accelerator | operator | why | what would help |", "|---|---|---|---|---|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in left), ""]

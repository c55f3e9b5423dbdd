"""A build's report as Markdown."""

from __future__ import annotations

from typing import Any

from export import matrix
from export.report.cells import HEADINGS, port_in_words, summary


def markdown(document: dict[str, Any]) -> str:
    """The report as Markdown."""
    found = matrix.rows(document["files"])
    lines = [
        f"# facestyle build: {document['network']}, {document['height']} x {document['width']}",
        "",
        f"    {document['command']}",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
        *("| " + " | ".join(summary(e)) + " |" for e in document["files"]),
        "",
        "## PyTorch x precision x format",
        "",
        matrix.LEGEND,
        "",
        "| " + " | ".join(matrix.headings(found)) + " |",
        "|" + "---|" * len(matrix.headings(found)),
        *("| " + " | ".join(line) + " |" for line in matrix.table(found)),
        "",
        "## Inputs and outputs",
        "",
    ]
    for entry in document["files"]:
        lines += [f"### {entry['file']}", ""]
        for direction in ("inputs", "outputs"):
            for port in entry[direction]:
                lines.append(f"- {direction[:-1]} `{port['name']}`: {port_in_words(port)}")
        failed = [v for v in entry.get("verdicts", []) if not v["passed"]]
        lines += [f"- **FAILED** {v['check']}: {v['figure']}, wanted {v['limit']}" for v in failed]
        lines.append("")
    return "\n".join(lines)

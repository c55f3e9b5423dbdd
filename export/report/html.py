"""A build's report as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from export.build.manifest import Manifest
from export.report import details, results_table
from export.report.cells import HEADINGS, port_in_words, summary
from export.report.pictures import Row, pictures
from export.report.table import table

STYLE = """
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#cf222e}
body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;display:block;overflow-x:auto}
td:nth-child(2){white-space:nowrap}section td{white-space:normal!important}
th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
code,pre{font:13px/1.4 ui-monospace,monospace}pre{overflow-x:auto}
.row{display:flex;flex-wrap:wrap;gap:.6rem}figure{margin:0}figcaption{font-size:13px}
img{width:200px;height:auto;display:block;border-radius:4px}
.pass{color:var(--good);font-weight:600}.fail{color:var(--bad);font-weight:600}
h1,h2{overflow-wrap:anywhere}summary{cursor:pointer}section{margin:2.5rem 0}
"""


def html(document: Manifest, rows: Sequence[Row]) -> str:
    """The report as one self-contained page."""
    weights = document.weights
    trained = "random weights, for latency work only" if weights.untrained else "trained"
    calibration = document.calibration
    calibrated = (
        ""
        if calibration is None
        else f"<p>int8 calibrated on {calibration.images} images of "
        f"{escape(calibration.source)} (sha256 {calibration.sha256[:12]}).</p>"
    )
    passed = sum(bool(e.verified) for e in document.files)
    body = "".join(_section(row) for row in rows)
    tools = ", ".join(f"{k} {v}" for k, v in document.tools.items())
    files = table(HEADINGS, [summary(e) for e in document.files])
    found = results_table.rows(document.files)
    agreement = table(results_table.headings(found), results_table.table(found))
    half = details.headroom(document.headroom)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8>"
        f"<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>facestyle build</title><style>{STYLE}</style>"
        f"<h1>{escape(document.network)}, {document.height} × {document.width}</h1>"
        f"<p>{passed} of {len(rows)} files passed their checks. Weights {weights.fingerprint} "
        f"({trained}).</p><pre>{escape(document.command)}</pre>{calibrated}"
        f"{files}<h2>PyTorch × precision × format</h2>"
        f"<p>{escape(results_table.LEGEND)}</p>{agreement}"
        f"{body}{half}<p><small>{escape(tools)}</small></p></html>\n"
    )


def _section(row: Row) -> str:
    entry = row.entry
    both = table(
        ["", "name", "what"],
        [
            [direction, port.name, port_in_words(port)]
            for direction, ports in (("in", entry.inputs), ("out", entry.outputs))
            for port in ports
        ],
    )
    parts = [f"<section><h2>{escape(entry.file)}</h2>", pictures(row), both]
    if entry.proof is not None:
        parts.append(
            "<details open><summary>Checks</summary>"
            + table(
                ["check", "found", "wanted", "rests on", ""],
                [
                    [
                        v.check,
                        _short(v.figure),
                        _short(v.limit),
                        v.assurance.value,
                        "pass" if v.passed else "FAIL",
                    ]
                    for v in entry.proof.verdicts
                ],
            )
            + "</details>"
        )
        parts.append(details.coverage(entry.proof.coverage))
        origins = [
            [c.name, str(list(c.shape)), "" if c.value is None else str(c.value), str(c.origin)]
            for c in entry.proof.constants
        ]
        parts.append(
            "<details><summary>No auxiliary network: where each constant comes from</summary>"
            + table(["constant", "shape", "value", "parameter"], origins)
            + "</details>"
        )
    parts.append(f"<p><small>sha256 {entry.sha256}</small></p></section>")
    return "".join(parts)


def _short(text: str) -> str:
    return text if len(text) < 120 else text[:117] + "…"

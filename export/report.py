"""The page of a build: one row of pictures per file, its figures and verdicts."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from PIL import Image
from torch import Tensor

from export import probes
from export.probes import Probe
from export.verify import Evidence
from facestyle import gallery
from facestyle.images import to_image

SHOWN, SHOWN_CODE = "portrait, strength 1", "painting"
"""The probes in the picture rows, of graphs that give a picture and of those that give a code."""

DIFFERENCE_GAIN = 8


@dataclass(frozen=True)
class Row:
    """A file's manifest entry with what its pictures are made from."""

    entry: dict[str, Any]
    probes: Sequence[Probe]
    wanted: dict[str, Tensor]
    evidence: Evidence | None
    paint: Callable[[Tensor], Tensor]
    """The portrait painted by PyTorch with a style code."""


def kilobytes(entry: dict[str, Any]) -> str:
    """Size for people."""
    return f"{entry['bytes'] / 1000:,.0f} KB"


def psnr(entry: dict[str, Any]) -> str:
    """Worst PSNR, or why there is none."""
    if not entry.get("verified") and "verdicts" not in entry:
        return "not verified"
    if not entry["executed"]:
        return "structure only (executed on macOS)"
    value = entry["worst_psnr_db"]
    return f"{value:.1f} dB" if isinstance(value, float) else str(value)


def partitions(entry: dict[str, Any]) -> str:
    """Delegate partitions for people."""
    count = entry.get("delegate_partitions")
    if count is None:
        return "–"
    return f"{count}" + (" (whole graph)" if entry["fully_delegated"] else "")


def traced(entry: dict[str, Any]) -> str:
    """How many constants were traced."""
    constants = entry.get("constants")
    if constants is None:
        return "–"
    known = sum(c["from"] is not None for c in constants)
    return f"{known} of {len(constants)}"


def summary(entry: dict[str, Any]) -> list[str]:
    """The cells of a file's row in every table."""
    return [
        entry["file"],
        kilobytes(entry),
        psnr(entry),
        f"{entry['macs'] / 1e9:.3f} G",
        f"{entry['parameters'] / 1e6:.3f} M",
        partitions(entry),
        traced(entry),
        verdict(entry),
    ]


HEADINGS = [
    "file",
    "size",
    "worst PSNR to PyTorch",
    "MACs a run",
    "parameters",
    "XNNPACK partitions",
    "constants traced",
    "verdict",
]


def verdict(entry: dict[str, Any]) -> str:
    """``pass``, ``FAIL`` or ``not verified``."""
    if "verdicts" not in entry:
        return "not verified"
    return "pass" if entry["verified"] else "FAIL"


def markdown(document: dict[str, Any]) -> str:
    """The report as Markdown."""
    lines = [
        f"# facestyle build: {document['network']}, {document['height']} x {document['width']}",
        "",
        f"    {document['command']}",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
        *("| " + " | ".join(summary(e)) + " |" for e in document["files"]),
        "",
        "## Inputs and outputs",
        "",
    ]
    for entry in document["files"]:
        lines += [f"### {entry['file']}", ""]
        for direction in ("inputs", "outputs"):
            for port in entry[direction]:
                lines.append(f"- {direction[:-1]} `{port['name']}`: {_port(port)}")
        failed = [v for v in entry.get("verdicts", []) if not v["passed"]]
        lines += [f"- **FAILED** {v['check']}: {v['figure']}, wanted {v['limit']}" for v in failed]
        lines.append("")
    return "\n".join(lines)


def _port(port: dict[str, Any]) -> str:
    if port.get("type") == "image":
        what = f"image {port['width']} x {port['height']}, RGB, 0..255"
    else:
        what = f"{port['dtype']} {port['shape']} {port['layout']}"
        if "scale" in port:
            what += f", scale {port['scale']:.6g}, zero point {port['zero_point']}"
        elif port["range"]:
            what += f", {port['range'][0]:g}..{port['range'][1]:g}"
        if port.get("colour_order"):
            what += f", {port['colour_order']}"
    return f"{what}. {port['description']}"


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
summary{cursor:pointer}section{margin:2.5rem 0}
"""


def html(document: dict[str, Any], rows: Sequence[Row]) -> str:
    """The report as one self-contained page."""
    weights = document["weights"]
    trained = "random weights, for latency work only" if weights["untrained"] else "trained"
    calibration = document["calibration"]
    calibrated = (
        ""
        if calibration is None
        else f"<p>int8 calibrated on {calibration['images']} images of "
        f"{escape(calibration['source'])} (sha256 {calibration['sha256'][:12]}).</p>"
    )
    passed = sum(bool(e["verified"]) for e in document["files"])
    body = "".join(_section(row) for row in rows)
    tools = ", ".join(f"{k} {v}" for k, v in document["tools"].items())
    table = _table(HEADINGS, [summary(e) for e in document["files"]])
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8>"
        f"<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>facestyle build</title><style>{STYLE}</style>"
        f"<h1>{escape(document['network'])}, {document['height']} × {document['width']}</h1>"
        f"<p>{passed} of {len(rows)} files passed their checks. Weights {weights['fingerprint']} "
        f"({trained}).</p><pre>{escape(document['command'])}</pre>{calibrated}"
        f"{table}{body}<p><small>{escape(tools)}</small></p></html>\n"
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in headings)
    lines = "".join(
        "<tr>" + "".join(f"<td{_colour(c)}>{escape(c)}</td>" for c in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{lines}</table>"


def _colour(cell: str) -> str:
    return {"pass": " class=pass", "FAIL": " class=fail"}.get(cell, "")


def _section(row: Row) -> str:
    entry = row.entry
    ports = _table(
        ["", "name", "what"],
        [
            [direction, port["name"], _port(port)]
            for direction, key in (("in", "inputs"), ("out", "outputs"))
            for port in entry[key]
        ],
    )
    parts = [f"<section><h2>{escape(entry['file'])}</h2>", _pictures(row), ports]
    if "verdicts" in entry:
        parts.append(
            "<details open><summary>Checks</summary>"
            + _table(
                ["check", "found", "wanted", "rests on", ""],
                [
                    [
                        v["check"],
                        _short(v["figure"]),
                        _short(v["limit"]),
                        v["assurance"],
                        "pass" if v["passed"] else "FAIL",
                    ]
                    for v in entry["verdicts"]
                ],
            )
            + "</details>"
        )
        operators = ", ".join(f"{k} × {v}" for k, v in entry["operators"].items())
        parts.append(f"<details><summary>Operators</summary><p>{escape(operators)}</p></details>")
        origins = [
            [c["name"], str(c["shape"]), str(c.get("value", "")), str(c["from"])]
            for c in entry["constants"]
        ]
        parts.append(
            "<details><summary>No auxiliary network: where each constant comes from</summary>"
            + _table(["constant", "shape", "value", "parameter"], origins)
            + "</details>"
        )
    parts.append(f"<p><small>sha256 {entry['sha256']}</small></p></section>")
    return "".join(parts)


def _short(text: str) -> str:
    return text if len(text) < 120 else text[:117] + "…"


def _pictures(row: Row) -> str:
    names = [port["name"] for port in row.entry["inputs"]]
    figures = []
    if "content" in names:
        probe = next(p for p in row.probes if p.name == SHOWN)
        figures.append(_figure("content", to_image(probe.inputs[names.index("content")])))
        wanted, output = row.wanted[SHOWN], _output(row, SHOWN)
    else:
        # A style code is no picture: what counts is how the portrait looks when painted with it.
        wanted, output = row.paint(row.wanted[SHOWN_CODE]), _output(row, SHOWN_CODE)
        output = None if output is None else row.paint(output)
    painting = _painting(row.entry["style"], names)
    if painting is not None:
        figures.append(_figure("painting", to_image(painting)))
    figures.append(_figure("PyTorch", to_image(wanted)))
    if output is None:
        figures.append("<figure><figcaption>this file was not executed here</figcaption></figure>")
    else:
        difference = (output - wanted).abs() * DIFFERENCE_GAIN
        figures.append(_figure("this file", to_image(output)))
        figures.append(_figure(f"difference × {DIFFERENCE_GAIN}", to_image(difference)))
    return f"<div class=row>{''.join(figures)}</div>"


def _output(row: Row, probe: str) -> Tensor | None:
    return row.evidence.outputs.get(probe) if row.evidence else None


def _painting(baked: str | None, inputs: Sequence[str]) -> Tensor | None:
    """The painting behind a picture row, where it is one of the gallery's."""
    if "painting" in inputs or "style_code" in inputs:
        return probes.painting()
    return probes.painting(baked) if baked in {p.name for p in gallery.paintings()} else None


def _figure(caption: str, image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, subsampling=0)
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f"<figure><img alt='{escape(caption)}' src='data:image/jpeg;base64,{data}'>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )

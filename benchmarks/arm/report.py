"""The report for the terminal, as Markdown and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.arm import document
from benchmarks.arm.processors import PROCESSORS
from benchmarks.report import tables
from benchmarks.report.document import Document
from export.report.page import bar_chart, markdown, svg, units
from export.report.page.bar_chart import Bar, BarChart
from export.report.page.render import render
from export.report.page.scale import covering
from export.report.page.svg import LegendEntry
from export.report.page.tables import Cell, Column, Table, figure
from facestyle.files import write_text

Row = dict[str, Any]

CLASSES = {
    "simd": "SIMD",
    "dot_product": "dot products",
    "half_precision": "half precision",
    "other": "other",
}
"""Of instructions; the page's colours in this order."""

TOOLS = ("qemu-user:", "ai-edge-litert", "numpy", "python3.11-minimal:", "libc6:arm64")
"""What of the Arm side is shown; ``report.json`` has all."""


def write(folder: Path, made: Document) -> None:
    """Write ``report.json``, ``report.md`` and ``report.html``.

    Raises:
        CannotWrite: when a file cannot be written.
    """
    document.write(folder, made)
    write_text(folder / "report.md", text(made))
    write_text(folder / "report.html", html(made))


def headline(made: Document) -> str:
    """The outcome in a sentence."""
    rows, wrong = made["rows"], len(failures(made))
    files = len({row["file"]["sha256"] for row in rows})
    processors = ", ".join(dict.fromkeys(title(row) for row in rows))
    if wrong:
        return f"{wrong} of {len(rows)} runs on emulated Arm failed"
    return f"All {files} files run right on emulated {processors} ({len(rows)} runs)"


def failures(made: Document) -> list[tuple[str, str]]:
    """Which run failed, and in what."""
    return [
        (
            f"{row['name']}, {title(row)}",
            "; ".join(
                f"{v['check']}: {v['figure']}, wanted {v['limit']}"
                for v in row["verdicts"]
                if not v["passed"]
            ),
        )
        for row in made["rows"]
        if not row["passed"]
    ]


def title(row: Row) -> str:
    """The processor's name for people."""
    return PROCESSORS[row["processor"]].title


def lines(made: Document) -> list[tuple[str, bool]]:
    """For the terminal: a line a row, and whether it passed."""
    wide = max((len(row["name"]) for row in made["rows"]), default=0)
    wrong = dict(failures(made))
    found = []
    for row in made["rows"]:
        name = f"{row['name']}, {title(row)}"
        said = wrong.get(name) or row["verdicts"][0]["figure"]
        check = "" if name in wrong else f"{row['verdicts'][0]['check']}: "
        count = units.scaled((row["instructions"] or {}).get("total"))
        found.append(
            (f"{row['name']:{wide}}  {title(row):11}  {count:>8}  {check}{said}", row["passed"])
        )
    return found


def instructions(made: Document) -> Table:
    """Counts of every row."""
    columns = [Column("file", figures=False), Column("processor", figures=False)]
    columns += [Column("instructions", hint="of a frame")]
    columns += [Column(name, hint="share of the instructions") for name in CLASSES.values()]
    rows = []
    for row in made["rows"]:
        counts = row["instructions"] or {}
        total = counts.get("total")
        shares = [counts[key] / total if total else None for key in CLASSES]
        rows.append(
            [
                Cell(row["name"]),
                Cell(title(row)),
                figure(total, lambda v: f"{v:,.0f}"),
                *(figure(share, lambda v: units.percent(v) if v else "0") for share in shares),
            ]
        )
    note = (
        "Of one frame on one thread: counted, not measured, and the same in every run, to the last "
        "one. A count is no time: processors differ in how many they do at once."
    )
    return Table("Instructions", columns, rows, note)


def comparisons(made: Document) -> Table:
    """What every row proves."""
    columns = [Column("file", figures=False), Column("processor", figures=False)]
    columns += [
        Column("verdict", figures=False),
        Column("greatest difference", hint="to this computer's LiteRT, of the output's range"),
        Column("values that differ", hint="from this computer's LiteRT"),
        Column("dB to LiteRT here", hint="PSNR to this computer's LiteRT"),
        Column("dB to PyTorch", hint="PSNR"),
    ]
    rows = []
    for row in made["rows"]:
        found = row["figures"] or {}
        rows.append(
            [
                Cell(row["name"], tone="" if row["passed"] else "bad"),
                Cell(title(row)),
                Cell("right", tone="good") if row["passed"] else Cell("wrong", tone="bad"),
                figure(found.get("max_difference"), lambda v: f"{v:.1e}" if v else "0"),
                figure(found.get("differing_values"), lambda v: f"{v:,.0f}"),
                figure(found.get("psnr_to_host_db"), lambda v: f"{v:.1f}"),
                figure(found.get("psnr_to_pytorch_db"), lambda v: f"{v:.1f}"),
            ]
        )
    note = (
        "With this computer's LiteRT (greatest difference, how many values differ, PSNR) and with "
        "PyTorch, at worst over the probes. int8 must be the same to the last bit, floats within "
        "rounding; half precision is judged by PyTorch. A dash in a PSNR: no difference."
    )
    return Table("Comparison", columns, rows, note)


def chart(rows: Sequence[Row], name: str) -> BarChart:
    """Instructions of one processor's rows, by class."""
    scale = covering([row["instructions"]["total"] / 1e6 for row in rows], zero=True)
    bars = [
        Bar(
            row["name"],
            units.scaled(row["instructions"]["total"]),
            bar_chart.stacked(
                scale, [(at, row["instructions"][key] / 1e6) for at, key in enumerate(CLASSES)]
            ),
            not row["passed"],
        )
        for row in rows
    ]
    keys = [LegendEntry(svg.block(at), words) for at, words in enumerate(CLASSES.values())]
    return BarChart(
        name, "Million instructions of a frame.", bars, bar_chart.axis(scale, "M"), keys
    )


def charts(made: Document) -> list[BarChart]:
    """One for every processor."""
    counted = [row for row in made["rows"] if row["instructions"]]
    return [
        chart([row for row in counted if title(row) == name], name)
        for name in dict.fromkeys(title(row) for row in counted)
    ]


def facts(made: Document) -> list[tuple[str, list[tuple[str, str]]]]:
    """Versions and rules, in words."""
    arm = {key: version for key, version in made["userland"].items() if key.startswith(TOOLS)}
    return [
        ("On the Arm side", tables.settings(arm)),
        ("On this computer", tables.settings(made["tools"])),
        ("Rules", tables.settings(made["rules"])),
    ]


def text(made: Document) -> str:
    """As Markdown."""
    words = [f"# {markdown.text(headline(made))}", "", made["assurance"], ""]
    failed = [f"**{markdown.text(name)}**: {markdown.text(said)}" for name, said in failures(made)]
    words += markdown.warning("Failed", failed)
    words += markdown.section(instructions(made)) + markdown.section(comparisons(made))
    for name, found in facts(made):
        words += markdown.facts(name, found)
    words += ["## Command", "", f"    {made['command']}", ""]
    words += [f"Made {units.moment(made['created'])}, format `{made['format']}`.", ""]
    return "\n".join(words)


def html(made: Document) -> str:
    """As a page in the style of the other reports."""
    return render(
        __package__,
        "report.html.j2",
        made=made,
        headline=headline(made),
        created=units.moment(made["created"]),
        failures=failures(made),
        charts=charts(made),
        tables=[instructions(made), comparisons(made)],
        facts=facts(made),
    )

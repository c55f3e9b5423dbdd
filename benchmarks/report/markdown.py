"""The report as Markdown: the page's tables, for a repository."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.report import headings, latency_charts, tables, units, verdicts
from benchmarks.report.document import FORMAT, Document, schema
from benchmarks.report.tables import Table

SPECIAL = re.compile(r"([\\`*<>|\[\]#&~])")


def markdown(made: Document) -> str:
    """The report."""
    lines = [f"# {text(headings.title(made))}", "", *map(text, headings.summary(made)), ""]
    lines += _not_valid(made)
    if made["rows"]:
        lines += [verdicts.RULE, "", *_verdicts(made)]
        lines += section(tables.latency(made)) + section(tables.cost(made))
    lines += _operators(made) + _placement(made) + _sustained(made) + _quality(made)
    lines += _facts("Device", tables.device(made["device"]))
    found = tables.conditions(made)
    lines += section(found) if found else []
    lines += _facts("Conditions of all rows", tables.common_conditions(made))
    for title, key in (("Rules", "rules"), ("Tools", "tools")):
        lines += _facts(title, tables.settings(made.get(key) or {}))
    if made.get("notes"):
        lines += ["## Notes", "", *(f"- {text(note)}" for note in made["notes"]), ""]
    if made.get("command"):
        lines += ["## Command", "", f"    {' '.join(made['command'].split())}", ""]
    lines += [
        f"Measured {text(units.moment(made['created']))}. The samples are in `report.json`, "
        f"format `{FORMAT}`, schema `{schema()['$id']}`.",
        "",
    ]
    return "\n".join(lines)


def text(words: str) -> str:
    """Words that Markdown takes for nothing but words, in one line."""
    return SPECIAL.sub(r"\\\1", " ".join(words.split()))


def section(table: Table) -> list[str]:
    """A table under its heading."""
    head = [text(column.title) for column in table.columns]
    rule = ["---:" if column.figures else "---" for column in table.columns]
    body = [[_toned(text(cell.text), cell.tone) for cell in line] for line in table.lines]
    lines = [f"## {table.caption}", "", *rows(head, rule, body), ""]
    return [*lines, table.note, ""] if table.note else lines


def rows(head: Sequence[str], rule: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """A table of escaped cells."""
    return [f"| {' | '.join(line)} |" for line in (head, rule, *body)]


def _toned(words: str, tone: str) -> str:
    return f"**{words}**" if tone == "bad" else words


def _not_valid(made: Document) -> list[str]:
    wrong = [row for row in made["rows"] if row.get("problems")]
    if not wrong:
        return []
    lines = ["> [!WARNING]", "> Not valid:", ">"]
    lines += [f"> - **{text(row['name'])}**: {text('; '.join(row['problems']))}" for row in wrong]
    return [*lines, ""]


def _verdicts(made: Document) -> list[str]:
    found = [verdicts.verdict(row) for row in made["rows"]]
    body = [
        [
            text(one.name),
            text(one.slow),
            units.NONE if one.problems else ", ".join(badge.text for badge in one.badges),
            _toned(one.validity, "bad" if one.problems else ""),
        ]
        for one in found
    ]
    head = ["model", "nine frames of ten within", "real-time", "validity"]
    return ["## Verdicts", "", *rows(head, ["---", "---:", "---", "---"], body), ""]


def _facts(title: str, found: Sequence[tuple[str, str]]) -> list[str]:
    if not found:
        return []
    return [f"## {title}", "", *(f"- {text(key)}: {text(value)}" for key, value in found), ""]


def _bars(title: str, bars: Sequence[tuple[str, str]], level: str = "##") -> list[str]:
    body = [[text(label), text(value)] for label, value in bars]
    return [f"{level} {text(title)}", "", *rows(["", ""], ["---", "---:"], body), ""]


def _operators(made: Document) -> list[str]:
    found = [bars for row in made["rows"] if (bars := latency_charts.operators(row))]
    if not found:
        return []
    lines = ["## Dearest operators", "", latency_charts.operators_lead(made), ""]
    for one in found:
        lines += _bars(one.title, [(bar.label, bar.value) for bar in one.bars], "###")
        lines += [one.lead, ""] if one.lead else []
    return lines


def _placement(made: Document) -> list[str]:
    found = latency_charts.placement(made)
    return _bars(found.title, [(b.label, b.value) for b in found.bars]) if found else []


def _sustained(made: Document) -> list[str]:
    found = latency_charts.sustained(made)
    return _facts("Sustained", [("inference", key.text) for key in found.keys]) if found else []


def _quality(made: Document) -> list[str]:
    quality = made.get("quality")
    if not quality:
        return []
    lines = section(tables.quality(quality))
    lines += [f"- {text(title)}: {text(what)}" for title, what in tables.meanings(quality)] + [""]
    judges = tables.judges(quality)
    lines += section(judges) if judges else []
    return lines + _facts("Fidelity settings", tables.settings(quality["settings"]))

"""The report as Markdown: the page's tables, for a repository."""

from __future__ import annotations

from benchmarks.report import headings, real_time, tables
from benchmarks.report.charts import latency
from benchmarks.report.document import FORMAT, Document, schema
from export.report.page import units
from export.report.page.markdown import bar_table, facts, rows, section, text, toned, warning


def markdown(made: Document) -> str:
    """The report."""
    lines = [f"# {text(headings.title(made))}", "", *map(text, headings.summary(made)), ""]
    lines += _not_valid(made)
    if made["rows"]:
        lines += [real_time.RULE, "", *_verdicts(made)]
        lines += section(tables.latency(made)) + section(tables.cost(made))
    lines += _operators(made) + _placement(made) + _sustained(made) + _quality(made)
    lines += facts("Device", tables.device(made["device"]))
    found = tables.conditions(made)
    lines += section(found) if found else []
    lines += facts("Conditions of all rows", tables.common_conditions(made))
    for title, key in (("Rules", "rules"), ("Tools", "tools")):
        lines += facts(title, tables.settings(made.get(key) or {}))
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


def _not_valid(made: Document) -> list[str]:
    wrong = [row for row in made["rows"] if row.get("problems")]
    lines = [f"**{text(row['name'])}**: {text('; '.join(row['problems']))}" for row in wrong]
    return warning("Not valid", lines)


def _verdicts(made: Document) -> list[str]:
    found = [real_time.verdict(row) for row in made["rows"]]
    body = [
        [
            text(one.name),
            text(one.slow),
            units.NONE if one.problems else ", ".join(badge.text for badge in one.badges),
            toned(one.validity, "bad" if one.problems else ""),
        ]
        for one in found
    ]
    head = ["model", "nine frames of ten within", "real-time", "validity"]
    return ["## Verdicts", "", *rows(head, ["---", "---:", "---", "---"], body), ""]


def _operators(made: Document) -> list[str]:
    found = [bars for row in made["rows"] if (bars := latency.operators(row))]
    if not found:
        return []
    lines = ["## Dearest operators", "", latency.operators_lead(made), ""]
    for one in found:
        lines += bar_table(one, "###")
        lines += [one.lead, ""] if one.lead else []
    return lines


def _placement(made: Document) -> list[str]:
    found = latency.placement(made)
    return bar_table(found) if found else []


def _sustained(made: Document) -> list[str]:
    found = latency.sustained(made)
    return facts("Sustained", [("inference", key.text) for key in found.keys]) if found else []


def _quality(made: Document) -> list[str]:
    quality = made.get("quality")
    if not quality:
        return []
    lines = section(tables.quality(quality))
    lines += [f"- {text(title)}: {text(what)}" for title, what in tables.meanings(quality)] + [""]
    judges = tables.judges(quality)
    lines += section(judges) if judges else []
    return lines + facts("Fidelity settings", tables.settings(quality["settings"]))

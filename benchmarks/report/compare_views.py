"""A comparison for the terminal, for Markdown, and as a page."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report.compare import (
    FASTER,
    LEAST_CHANGE,
    NOT_JUDGED,
    SIGNIFICANT,
    SLOWER,
    Comparison,
    Figure,
    Times,
)
from export.report.page import markdown as parts
from export.report.page import units
from export.report.page.render import render
from export.report.page.tables import ARROWS, Cell, Column, Table, figure

RULE = (
    f"Slower or faster, significantly: p < {SIGNIFICANT:g} (two-sided Mann-Whitney, over rounds "
    "where the run was interleaved, after Holm's correction over all judged tests of this "
    f"comparison) and a change of the median by more than {LEAST_CHANGE:.0%}."
)

NO_SIGNIFICANCE = (
    "Means over pairs: without the figures of every pair nothing is said on significance."
)

TONES = {"slower": "bad", "worse": "bad", "faster": "good", "better": "good"}


def headline(found: Comparison) -> str:
    """The outcome in a sentence."""
    if found.refusals:
        return "Different devices: no verdict."
    if not found.pairs:
        return "No row is in both reports: no verdict."
    slower = list(dict.fromkeys(name for name, _ in found.slower))
    if slower:
        return f"Regression: {len(slower)} of {len(found.pairs)} rows significantly slower."
    judged = [p for p in found.pairs if any(not t.verdict.startswith(NOT_JUDGED) for t in p.times)]
    if not judged:
        return "Nothing could be judged: whether anything became slower is not known."
    many = f"{len(judged)} of {len(found.pairs)} rows"
    return f"No row is significantly slower; {many} could be judged."


def warnings(found: Comparison) -> list[str]:
    """All that keeps rows from being compared."""
    return [
        *found.refusals,
        *(f"{pair.name}: {warning}" for pair in found.pairs for warning in pair.warnings),
        *(f"{name}: only in the older report" for name in found.only_old),
        *(f"{name}: only in the newer report" for name in found.only_new),
    ]


def text(found: Comparison) -> str:
    """For the terminal: the outcome first, then every row."""
    lines = [headline(found), f"  older: {found.old}", f"  newer: {found.new}"]
    lines += [f"! {warning}" for warning in warnings(found)]
    for pair in found.pairs:
        lines += ["", pair.name]
        lines += [f"  {_time_line(one)}" for one in pair.times]
        lines += [f"  {_figure_line(one)}" for one in pair.figures if one.old != one.new]
    if found.fidelity:
        lines += ["", "Fidelity", f"  {NO_SIGNIFICANCE}"]
        lines += [
            f"  {one.name} at {one.strength:g}, {one.title} {ARROWS[one.better]}: "
            f"{units.digits(one.old)} -> {units.digits(one.new)} ({one.verdict})"
            for one in found.fidelity
            if one.old != one.new
        ]
    return "\n".join([*lines, "", RULE, ""])


def _time_line(one: Times) -> str:
    sign = "! " if one.verdict == SLOWER else ""
    return (
        f"{sign}{one.stage}: {units.ms(one.old)} -> {units.ms(one.new)} ms, "
        f"{units.change(one.ratio)}{_between(one)}: {one.verdict}"
    )


def _between(one: Times) -> str:
    if one.low is None or one.high is None:
        return ""
    low, high = units.change(one.low), units.change(one.high)
    p = "" if one.corrected is None else f"p {_p(one.corrected)}, "
    return f" ({low} to {high}, {p}{one.counted})"


def _figure_line(one: Figure) -> str:
    return f"{one.title}: {one.old} -> {one.new}{_more(one)}"


def _more(one: Figure) -> str:
    return "" if one.ratio is None else f" ({units.change(one.ratio)})"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def times_table(found: Comparison) -> Table:
    """Every stage of every row in both reports; what became slower comes first."""
    rows = [(pair, one) for pair in found.pairs for one in pair.times]
    rows.sort(key=lambda row: (row[1].verdict != SLOWER, row[1].verdict != FASTER))
    columns = [
        Column("model", figures=False),
        Column("stage", figures=False),
        Column("older", hint="median, ms"),
        Column("newer", hint="median, ms"),
        Column("change"),
        Column("95 % interval", figures=False),
        Column("p", hint="after Holm's correction; none where nothing is judged"),
        Column("compared", figures=False),
        Column("verdict", figures=False),
    ]
    lines = [
        [
            Cell(pair.name, tone="bad" if pair.warnings else ""),
            Cell(one.stage),
            figure(one.old),
            figure(one.new),
            figure(one.ratio, units.change),
            Cell(f"{units.change(one.low)} to {units.change(one.high)}"),
            figure(one.corrected, _p),
            Cell(one.counted),
            Cell(one.verdict, tone=TONES.get(one.verdict, "muted")),
        ]
        for pair, one in rows
    ]
    return Table("Times", columns, lines, RULE)


def figures_table(found: Comparison) -> Table | None:
    """Memory and cost, where they changed."""
    lines = [
        [
            Cell(pair.name),
            Cell(one.title),
            Cell(one.old),
            Cell(one.new),
            figure(one.ratio, units.change),
        ]
        for pair in found.pairs
        for one in pair.figures
        if one.old != one.new
    ]
    columns = [Column(title, figures=False) for title in ("model", "figure", "older", "newer")]
    note = "What did not change is left out. Costs are exact; peak memory is measured once."
    return Table("Memory and cost", [*columns, Column("change")], lines, note) if lines else None


def fidelity_table(found: Comparison) -> Table | None:
    """Quality figures of models and strengths in both reports."""
    lines = [
        [
            Cell(one.name),
            Cell(f"{one.strength:g}", one.strength),
            Cell(f"{one.title} {ARROWS[one.better]}"),
            figure(one.old),
            figure(one.new),
            Cell(one.verdict, tone=TONES.get(one.verdict, "muted")),
        ]
        for one in found.fidelity
    ]
    columns = [
        Column("subject", figures=False),
        Column("strength"),
        Column("figure", figures=False),
        Column("older"),
        Column("newer"),
        Column("direction", figures=False),
    ]
    return Table("Fidelity", columns, lines, NO_SIGNIFICANCE) if lines else None


def _tables(found: Comparison) -> Sequence[Table]:
    made = (times_table(found), figures_table(found), fidelity_table(found))
    return [table for table in made if table and table.lines]


def markdown(found: Comparison) -> str:
    """For a repository or a pull request."""
    escaped = parts.text
    lines = ["# Benchmarks compared", "", f"**{headline(found)}**", ""]
    lines += [f"- older: {escaped(found.old)}", f"- newer: {escaped(found.new)}", ""]
    lines += parts.warning("", [escaped(warning) for warning in warnings(found)])
    for table in _tables(found):
        lines += parts.section(table)
    return "\n".join(lines)


def html(found: Comparison) -> str:
    """As one self-contained page."""
    return render(
        __package__,
        "compare.html.j2",
        found=found,
        headline=headline(found),
        warnings=warnings(found),
        tables=_tables(found),
    )

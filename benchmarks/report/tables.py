"""The report's tables, the same for the page and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from benchmarks.report import facts
from benchmarks.report.document import Document
from benchmarks.report.facts import Row
from export.report.page import units
from export.report.page.tables import ARROWS, Cell, Column, Table, figure, words

Take = Callable[[Row], Cell]


def _stage(stage: str, key: str) -> Take:
    return lambda row: figure(facts.statistic(row, stage, key))


def _cost(key: str, unit: str) -> Take:
    return lambda row: figure(row.get("cost", {}).get(key), lambda v: units.scaled(v, unit))


def _name(row: Row) -> Cell:
    return Cell(row["name"], tone="bad" if facts.problems(row) else "")


def _valid(row: Row) -> Cell:
    found = facts.validity(row)
    return Cell(found, tone={"not valid": "bad", "valid": "good"}.get(found, "muted"))


def _ratio(wrong: Collection[str]) -> Take:
    """A ratio says little if its base, one of the rows ``wrong``, does not hold."""

    def take(row: Row) -> Cell:
        found = row.get("ratio")
        if not found:
            return words(None)
        value, low, high = (units.digits(found[key]) for key in ("value", "low", "high"))
        shown = f"{value} ({low}–{high})"
        if found["to"] in wrong:
            return Cell(f"{shown} ✗ to a row that is not valid", found["value"], "bad")
        return Cell(shown, found["value"])

    return take


def _ratio_to(row: Row) -> Cell:
    return words((row.get("ratio") or {}).get("to"))


def _partitions(row: Row) -> Cell:
    count = row.get("partitions")
    whole = ", whole graph" if row.get("fully_delegated") else ""
    return figure(count, lambda v: f"{v:.0f}{whole}")


def _size(row: Row) -> Cell:
    text = facts.size(row)
    return words(None) if text is None else Cell(text, facts.pixels(row))


LATENCY: Sequence[tuple[Column, Take]] = (
    (Column("model", figures=False), _name),
    (Column("p50", hint="inference, median, ms"), _stage("inference", "p50_ms")),
    (Column("p90", hint="inference, nine of ten, ms"), _stage("inference", "p90_ms")),
    (Column("p99", hint="inference, 99 of 100, ms"), _stage("inference", "p99_ms")),
    (Column("min", hint="inference, least, ms"), _stage("inference", "min_ms")),
    (
        Column("spread", hint="of inference, (p90 − min) / p50"),
        lambda row: figure(facts.statistic(row, "inference", "spread"), units.percent),
    ),
    (Column("pre", hint="pre-processing, median, ms"), _stage("preprocess", "p50_ms")),
    (Column("post", hint="post-processing, median, ms"), _stage("postprocess", "p50_ms")),
    (
        Column("end to end p90", hint="pre-processing to post-processing, nine of ten, ms"),
        lambda row: figure(facts.slow(row)),
    ),
    (Column("validity", figures=False), _valid),
    (Column("precision", figures=False), lambda row: words(row.get("precision"))),
    (Column("size", hint="height × width of the picture"), _size),
    (Column("threads"), lambda row: figure(facts.threads(row), str)),
    (Column("ratio to", figures=False), _ratio_to),
    (Column("first run", hint="ms"), lambda row: figure(row.get("first_run_ms"))),
    (Column("load", hint="ms"), lambda row: figure(row.get("load_ms"))),
    (Column("runtime", figures=False), lambda row: words(facts.runtime(row))),
)

RATIO = Column("ratio", hint="of median inference times, with a 95 % interval")

AFTER_P90 = 3
"""Where the ratio stands: it is what a machine's other work disturbs least."""

COST: Sequence[tuple[Column, Take]] = (
    (Column("model", figures=False), _name),
    (
        Column("peak memory", hint="over what the process had before the model was loaded"),
        lambda row: figure(row.get("peak_memory_bytes"), lambda v: units.scaled(v, "B")),
    ),
    (
        Column("file"),
        lambda row: figure((row.get("file") or {}).get("bytes"), lambda v: units.scaled(v, "B")),
    ),
    (Column("partitions", hint="that the delegate cut the graph into"), _partitions),
    (Column("MACs", hint="multiplications with additions of a frame"), _cost("macs", "")),
    (Column("parameters"), _cost("parameters", "")),
    (
        Column("bytes moved", hint="every operator's inputs, constants and outputs, once each"),
        _cost("bytes_moved", "B"),
    ),
    (Column("Arm instructions", hint="of a frame"), _cost("arm_instructions", "")),
)


def _made(
    caption: str, columns: Sequence[tuple[Column, Take]], rows: Sequence[Row], note: str = ""
) -> Table:
    """A table without the columns that no row has a figure for."""
    lines = [[take(row) for _, take in columns] for row in rows]
    return Table(caption, [column for column, _ in columns], lines, note).measured()


def latency(made: Document) -> Table:
    """Times of every row."""
    note = "Times in milliseconds. p50 is the median; nine runs of ten are within p90."
    wrong = {row["name"] for row in made["rows"] if facts.problems(row)}
    columns = [*LATENCY[:AFTER_P90], (RATIO, _ratio(wrong)), *LATENCY[AFTER_P90:]]
    return _made("Latency", columns, made["rows"], note)


def cost(made: Document) -> Table:
    """Memory, and the figures that never wobble."""
    note = "MACs, parameters, bytes moved and instructions are counted, not measured."
    return _made("Memory and cost", COST, made["rows"], note)


def common_conditions(made: Document) -> list[tuple[str, str]]:
    """What all rows with conditions were measured under."""
    found = [known for row in made["rows"] if (known := _known(row))]
    return [
        (key.replace("_", " "), _condition(key, found[0][key]).text)
        for key in (found[0] if found else {})
        if all(one.get(key, found) == found[0][key] for one in found)
    ]


def _known(row: Row) -> dict[str, Any]:
    """Conditions; the operators' sum is shown beside the operators."""
    known = facts.conditions(row)
    known.pop(facts.OPERATORS_SUM, None)
    return known


def conditions(made: Document) -> Table | None:
    """What differs from row to row."""
    rows = [row for row in made["rows"] if _known(row)]
    keys = list(dict.fromkeys(key for row in rows for key in _known(row)))
    common = dict(common_conditions(made))
    keys = [key for key in keys if key.replace("_", " ") not in common]
    if not keys:
        return None

    def take(key: str) -> Take:
        return lambda row: _condition(key, row["conditions"].get(key))

    columns: list[tuple[Column, Take]] = [(Column("model", figures=False), _name)]
    columns += [(Column(key.replace("_", " "), figures=False), take(key)) for key in keys]
    return _made("Conditions", columns, rows)


def _condition(key: str, value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return words(value)
    return figure(value, units.percent if key.endswith("_share") else units.plain)


def quality(found: dict[str, Any]) -> Table:
    """A line for every model and strength."""
    figures = found["figures"]
    columns = [Column("subject", figures=False), Column("strength"), Column("pairs")]
    columns += [
        Column(f"{one['title']} {ARROWS[one['better']]}", hint=one["what"]) for one in figures
    ]
    lines = [
        [
            Cell(row["name"]),
            Cell(f"{row['strength']:g}", row["strength"]),
            figure(row["pairs"], lambda v: f"{v:,.0f}"),
            *(_mean(row, one["key"]) for one in figures),
        ]
        for row in found["rows"]
    ]
    note = "↓ lower is better, ↑ higher is better."
    if any(_fewer(row, one["key"]) is not None for row in found["rows"] for one in figures):
        note += " A figure's mean is over all pairs, or over as many as stand in brackets."
    return Table("Fidelity", columns, lines, note)


def _mean(row: dict[str, Any], key: str) -> Cell:
    value, fewer = row["figures"].get(key), _fewer(row, key)
    if value is None or fewer is None:
        return figure(value)
    return Cell(f"{units.digits(value)} ({fewer:,})", value)


def _fewer(row: dict[str, Any], key: str) -> int | None:
    """Pairs that a figure's mean is over, if not all."""
    count = row.get("counts", {}).get(key)
    return None if count is None or count >= row["pairs"] else int(count)


def meanings(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What each figure of the quality table measures."""
    return [(f"{one['title']} {ARROWS[one['better']]}", one["what"]) for one in found["figures"]]


def judges(found: dict[str, Any]) -> Table | None:
    """Networks that judged, and whether they are the model's own teachers."""
    if not found.get("judges"):
        return None
    columns = [
        Column(title, figures=False) for title in ("judge", "measures", "its part in training")
    ]
    said = {
        True: Cell("also trained the model: it judges its own pupil", tone="bad"),
        False: Cell("independent of the model", tone="good"),
        None: Cell("unknown whether it trained the model", tone="muted"),
    }
    lines = [
        [Cell(one["name"]), Cell(one["measures"]), said[one["trained_the_model"]]]
        for one in found["judges"]
    ]
    return Table("Judges", columns, lines)


DEVICE = {
    "name": "name",
    "processor": "processor",
    "cores": "cores",
    "memory_bytes": "memory",
    "system": "system",
    "sdk": "Android API level",
    "kind": "kind",
}


def device(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What measured, in words."""
    return [
        (title, units.scaled(found[key], "B") if key == "memory_bytes" else units.plain(found[key]))
        for key, title in DEVICE.items()
        if found.get(key) not in (None, "")
    ]


def settings(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Rules, tools or settings by name, those that are known."""
    return [
        (str(key).replace("_", " "), units.plain(value))
        for key, value in found.items()
        if value is not None
    ]

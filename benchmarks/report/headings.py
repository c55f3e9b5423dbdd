"""What a report is called, and what it says in some sentences."""

from __future__ import annotations

from typing import Any

from benchmarks.report import real_time
from benchmarks.report.charts import quality as quality_charts
from benchmarks.report.document import Document
from export.report.page import units

MOST_NAMED = 3
"""Models in a title; more are counted."""


def title(made: Document) -> str:
    """By what was measured."""
    quality = made.get("quality")
    if quality and quality["rows"] and not made["rows"]:
        names = quality_charts.model_names(quality)
        many = len(names) > MOST_NAMED
        return f"Quality of {f'{len(names)} models' if many else ', '.join(names)}"
    both = "Latency and quality" if quality and quality["rows"] else "Latency"
    return f"{both} on {made['device']['name']}"


def summary(made: Document) -> list[str]:
    """The report in some sentences."""
    quality = made.get("quality")
    if quality and quality["rows"] and not made["rows"]:
        return [_result(quality)]
    return real_time.summary(made)


def _result(quality: dict[str, Any]) -> str:
    """How much of painting and face the strongest pictures have, in a sentence."""
    rows = quality["rows"]
    strength = max(row["strength"] for row in rows)
    strongest = [row for row in rows if row["strength"] == strength]
    pairs = max(row["pairs"] for row in strongest)
    style = quality_charts.style_figure(quality)
    shown = [*([style] if style else []), *quality_charts.others(quality)[:1]]
    weakest = [row for row in rows if row["strength"] == min(row["strength"] for row in rows)]
    said = [words for one in shown if (words := _best(strongest, weakest, one))]
    over = f"Over {pairs:,} pairs of photo and painting, at strength {strength:g}"
    return f"{over}: {'; '.join(said)}." if said else f"{over}, no figure could be measured."


def _best(
    strongest: list[dict[str, Any]], weakest: list[dict[str, Any]], figure: dict[str, Any]
) -> str:
    """Of one model its figure and how it began, of several the best one's."""
    key = figure["key"]
    known = [(row["figures"].get(key), row["name"]) for row in strongest]
    found = [(value, name) for value, name in known if value is not None]
    if not found:
        return ""
    lower = figure["better"] == "lower"
    value, name = min(found) if lower else max(found)
    told = f"{figure['title']} {units.digits(value)} ({figure['better']} is better"
    if len(found) > 1:
        return f"{told}; the best of {len(found)}, {name})"
    begun = [row for row in weakest if row["name"] == name and row["figures"].get(key) is not None]
    if begun and begun[0] not in strongest:
        first, strength = units.digits(begun[0]["figures"][key]), begun[0]["strength"]
        return f"{told}, {first} at strength {strength:g})"
    return f"{told})"

"""Charts of times: which are drawn, and of which rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.latency.validity import BUDGETS_MS
from benchmarks.report import facts
from benchmarks.report.document import Document
from benchmarks.report.facts import Row
from export.report.page import bar_chart, svg, units
from export.report.page.bar_chart import Bar, BarChart
from export.report.page.scale import Scale, covering, spanning
from export.report.page.svg import LegendEntry
from export.report.page.xy_chart import Axis, Point, Series, XYChart, xy_chart

WIDEST = 2.0
"""Samples beyond so many medians are counted, not drawn."""


def latencies(made: Document) -> BarChart | None:
    """Median inference of every row, how far its slowest runs are, and its verdict's figure."""
    rows = [r for r in made["rows"] if facts.statistic(r, "inference", "p50_ms") is not None]
    if not rows:
        return None
    middles = [facts.statistic(row, "inference", "p50_ms") or 0.0 for row in rows]
    fars = [facts.statistic(row, "inference", "p99_ms") for row in rows]
    slows = [facts.slow(row) for row in rows]
    scale = spanning(v for v in (*middles, *fars, *slows, *BUDGETS_MS) if v is not None)
    bars = [
        Bar(
            row["name"],
            f"{units.ms(middle)} ms",
            bar_chart.interval(scale, middle, far, slow, BUDGETS_MS),
            bool(facts.problems(row)),
        )
        for row, middle, far, slow in zip(rows, middles, fars, slows)
    ]
    keys = [
        LegendEntry(
            svg.swatch(0, line=False) if scale.logarithmic else svg.block(0), "inference, median"
        ),
        bar_chart.whisker_key("to p99"),
    ]
    if any(slow is not None for slow in slows):
        keys.append(bar_chart.diamond_key("end to end, nine frames of ten"))
    lead = "Dashed lines are the budgets of a frame: 16 ms and 33 ms."
    if scale.logarithmic:
        lead += " The axis is logarithmic."
    head = bar_chart.budgets(scale, BUDGETS_MS)
    return BarChart("Inference", lead, bars, bar_chart.axis(scale, "ms"), keys, head)


def stages(made: Document) -> BarChart | None:
    """Where a frame's time goes."""
    found = [
        (
            row,
            [(at, facts.statistic(row, stage, "p50_ms")) for at, stage in enumerate(facts.STAGES)],
        )
        for row in made["rows"]
    ]
    whole = [
        (row, [(at, value) for at, value in parts if value is not None])
        for row, parts in found
        if sum(value is not None for _, value in parts) > 1
    ]
    if not whole:
        return None
    totals = [sum(value for _, value in parts) for _, parts in whole]
    # Sums cannot be read on a logarithmic axis: where the range is wide, shares are drawn.
    shares = spanning(totals).logarithmic
    scale = Scale(0.0, 1.0) if shares else covering(totals, zero=True)
    bars = [
        Bar(
            row["name"],
            " + ".join(units.ms(value) for _, value in parts),
            bar_chart.stacked(
                scale, [(COLOURS[at], value / (total if shares else 1)) for at, value in parts]
            ),
            bool(facts.problems(row)),
        )
        for (row, parts), total in zip(whole, totals)
    ]
    keys = [
        LegendEntry(svg.block(COLOURS[at]), name) for at, name in enumerate(facts.STAGES.values())
    ]
    lead = "Medians of the stages in ms" + (", drawn as shares of their sum." if shares else ".")
    axis = bar_chart.axis(scale, "%", _hundredth) if shares else bar_chart.axis(scale, "ms")
    return BarChart("Where a frame's time goes", lead, bars, axis, keys)


def _hundredth(share: float) -> str:
    return f"{100 * share:.3g}"


COLOURS = (1, 0, 2)
"""Inference has the colour that it has elsewhere."""


def samples(made: Document) -> BarChart | None:
    """All runs of every row, over its median."""
    found = [
        (row, row["stages"]["inference"]["samples_ms"], facts.statistic(row, "inference", "p50_ms"))
        for row in made["rows"]
        if row["stages"]["inference"].get("samples_ms")
    ]
    over = [(row, [v / middle for v in times]) for row, times, middle in found if middle]
    if not over:
        return None
    # A row that is not valid would press the others together.
    shown = [ratios for row, ratios in over if not facts.problems(row)] or [r for _, r in over]
    low = min(min(ratios) for ratios in shown)
    far = max(float(np.percentile(ratios, 99)) for ratios in shown)
    scale = Scale(min(low, 0.98), min(max(far, 1.02), WIDEST))
    bars = [
        Bar(
            row["name"],
            _beyond(ratios, scale),
            bar_chart.distribution(scale, ratios),
            bool(facts.problems(row)),
        )
        for row, ratios in over
    ]
    lead = "Every run of inference over its row's median; a tick is a run."
    axis = bar_chart.axis(scale, "", lambda v: f"{v:.4g}×")
    return BarChart("Every run", lead, bars, axis)


def _beyond(ratios: Sequence[float], scale: Scale) -> str:
    beyond = sum(not scale.low <= ratio <= scale.high for ratio in ratios)
    runs = f"{len(ratios):,} runs"
    return f"{runs}, {beyond} beyond" if beyond else runs


def sustained(made: Document) -> XYChart | None:
    """How times went over minutes, over the first window's."""
    rows = [row for row in made["rows"] if (row.get("sustained") or {}).get("p50_ms")]
    series = []
    for index, row in enumerate(rows):
        found = row["sustained"]
        times, first = found["p50_ms"], found["p50_ms"][0]
        if first > 0:
            step = found["window_seconds"]
            points = [Point((at + 0.5) * step, time / first) for at, time in enumerate(times)]
            told = ", not valid" if facts.problems(row) else ""
            series.append(Series(f"{row['name']} (drift {_drift(found)}{told})", index, points))
    if not series:
        return None
    seconds = max(point.x for one in series for point in one.points)
    ratios = [point.y for one in series for point in one.points]
    return xy_chart(
        "Median over that of the first window",
        series,
        Axis("seconds", covering([0.0, seconds], zero=True)),
        Axis(
            "times the first window",
            covering([*ratios, 0.9, 1.1], margin=0.05),
            text=lambda v: f"{v:.4g}×",
        ),
    )


def _drift(found: dict[str, Any]) -> str:
    return units.change(1 + found["drift"])


def operators(row: Row) -> BarChart | None:
    """A row's dearest operators."""
    found = row.get("operators")
    if not found:
        return None
    scale = covering([one["share"] for one in found], zero=True)
    bars = [
        Bar(
            " ".join(
                part
                for part in (one["operator"], f"× {one['count']}", one.get("where", ""))
                if part
            ),
            f"{units.ms(one['ms'])} ms, {units.percent(one['share'])}",
            bar_chart.stacked(scale, [(0, one["share"])]),
        )
        for one in found
    ]
    return BarChart(row["name"], _alone(row), bars, bar_chart.axis(scale, "%", _hundredth))


def _alone(row: Row) -> str:
    """The operators' sum beside the whole, where they were timed one by one."""
    total, whole = facts.operators_sum(row), facts.statistic(row, "inference", "p50_ms")
    if total is None:
        return ""
    beside = "" if whole is None else f"; median inference of the whole file: {units.ms(whole)} ms"
    return f"Sum over all operators: {units.ms(total)} ms{beside}."


def operators_lead(made: Document) -> str:
    """What the operators' times and shares are."""
    shares = "Shares are of the sum over all operators."
    if all(facts.operators_sum(row) is None for row in made["rows"]):
        return shares
    return (
        f"{shares} Where a sum is given, every operator was timed alone, cut out of the file: "
        "the sum and the time of the whole file differ."
    )


def placement(made: Document) -> BarChart | None:
    """On which compute device the operators of each row run."""
    rows = [row for row in made["rows"] if row.get("placement")]
    if not rows:
        return None
    devices = list(dict.fromkeys(device for row in rows for device in row["placement"]))
    scale = covering([sum(row["placement"].values()) for row in rows], zero=True)
    bars = [
        Bar(
            row["name"],
            ", ".join(f"{device} {count}" for device, count in row["placement"].items()),
            bar_chart.stacked(
                scale, [(devices.index(name), count) for name, count in row["placement"].items()]
            ),
            bool(facts.problems(row)),
        )
        for row in rows
    ]
    keys = [LegendEntry(svg.block(at), device) for at, device in enumerate(devices)]
    lead = "Operators by the compute device that the plan gives them."
    return BarChart("Placement", lead, bars, bar_chart.axis(scale, ""), keys)

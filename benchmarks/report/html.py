"""The report as a page."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.report import headings, real_time, tables
from benchmarks.report.charts import latency, quality, scaling
from benchmarks.report.document import FORMAT, Document, schema
from export.report.page import units
from export.report.page.pictures import embedded
from export.report.page.render import render


def html(made: Document, pictures: Mapping[str, bytes]) -> str:
    """The report as a page.

    Args:
        made: the report.
        pictures: JPEG by caption.
    """
    fidelity = made.get("quality")
    found = [real_time.verdict(row) for row in made["rows"]]
    return render(
        __package__,
        "report.html.j2",
        made=made,
        title=headings.title(made),
        summary=headings.summary(made),
        rule=real_time.RULE,
        verdicts=found,
        not_valid=[(one.name, "; ".join(one.problems)) for one in found if one.problems],
        verdict_groups=real_time.by_threads(found),
        tables=tables,
        latencies=latency.latencies(made),
        stages=latency.stages(made),
        samples=latency.samples(made),
        scaling=scaling.scaling(made),
        hollow=scaling.hollow(made),
        sustained=latency.sustained(made),
        operators=[bars for row in made["rows"] if (bars := latency.operators(row))],
        operators_lead=latency.operators_lead(made),
        placement=latency.placement(made),
        quality=fidelity,
        pareto=quality.pareto(fidelity) if fidelity else [],
        against_latency=quality.against_latency(made),
        pictures=[embedded(caption, jpeg) for caption, jpeg in pictures.items()],
        format=FORMAT,
        moment=units.moment,
        schema=schema()["$id"],
    )

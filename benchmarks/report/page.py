"""Reports as self-contained pages: no network, no fonts, nothing that another file brings."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image

from benchmarks.report import (
    headings,
    latency_charts,
    quality_charts,
    scaling_charts,
    tables,
    units,
    verdicts,
)
from benchmarks.report.document import FORMAT, Document, schema

LARGE, LONG = 640, 1.5
"""Pixels, and sides' ratio, that a picture of one thing keeps."""

BREAKS = re.compile(r"(?<=\w)([_/.,-])(?=\w)")


def html(made: Document, pictures: Mapping[str, bytes]) -> str:
    """The report as a page.

    Args:
        made: the report.
        pictures: JPEG by caption.
    """
    quality = made.get("quality")
    found = [verdicts.verdict(row) for row in made["rows"]]
    return render(
        "page.html.j2",
        made=made,
        title=headings.title(made),
        summary=headings.summary(made),
        rule=verdicts.RULE,
        verdicts=found,
        verdict_groups=verdicts.by_threads(found),
        tables=tables,
        latencies=latency_charts.latencies(made),
        stages=latency_charts.stages(made),
        samples=latency_charts.samples(made),
        scaling=scaling_charts.scaling(made),
        hollow=scaling_charts.hollow(made),
        sustained=latency_charts.sustained(made),
        operators=[bars for row in made["rows"] if (bars := latency_charts.operators(row))],
        operators_lead=latency_charts.operators_lead(made),
        placement=latency_charts.placement(made),
        quality=quality,
        pareto=quality_charts.pareto(quality) if quality else [],
        against_latency=quality_charts.against_latency(made),
        pictures=[(caption, data_uri(jpeg), is_wide(jpeg)) for caption, jpeg in pictures.items()],
        format=FORMAT,
        moment=units.moment,
        schema=schema()["$id"],
    )


def render(template: str, **values: Any) -> str:
    """A page of this package; all values are escaped."""
    environment = Environment(
        loader=PackageLoader("benchmarks", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["soft"] = soft
    return environment.get_template(template).render(**values)


def soft(words: str) -> Markup:
    """A name that may be broken after its underscores and the like, rather than anywhere."""
    return Markup(BREAKS.sub(r"\1<wbr>", str(escape(words))))


def is_wide(jpeg: bytes) -> bool:
    """Whether a picture needs the page's width: a sheet of many pictures does."""
    with Image.open(io.BytesIO(jpeg)) as found:
        width, height = found.size
    return width > LARGE or max(width, height) > LONG * min(width, height)


def data_uri(jpeg: bytes) -> str:
    """A picture that the page holds itself."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"

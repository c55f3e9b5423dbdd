"""A template of a report, rendered as one self-contained page."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

BREAKS = re.compile(r"(?<=\w)([_/.,-])(?=\w)")


def render(package: str, template: str, **values: Any) -> str:
    """A page of a report.

    Args:
        package: that holds the template, such as ``benchmarks.report``.
        template: the name of its file; it may extend ``base.html.j2`` and import
            ``parts.html.j2``, CSS and script stand in both by then.
        values: of the template. All are escaped but ``Markup``; one that is missing is an error.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader(__package__, "")]),
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

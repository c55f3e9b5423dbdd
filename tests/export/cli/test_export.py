"""``facestyle export``'s own words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from export.formats import FORMATS, GRAPHS, precisions
from export.request import targets
from facestyle.errors import UserError
from tests.conftest import Outcome


def table(shown: str) -> dict[tuple[str, str, str], bool]:
    """Whether a help text's table has a cross for a format, a precision and a graph."""
    lines = [line.removeprefix("  ") for line in shown.splitlines()]
    (top,) = (i for i, line in enumerate(lines) if line.split() == list(GRAPHS))
    columns = [lines[top].index(f" {graph}") + 1 for graph in GRAPHS]
    found = {}
    for line in lines[top + 1 :]:
        if not line.strip():
            break
        format_, precision = line.split()[:2]
        for graph, column in zip(GRAPHS, columns):
            found[format_, precision, graph] = line[column : column + 1] == "x"
        assert line.count("x") - f"{format_}{precision}".count("x") == sum(
            found[format_, precision, graph] for graph in GRAPHS
        )
    return found


def test_the_table_has_a_cross_for_what_can_be_written(facestyle: Callable[..., Outcome]) -> None:
    shown = table(facestyle("export", "--help").out)
    assert set(shown) == {
        (format_.suffix, precision.name, graph)
        for format_ in FORMATS.values()
        for precision in format_.precisions
        for graph in GRAPHS
    }
    for format_ in FORMATS.values():
        for name in precisions():
            for graph in GRAPHS:
                if shown.get((format_.suffix, name, graph), False):
                    assert len(targets([graph], [format_.name], [name])) == 1
                else:
                    with pytest.raises(UserError):
                        targets([graph], [format_.name], [name])
    assert sum(shown.values()) == 22

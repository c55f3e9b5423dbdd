"""Which charts are drawn, and of which rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report import document
from benchmarks.report.charts.quality import against_latency, frontier, pareto
from benchmarks.report.charts.scaling import scaling
from tests.support import made_report


def scaled(networks: int, kinds: int, sizes: int) -> document.Document:
    """Rows of the same times: only their places count."""
    rows = [
        made_report.minimal()["rows"][0]
        | {
            "name": f"{network} {kind} {size} {threads}",
            "network": f"net{network}",
            "precision": f"p{kind}",
            "height": 256 + size,
            "width": 256 + size,
            "runtime": {"name": "LiteRT", "threads": threads},
            "stages": {"inference": {"runs": 50, "seconds": 3.0, "p50_ms": 5.0}},
        }
        for network in range(networks)
        for kind in range(kinds)
        for size in range(sizes if kind == 0 else 1)
        for threads in (1, 2)
    ]
    return made_report.minimal() | {"rows": rows}


@pytest.mark.parametrize(
    ("made", "titles"),
    [
        (scaled(1, 1, 8), {"": 8}),
        (scaled(2, 3, 3), {", net0": 5, ", net1": 5}),
        (scaled(1, 6, 5), {", net0, size 256": 6, ", net0, other sizes": 4}),
        (scaled(3, 4, 1), {", net0, net1": 8, ", net2": 4}),
    ],
    ids=["all", "networks", "sizes", "joined networks"],
)
def test_charts_over_threads_have_few_lines(
    made: document.Document, titles: dict[str, int]
) -> None:
    found = {
        chart.title.removeprefix("Time over threads"): len(chart.keys)
        for chart in scaling(made)
        if "threads" in chart.title and "size," not in chart.title
    }
    assert found == titles


def test_what_is_drawn(host: document.Document) -> None:
    charts = scaling(host)
    assert [p.title for p in charts] == [
        "Time over size, 1 thread",
        "Time over size, 2 threads",
        "Time over threads, mobile, size 256",
        "Time over threads, mobile, size 384",
        "Time over threads, mobile, size 512",
    ]
    assert [key.text for key in charts[0].keys] == [
        "mobile fp32",
        "mobile fp16",
        "mobile dynamic",
        "mobile int8",
    ]
    trades = pareto(host["quality"])
    assert [trade.title.removesuffix(" against style loss") for trade in trades] == [
        "face FSIMc",
        "face SSIM",
        "landmark drift",
        "identity distance",
        "content loss",
    ]
    assert len(against_latency(host)) == 2


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_the_frontier_is_what_none_beats(points: list[tuple[int, int]]) -> None:
    best = frontier(points, (False, True))
    assert any(best)
    for point, kept in zip(points, best):
        beaten = any(o[0] <= point[0] and o[1] >= point[1] and o != point for o in points)
        assert kept is not beaten

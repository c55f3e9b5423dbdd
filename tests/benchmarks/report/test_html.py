from __future__ import annotations

import copy
import io
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.report import document, headings, screenshot, tables, verdicts
from benchmarks.report.charts.quality import against_latency, frontier, pareto
from benchmarks.report.charts.scaling import scaling
from benchmarks.report.html import html
from benchmarks.report.markdown import markdown
from benchmarks.report.write import PAGE, write_report
from export.report.page import units
from facestyle.errors import UserError
from tests.support import made_report

HOSTILE = """<script>alert("x")</script>|`'&\n# http://example.com [a](b)"""


class Parsed(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.inside):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def host() -> document.Document:
    return made_report.host()


@pytest.fixture(scope="module")
def host_page(host: document.Document) -> str:
    return html(host, {})


@pytest.fixture()
def made(host: document.Document) -> document.Document:
    return copy.deepcopy(host)


def jpeg() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(held, "JPEG")
    return held.getvalue()


def test_the_made_report_keeps_the_schema(host: document.Document) -> None:
    assert document.fault(host) is None
    assert document.fault(made_report.minimal()) is None


def test_write_gives_three_files(tmp_path: Path, host: document.Document) -> None:
    write_report(tmp_path, host, {"worst pairs": jpeg()})
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    assert document.read(tmp_path) == json.loads(json.dumps(host))
    found = Parsed((tmp_path / "report.html").read_text())
    (picture,) = found.all("img")
    assert picture["alt"] == "worst pairs"
    assert str(picture["src"]).startswith("data:image/jpeg;base64,")


def test_every_row_is_in_both(host: document.Document, host_page: str) -> None:
    text, plain = Parsed(host_page).text, markdown(host)
    for row in host["rows"]:
        assert row["name"] in text
        assert row["name"] in plain
    for row in host["quality"]["rows"]:
        assert row["name"] in text
    for section in ("Verdicts", "Latency", "Memory and cost", "Fidelity", "Judges", "Sustained"):
        assert f"## {section}" in plain
    for words in ("✗ not valid", "also trained the model", "Dearest operators", "Every run"):
        assert words in text


def test_a_row_that_is_not_valid_has_no_verdict_but_a_reason(
    host: document.Document, host_page: str
) -> None:
    wrong = [row for row in host["rows"] if row["problems"]]
    assert [row["name"] for row in wrong] == ["mobile_stylizer_256_fp32.tflite while a game runs"]
    text, plain = Parsed(host_page).text, markdown(host)
    for problem in wrong[0]["problems"]:
        assert problem in text
        assert problem in plain
    assert text.count("✗ not valid") >= 2


def test_nothing_comes_from_outside(host_page: str) -> None:
    found = Parsed(host_page)
    for _, attributes in found.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert not found.all("link")
    addresses = set(re.findall(r"https?://[^\s\"'<]+", host_page))
    assert addresses == {document.schema()["$id"]}
    assert "url(" not in host_page
    assert "@import" not in host_page
    (policy,) = [m for m in found.all("meta") if m.get("http-equiv")]
    assert str(policy["content"]).startswith("default-src 'none'")


def hostile(made: document.Document) -> document.Document:
    row = made["rows"][0]
    row["name"] = HOSTILE
    row["file"]["name"] = HOSTILE
    row["problems"] = [HOSTILE]
    row["operators"][0]["where"] = HOSTILE
    row["placement"] = {HOSTILE: 3}
    row["conditions"][HOSTILE] = HOSTILE
    row["sustained"] = {"seconds": 2, "window_seconds": 1, "p50_ms": [1.0, 2.0], "drift": 1.0}
    made["device"]["name"] = made["command"] = HOSTILE
    made["notes"] = [HOSTILE]
    made["tools"][HOSTILE] = HOSTILE
    quality = made["quality"]
    quality["rows"][0]["name"] = HOSTILE
    quality["figures"][0]["title"] = quality["figures"][0]["what"] = HOSTILE
    quality["settings"] = {HOSTILE: {HOSTILE: [HOSTILE]}}
    return made


def test_names_stay_names(made: document.Document) -> None:
    found = html(hostile(made), {HOSTILE: jpeg()})
    assert found.count("<script") == 1
    assert 'alert("x")' not in found
    parsed = Parsed(found)
    assert " ".join(HOSTILE.split()) in parsed.text
    assert all(not name.startswith("on") for _, attributes in parsed.tags for name in attributes)


def test_names_stay_names_in_markdown(made: document.Document) -> None:
    plain = markdown(hostile(made))
    outside = [line for line in plain.splitlines() if not line.startswith("    ")]
    assert not any(re.search(r"(?<!\\)<", line) for line in outside)
    tables = [line for line in outside if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in tables if "script" in line}
    assert widths <= {len(re.findall(r"(?<!\\)\|", line)) for line in tables if "---" in line}


@pytest.mark.parametrize("kind", ["host", "android", "apple", "browser"])
def test_the_least_a_device_may_send(kind: str) -> None:
    made = made_report.minimal()
    made["device"]["kind"] = kind
    found = Parsed(html(made, {}))
    assert "mobile" in found.text
    assert "not judged" in found.text
    assert "Fidelity" not in found.text
    assert "| mobile |" in markdown(made)


def test_no_rows_at_all() -> None:
    made = made_report.minimal() | {"rows": [], "quality": made_report.quality()}
    for text in (Parsed(html(made, {})).text, markdown(made)):
        assert "Quality of mobile_stylizer_256_fp32.tflite, vgg19" in text
        assert "style loss 1.41 (lower is better; the best of 2, vgg19)" in text
        assert "Over 48 pairs of photo and painting, at strength 1:" in text
        assert "Nothing was timed" not in text
    nothing = made_report.minimal() | {"rows": []}
    assert "Nothing was timed" in Parsed(html(nothing, {})).text
    assert "Nothing was timed" in markdown(nothing)


def test_one_subject_is_told_with_its_beginning() -> None:
    quality = made_report.quality()
    quality["rows"] = [row for row in quality["rows"] if row["name"] != "vgg19"]
    (told,) = headings.summary({"rows": [], "quality": quality})
    assert told == (
        "Over 48 pairs of photo and painting, at strength 1: style loss 1.60 (lower is better, "
        "4.20 at strength 0); face FSIMc 0.900 (higher is better, 0.990 at strength 0)."
    )


def test_a_ratio_to_a_row_that_is_not_valid_is_marked(made: document.Document) -> None:
    mark = "✗ to a row that is not valid"
    assert mark not in Parsed(html(made, {})).text
    made["rows"][0]["problems"] = ["unsteady"]
    assert Parsed(html(made, {})).text.count(mark) == 1
    assert re.search(r"\*\*[\d.]+ \([\d.]+–[\d.]+\) ✗ to a row", markdown(made))


def test_the_ratio_is_beside_the_percentiles(host: document.Document) -> None:
    titles = [column.title for column in tables.latency(host).columns]
    assert titles[:5] == ["model", "p50", "p90", "ratio", "p99"]


def test_rows_that_are_not_valid_are_hollow(made: document.Document) -> None:
    said = "A hollow point is a row that is not valid."
    assert said not in Parsed(html(made, {})).text
    assert "hollow" not in "".join(p.drawing for p in scaling(made))
    made["rows"][0]["problems"] = ["unsteady"]
    assert said in Parsed(html(made, {})).text
    drawn = scaling(made)
    assert [chart.drawing.count(" hollow") for chart in drawn] == [1, 0, 1, 0, 0]


@pytest.mark.parametrize("total", [None, 12.34])
def test_operators_are_told_as_they_were_timed(
    made: document.Document, total: float | None
) -> None:
    for row in made["rows"]:
        row.get("conditions", {})["operators_sum_ms"] = total
    for text in (Parsed(html(made, {})).text, markdown(made)):
        assert "Shares are of the sum over all operators." in text
        assert ("timed alone" in text) is (total is not None)
        assert ("12.3 ms; median inference of the whole file: 6." in text) is (total is not None)


def test_unknown_conditions_are_left_out(made: document.Document) -> None:
    for row in made["rows"]:
        row.setdefault("conditions", {})["battery_percent"] = None
    for text in (Parsed(html(made, {})).text, markdown(made)):
        assert "governor" in text
        assert "battery" not in text


def test_verdicts_are_grouped_by_threads(host: document.Document) -> None:
    groups = verdicts.by_threads([verdicts.verdict(row) for row in host["rows"]])
    assert list(groups) == ["1 thread", "2 threads"]
    assert all(one.threads == 2 for one in groups["2 threads"])
    assert sum(map(len, groups.values())) == len(host["rows"])


def test_means_over_fewer_pairs_say_so(made: document.Document) -> None:
    row = made["quality"]["rows"][1]
    row["counts"] = {"identity": 45, "style": 48}
    wanted = f"{units.digits(row['figures']['identity'])} (45)"
    for text in (Parsed(html(made, {})).text, markdown(made)):
        assert text.count(wanted) == 1
        assert "(48)" not in text
        assert "as many as stand in brackets" in text


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


def test_samples_alone_give_the_percentiles() -> None:
    made = made_report.minimal()
    made["rows"][0]["stages"]["inference"]["samples_ms"] = [10.0, 20.0, 30.0]
    assert "20.0 ms" in Parsed(html(made, {})).text
    assert "| 20.0 |" in markdown(made)


def drawings(text: str) -> list[ElementTree.Element]:
    depth, found, start = 0, [], 0
    for match in re.finditer(r"<svg|</svg>", text):
        if match.group() == "<svg":
            start = match.start() if depth == 0 else start
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                found.append(ElementTree.fromstring(text[start : match.end()]))
    return found


@pytest.mark.parametrize("change", [lambda made: made, hostile], ids=["usual", "hostile"])
def test_drawings_are_well_formed_and_finite(made: document.Document, change: Any) -> None:
    found = drawings(html(change(made), {}))
    assert len(found) > 50
    for drawing in found:
        assert drawing.get("aria-hidden") == "true" or drawing.get("aria-label")
        for part in drawing.iter():
            for value in part.attrib.values():
                assert not re.search(r"\b(nan|inf)\b", value) or value == part.get("aria-label")


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


def test_placement_by_device() -> None:
    made = made_report.minimal()
    made["rows"][0]["placement"] = {"neural_engine": 41, "cpu": 2}
    assert "neural_engine 41, cpu 2" in Parsed(html(made, {})).text
    assert "| neural_engine 41, cpu 2 |" in markdown(made)


def test_tables_are_tables(host_page: str) -> None:
    found = Parsed(host_page)
    assert len(found.all("table")) >= 4
    heads = found.all("th")
    assert {head.get("scope") for head in heads} == {"col", "row"}
    assert all(
        float(str(cell["data-sort"])) >= 0 for cell in found.all("td") if "data-sort" in cell
    )
    assert found.all("html")[0]["lang"] == "en"
    assert len(found.all("h1")) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_the_frontier_is_what_none_beats(points: list[tuple[int, int]]) -> None:
    best = frontier(points, (False, True))
    assert any(best)
    for point, kept in zip(points, best):
        beaten = any(o[0] <= point[0] and o[1] >= point[1] and o != point for o in points)
        assert kept is not beaten


def test_no_browser_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="no Chromium found"), screenshot.browser():
        pass


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, screenshot.BROWSERS)), reason="needs Chromium for its pictures"
)
def test_no_page_is_wider_than_its_screen(tmp_path: Path, host: document.Document) -> None:
    write_report(tmp_path, host)
    with screenshot.browser() as live:
        for width in (360, 1280):
            light, dark = (
                screenshot.picture(live, tmp_path / PAGE, width, scheme)
                for scheme in screenshot.SCHEMES
            )
            assert light.width == dark.width == width
            assert light.height == dark.height > 2000
            assert sum(light.getpixel((2, 2))) > 600 > 200 > sum(dark.getpixel((2, 2)))


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, screenshot.BROWSERS)), reason="needs Chromium for its pictures"
)
def test_tables_are_sorted_by_their_heads(tmp_path: Path, host: document.Document) -> None:
    write_report(tmp_path, host)
    wanted = [row["stages"]["inference"]["p50_ms"] for row in host["rows"]]
    script = """(() => {
        const table = document.querySelector("table.sortable");
        const button = table.querySelectorAll("thead button")[1];
        const read = () => [...table.tBodies[0].rows].map(r => Number(r.cells[1].dataset.sort));
        button.click(); const up = read(); button.click();
        return JSON.stringify([up, read(), button.parentElement.getAttribute("aria-sort")]);
    })()"""
    with screenshot.browser() as live:
        address = (tmp_path / PAGE).as_uri()
        target = live.call("Target.createTarget", url="about:blank")["targetId"]
        session = live.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        live.call("Page.enable", session)
        live.call("Page.navigate", session, url=address)
        live.wait("Page.loadEventFired")
        found = live.call("Runtime.evaluate", session, expression=script)["result"]["value"]
    up, down, said = json.loads(found)
    assert up == sorted(wanted)
    assert down == sorted(wanted, reverse=True)
    assert said == "descending"

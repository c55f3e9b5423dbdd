"""The page and its Markdown: the same rows, nothing from outside, names stay names."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.report import document, tables
from benchmarks.report.charts.scaling import scaling
from benchmarks.report.html import html
from benchmarks.report.markdown import markdown
from benchmarks.report.write import write_report
from export.report.page import units
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
def host_page(host: document.Document) -> str:
    return html(host, {})


def jpeg() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(held, "JPEG")
    return held.getvalue()


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


def test_means_over_fewer_pairs_say_so(made: document.Document) -> None:
    row = made["quality"]["rows"][1]
    row["counts"] = {"identity": 45, "style": 48}
    wanted = f"{units.digits(row['figures']['identity'])} (45)"
    for text in (Parsed(html(made, {})).text, markdown(made)):
        assert text.count(wanted) == 1
        assert "(48)" not in text
        assert "as many as stand in brackets" in text


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

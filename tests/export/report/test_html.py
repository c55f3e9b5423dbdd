"""The page of a build: what it says of a made-up manifest."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from export.build.manifest import Manifest, Weights
from export.entries import ConstantEntry, FileEntry
from export.report.html import html
from export.report.pictures import FilePictures
from export.verify.delegates import CoverageSummary
from export.verify.delegates.table import Kind
from export.verify.verdicts import Assurance
from tests.support.made_build import (
    HOSTILE,
    NEURAL_ENGINE,
    XNNPACK,
    entry,
    headroom,
    manifest,
    parity,
    picture,
    pictures,
    proof,
    verdict,
)

WRONG = verdict("PSNR to PyTorch, portrait", passed=False, figure="12.3 dB", limit=">= 45 dB")
VOID = {"meta", "link", "use", "image", "br", "wbr"}
HEADINGS = {"h1", "h2", "h3", "h4"}
HELD = HEADINGS | {"td", "th", "figcaption"}
BLOCKS = HELD | {"dt", "dd", "p", "li"}


class Page(HTMLParser):
    """A page's elements, its words and its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.captions: list[str] = []
        self.headings: list[str] = []
        self.open: list[str] = []
        self.words = ""
        self.held = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.rows = self.tables[found["aria-label"] or ""] = []
        if tag == "tr":
            self.rows.append([])
        if tag in HELD:
            self.held = ""
        if tag in BLOCKS:
            self.words += " "

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"
        said = " ".join(self.held.split())
        if tag in ("td", "th"):
            self.rows[-1].append(said)
        if tag == "figcaption":
            self.captions.append(said)
        if tag in HEADINGS:
            self.headings.append(said)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words += data
            self.held += data

    @property
    def text(self) -> str:
        return " ".join(self.words.split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag]


def page(*files: FileEntry, shown: list[FilePictures] | None = None, **more: object) -> Page:
    """The page of a build, closed to the last element."""
    found = Page(html(manifest(*files, **more), shown or [pictures() for _ in files]))
    assert found.open == []
    return found


def test_the_page_stands_alone() -> None:
    found = page(entry(found=proof(parity(81.7521))), headroom={"stylizer": headroom()})
    assert "default-src 'none'; img-src data:" in found.source
    for outside in ("http://", "https://", "url(", "@import", "<link"):
        assert outside not in found.source
    assert found.all("html") == [{"lang": "en"}]
    assert all(i["href"] and i["href"].startswith("data:image/jpeg;") for i in found.all("image"))


def test_verdict_portraits_table_and_details_come_in_this_order() -> None:
    found = page(entry(found=proof(parity(81.7521))), headroom={"stylizer": headroom()})
    assert found.headings == [
        "mobile, 64 × 96",
        "Painted portraits",
        "Files",
        "Details of each file",
        "mobile_stylizer_fp16.tflite",
        "Inputs and outputs",
        "Checks",
        "Half precision",
        "stylizer: least headroom 160.3x; 374 operators, 60 inputs",
        "Nearest to the ends",
        "Executed with every result rounded to half precision",
        "How it was made",
        "Weights",
        "Calibration",
        "Tools",
    ]
    said = ("1 of 1 file right", "trained weights 750c2ed88b2c", "Painted portraits", "81.8 dB")
    places = [found.text.index(words) for words in said]
    assert places == sorted(places)
    assert not any("open" in fold for fold in found.all("details"))


def test_the_table_says_what_the_manifest_says() -> None:
    found = page(
        entry(
            found=proof(parity(81.7521), coverage=(XNNPACK,), delegate_partitions=2),
        ),
        entry(
            format_="mlmodel",
            precision="fp32",
            found=proof(
                parity("exact", 80.0, assurance=Assurance.REFERENCE, max_error=0.0),
                parity(52.94, 50.0, max_error=0.0702),
                coverage=(NEURAL_ENGINE,),
            ),
            bytes=1_034_512,
            macs=10_312_400_000,
        ),
        entry(precision="fp32", found=proof()),
    )
    head, *lines = found.tables["Files"]
    assert head == [
        "file", "size", "PSNR (limit)", "error", "rests on", "MACs", "accelerators", "verdict",
    ]  # fmt: skip
    assert lines == [
        [
            "mobile_stylizer_fp16.tflite", "556 KB", "81.8 dB (≥ 45)", "0.0013", "real runtime",
            "0.197 G", "XNNPACK 7 of 9 in 2 partitions", "pass",
        ],
        [
            "mobile_stylizer_fp32.mlmodel", "1,035 KB", "exact (≥ 80); 52.9 dB (≥ 50)", "0; 0.07",
            "reference numerics, real runtime", "10.312 G", "Neural Engine all", "pass",
        ],
        [
            "mobile_stylizer_fp32.tflite", "556 KB", "not executed", "–", "structure", "0.197 G",
            "–", "pass",
        ],
    ]  # fmt: skip
    assert "✓ 3 of 3 files right" in found.text
    assert (
        "Executed and compared with PyTorch: 1 file (reference numerics), 2 files (real runtime). "
        "Read back, not executed: 1 file. "
        "Nearest to its limit: mobile_stylizer_fp32.mlmodel, 52.9 dB of at least 50 dB."
    ) in found.text


def test_what_a_table_is_sorted_by() -> None:
    found = page(
        entry(found=proof(parity("exact", max_error=0.0))),
        entry(precision="int8", found=proof(parity("not finite", max_error="not finite"))),
        entry(precision="fp32", found=proof(parity(81.7521))),
    )
    files = found.source.split('aria-label="Files"')[2].split("</table>")[0]
    keys = [[float(key) for key in re.findall('data-sort="(.*?)"', r)] for r in files.split("<tr>")]
    assert [line[1:3] for line in keys[2:]] == [[1e9, 0.0], [-1e9, 1e9], [81.7521, 0.00129056]]


def test_details_say_what_the_manifest_says() -> None:
    constants = (
        ConstantEntry(name="w0", shape=(3, 3), origin="network.stem.weight"),
        ConstantEntry(name="eps", shape=(), origin=None, value=1e-05),
    )
    found = page(entry(found=proof(parity(81.75), coverage=(XNNPACK,), constants=constants)))
    file = "mobile_stylizer_fp16.tflite"
    assert found.tables[f"Inputs and outputs of {file}"][1:] == [
        ["content", "input", "float32 [1, 64, 96, 3] NHWC, 0..1, RGB. The photo."],
        ["stylized", "output", "float32 [1, 64, 96, 3] NHWC, 0..1, RGB. The photo."],
    ]
    assert found.tables[f"Checks of {file}"][1:] == [["format", "yes", "yes", "structure", "pass"]]
    assert "XNNPACK: takes 7 of 9 operators in 2 partitions" in found.text
    assert found.tables[f"XNNPACK: operators of {file}"] == [
        ["operator", "taken", "of", "why not", "what would help"],
        ["FLOOR", "1", "3", "int8 is not taken", "floor in float"],
        ["CONV_2D", "6", "6", "–", "–"],
    ]
    assert found.tables[f"Constants of {file}"][1:] == [
        ["w0", "3 × 3", "–", "network.stem.weight"],
        ["eps", "a number", "1e-05", "unknown"],
    ]
    assert f"556,372 bytes parameters 0.220 M MACs a run 0.197 G constants traced 1 of 2 sha256 {'ab' * 32}" in found.text  # fmt: skip # noqa: E501


def test_half_precision_says_what_the_audit_says() -> None:
    found = page(entry(found=proof(parity(81.75))), headroom={"stylizer": headroom()})
    assert found.tables["stylizer: operators nearest to the ends of half precision"] == [
        ["operator", "kind", "greatest", "on", "headroom", "below 2⁻¹⁴"],
        ["stem · conv2d", "conv", "408.8", "noise", "160.3x", "2.0%"],
    ]
    assert found.tables["stylizer: sensitive operators"][1] == [
        "norm · rsqrt", "root", "3.5", "grey", "1.872e+04x", "0.0%", "0.0%",
    ]  # fmt: skip
    assert found.tables["stylizer in half precision"][1] == [
        "noise, strength 1", "48.8 dB", "norm · rsqrt",
    ]  # fmt: skip
    assert "not counted as a fault): mean · sum." in found.text


def test_how_it_was_made() -> None:
    found = page(entry(found=proof(parity(81.75))))
    assert "facestyle export --size 64x96" in found.text
    assert "weights trained, 750c2ed88b2c from shipped with facestyle" in found.text
    assert "style codes fit weights 0123456789ab steps 1100" in found.text
    assert f"source faces images 12 sha256 {'cd' * 32}" in found.text
    assert "facestyle 0.1.0 torch 2.15.0" in found.text


def test_a_failed_build_shows_the_failure_first() -> None:
    wrong = proof(parity(12.3), verdicts=(verdict("inputs"), WRONG))
    found = page(
        entry(found=proof(parity(81.75))),
        entry(precision="int8", found=wrong),
        entry(graph="full", found=wrong),
    )
    assert found.headings[:3] == ["mobile, 64 × 96", "What failed", "Painted portraits"]
    assert "✗ 2 of 3 files failed" in found.text
    assert "Nothing was published" in found.text
    said = "PSNR to PyTorch, portrait: 12.3 dB, wanted >= 45 dB"
    assert f"mobile_stylizer_int8.tflite: {said} mobile_full_fp16.tflite: {said}" in found.text
    assert found.source.count('<figure class="wrong">') == 1
    assert ".tflite int8 ✗ FAIL 556 KB · 12.3 dB" in found.captions
    assert [line[-1] for line in found.tables["Files"][1:]] == ["pass", "FAIL", "FAIL"]
    checks = found.tables["Checks of mobile_stylizer_int8.tflite"][1:]
    assert [line[0] for line in checks] == ["PSNR to PyTorch, portrait", "format", "inputs"]
    assert checks[0][1:] == ["12.3 dB", ">= 45 dB", "structure", "FAIL"]
    assert "Nearest to its limit" not in found.text


def test_many_failures_fold() -> None:
    wrong = proof(parity(12.3), verdicts=(WRONG, verdict("inputs", passed=False)))
    found = page(*(entry(precision=f"p{n}", found=wrong) for n in range(8)))
    alert = found.source.split('role="note"')[1].split("</section>")[0].split("<section>")[0]
    seen, folded = alert.split("<details>")
    assert (seen.count("<li>"), folded.count("<li>")) == (4, 4)
    assert "<summary>4 more</summary>" in folded
    assert alert.count("; and 1 more</li>") == 8


def test_a_long_failure_is_cut_before_the_fold_and_whole_in_the_details() -> None:
    long = verdict("executes", passed=False, figure="x" * 500)
    found = page(entry(found=proof(verdicts=(long,))))
    assert f"executes: {'x' * 149}… " in found.text
    assert found.tables["Checks of mobile_stylizer_fp16.tflite"][1][1] == "x" * 500


def test_every_link_leads_somewhere() -> None:
    wrong = proof(parity(12.3), verdicts=(WRONG,))
    found = page(entry(found=wrong), entry(graph="full", found=proof(parity(81.75))))
    ids = [i["id"] for _, i in found.elements if "id" in i]
    assert len(ids) == len(set(ids))
    links = [a["href"] for a in found.all("a")]
    assert links == ["#file-1", "#file-1", "#file-1", "#file-2"]
    assert {f"#{i}" for i in ids} >= {*links, *(u["href"] for u in found.all("use"))}
    assert [d["id"] for d in found.all("details") if "id" in d] == ["file-1", "file-2"]


def test_each_picture_is_held_once() -> None:
    found = page(
        entry(found=proof(parity(81.75))),
        entry(precision="int8", found=proof(parity(81.75))),
        shown=[pictures("teal"), pictures("maroon")],
    )
    # photo, painting, PyTorch, teal, maroon, and a black difference of both
    assert len(found.all("image")) == 6
    assert found.source.count("data:image/jpeg;base64,") == 6
    assert len(found.all("use")) == 3 + 2 + 2 * 5
    shown = [svg for svg in found.all("svg") if svg.get("role") == "img"]
    assert [svg["aria-label"] for svg in shown[:5]] == [
        "photo: Mona Lisa",
        "painting: The Great Wave",
        "painted by PyTorch",
        "painted by mobile_stylizer_fp16.tflite",
        "painted by mobile_stylizer_int8.tflite",
    ]


def test_the_first_screen_shows_one_file_of_each_format_and_precision() -> None:
    right = proof(parity(81.75))
    found = page(
        entry(graph="style_encoder", found=right),
        entry(found=right),
        entry(style="spring", found=right),
        entry(precision="int8", found=right),
        entry(style="spring", precision="int8", found=right),
        entry(graph="full", found=right),
    )
    assert [caption for caption in found.captions if "KB" in caption] == [
        ".tflite fp16 556 KB · 81.8 dB",
        ".tflite int8 556 KB · 81.8 dB",
        "spring .tflite fp16 556 KB · 81.8 dB",
    ]
    assert "that of each file of the stylizer graph, at full strength" in found.text


def test_without_a_stylizer_the_first_graph_is_shown() -> None:
    right = proof(parity(81.75))
    found = page(
        entry(graph="style_encoder", found=right),
        entry(graph="full", found=right),
        shown=[pictures(gives_code=True), pictures()],
    )
    assert [c for c in found.captions if "KB" in c] == [".tflite fp16 556 KB · 81.8 dB"]
    assert "with the style code of each file of the style encoder graph" in found.text


def test_a_file_that_was_not_executed_has_no_picture() -> None:
    found = page(entry(found=proof()), shown=[pictures(None)])
    assert len(found.all("use")) == 2 * 3
    assert found.text.count("not executed") >= 2
    assert "difference" not in found.text


def test_a_build_that_was_not_verified() -> None:
    found = page(entry(), entry(precision="fp32"), shown=[pictures(None), pictures(None)])
    assert "2 of 2 files not verified" in found.text
    assert "facestyle verify checks them" in found.text
    assert "No file was executed" in found.text
    assert found.captions[:3] == ["photo Mona Lisa", "painting The Great Wave", "PyTorch the reference"]  # fmt: skip # noqa: E501
    assert not any("KB" in caption for caption in found.captions)
    assert found.tables["Files"][0] == ["file", "size", "MACs", "verdict"]
    assert found.tables["Files"][1] == [
        "mobile_stylizer_fp16.tflite", "556 KB", "0.197 G", "not verified",
    ]  # fmt: skip
    assert "pass" not in found.text
    assert "PSNR" not in found.text
    assert "right" not in found.text


def test_random_weights_say_so() -> None:
    weights = Weights("750c2ed88b2c", "0123456789ab", True, None, None, {})
    found = page(entry(found=proof(parity(81.75))), weights=weights, calibration=None)
    assert "random weights 750c2ed88b2c" in found.text
    assert "Random weights are for latency work only." in found.text
    assert "weights random, 750c2ed88b2c style codes fit" in found.text
    assert "Calibration" not in found.text


@pytest.mark.parametrize(
    ("size", "stretch"), [((64, 64), 1.0), ((96, 64), 1.225), ((512, 64), 2.6), ((64, 512), 0.7)]
)
def test_frames_follow_the_pictures(size: tuple[int, int], stretch: float) -> None:
    shown = [pictures(wanted=picture("gold", *size))]
    found = page(entry(found=proof(parity(81.75))), shown=shown)
    ratio = round(size[0] / size[1], 4)
    assert f'style="--count: 4; --stretch: {stretch}; --ratio: {ratio}"' in found.source


def hostile_build() -> Manifest:
    """All that can be named by people is hostile."""
    coverage = CoverageSummary(HOSTILE, HOSTILE, 0, 1, None, (Kind(HOSTILE, 1, 0, (HOSTILE,), (HOSTILE,)),))  # fmt: skip # noqa: E501
    found = proof(
        parity(HOSTILE, max_error=HOSTILE, at=HOSTILE),
        verdicts=(verdict(HOSTILE, False, HOSTILE, HOSTILE),),
        coverage=(coverage,),
        constants=(ConstantEntry(name=HOSTILE, shape=(1,), origin=HOSTILE),),
    )
    return manifest(
        entry(file=HOSTILE, found=found, style=HOSTILE),
        command=HOSTILE,
        network=HOSTILE,
        styles=HOSTILE,
        weights=Weights(HOSTILE, HOSTILE, False, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}),
        tools={HOSTILE: HOSTILE},
        headroom={HOSTILE: headroom()},
    )


def test_hostile_words_are_words() -> None:
    page = html(hostile_build(), [pictures()])
    found = Page(page)
    assert found.open == []
    assert len(found.all("script")) == 1
    assert "<script>alert" not in page
    assert """alert("x")</script>|`'&""" in found.text
    assert not [i for _, i in found.elements if any(name.startswith("on") for name in i)]

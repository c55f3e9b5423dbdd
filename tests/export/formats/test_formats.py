"""A format and a precision are one file each: nothing else knows which there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from export import formats
from export.cli.export import combinations
from export.formats.base import STYLE_ENCODER, Format
from export.formats.tflite import FP16, TFLITE
from tests.conftest import Outcome, assert_refused
from tests.support.made_format import PT2

Run = Callable[..., Outcome]

ALMOST_HALF = replace(FP16, name="almost_half", psnr_db=44.0, graphs=(STYLE_ENCODER,))
"""A precision of ``.tflite`` that nothing else has heard of."""


@pytest.fixture
def register() -> Iterator[Callable[[Format], None]]:
    before = dict(formats.FORMATS)
    yield formats.register
    formats.FORMATS.clear()
    formats.FORMATS.update(before)


def entries(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text())["files"]
    return found


@pytest.mark.slow
def test_a_made_up_format_goes_through_everything(
    register: Callable[[Format], None], facestyle: Run, tmp_path: Path
) -> None:
    register(PT2)
    out = tmp_path / "build"
    command = ["--formats", "pt2", "--size", "32", "--graphs", "stylizer,style_encoder"]
    made = facestyle("export", *command, "--out", out)
    assert made.code == 0, made.out + made.err
    found = {(e["graph"], e["precision"]): e for e in entries(out)}
    assert set(found) == {
        (graph, precision)
        for graph in ("stylizer", "style_encoder")
        for precision in ("exact", "rounded")
    }
    for (_, precision), entry in found.items():
        assert entry["verified"] and entry["executed"]
        limit = {"exact": 100.0, "rounded": 35.0}[precision]
        assert entry["executions"][0]["limit_db"] == limit
    figures = [found["stylizer", p]["worst_psnr_db"] for p in ("exact", "rounded")]
    assert figures[0] == "exact" or figures[0] > 100
    assert 35 < figures[1] < 100
    golden = json.loads((out / "golden" / "golden.json").read_text())
    limits = {name: told["least_psnr_db"] for name, told in golden["files"].items()}
    assert limits["mobile_stylizer_32x32_rounded.pt2"] == 35.0
    report = (out / "report.md").read_text()
    assert "rounded" in report and ".pt2" in report
    # A square build: the layout is proved on a twin of unequal sides, in this format as well.
    checks = {v["check"] for v in found["stylizer", "exact"]["verdicts"]}
    assert any(check.startswith("layout canary") for check in checks)
    assert facestyle("verify", out).code == 0


@pytest.mark.slow
def test_a_made_up_precision_goes_through_everything(
    register: Callable[[Format], None], facestyle: Run, tmp_path: Path
) -> None:
    register(replace(TFLITE, precisions=(*TFLITE.precisions, ALMOST_HALF)))
    out = tmp_path / "build"
    made = facestyle("export", "--precision", "almost_half", "--out", out)
    assert made.code == 0, made.err
    (entry,) = entries(out)
    assert entry["file"] == "mobile_style_encoder_almost_half.tflite"
    assert entry["executions"][0]["limit_db"] == 44.0
    assert any(v["check"].startswith("fp16") for v in entry["verdicts"])
    assert facestyle("verify", out, "--rebuild").code == 0
    refused = facestyle("export", "--precision", "almost_half", "--graphs", "full", "--out", out)
    assert_refused(refused, "tflite/almost_half")


def test_the_table_is_what_can_be_written(register: Callable[[Format], None]) -> None:
    register(PT2)
    rows = {
        (row[0], row[1]): row[2:]
        for row in (line.split() for line in combinations().splitlines()[1:])
    }
    assert rows[".pt2", "rounded"] == rows[".tflite", "fp32"] == ["x", "x", "x"]
    assert rows[".tflite", "int8"] == ["x"]
    assert len(rows) == sum(len(f.precisions) for f in formats.FORMATS.values()) == 10


def test_precisions_are_in_order_of_their_parity(register: Callable[[Format], None]) -> None:
    assert formats.precisions() == ("fp32", "fp16", "compressed", "dynamic", "int8")
    register(PT2)
    assert formats.precisions()[0] == "exact"


def test_an_unknown_format_is_nobodys() -> None:
    with pytest.raises(KeyError):
        formats.named("onnx")
    with pytest.raises(KeyError):
        TFLITE.precision("compressed")

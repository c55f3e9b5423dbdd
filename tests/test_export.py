"""Exports from end to end: real converters, the real runtime, files from disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from export import build as building
from export import compare, inspect_tflite, probes, tflite
from export.constants import trace
from export.graphs import Graph, build
from export.inspect_tflite import TFLiteModel
from export.rewrite import derived_constants, for_tflite
from export.run_tflite import TFLiteFile
from facestyle import checkpoint
from facestyle.style import StyleBook
from tests.conftest import Outcome

Run = Callable[..., Outcome]

pytestmark = pytest.mark.slow

SIZE = ("--size", "64x96")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One non-square build of everything, by the installed command."""
    out = tmp_path_factory.mktemp("builds") / "build"
    command: list[Any] = [Path(sys.executable).with_name("facestyle"), "export", *SIZE]
    command += ["--precision", "fp32,fp16,dynamic,int8", "--calibration", "demo", "--out", out]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return out


def test_build_holds_every_file(folder: Path) -> None:
    names = {p.name for p in folder.iterdir()}
    files = {f"mobile_stylizer_64x96_{p}.tflite" for p in ("fp32", "fp16", "dynamic", "int8")} | {
        f"mobile_{graph}_{p}"
        for graph in ("full_64x96", "style_encoder")
        for p in ("fp32.tflite", "fp16.tflite", "dynamic.tflite", "fp16.mlpackage", "fp32.mlmodel")
    }
    files |= {"mobile_stylizer_64x96_fp16.mlpackage", "mobile_stylizer_64x96_fp32.mlmodel"}
    assert names == files | {"manifest.json", "styles.json", "report.html", "report.md"}
    assert len(StyleBook.load(folder / "styles.json").styles) == 12


def test_manifest_says_what_phones_need(folder: Path) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    for entry in document["files"]:
        assert entry["verified"], entry["file"]
        assert entry["bytes"] > 0
        assert all(c["from"] is not None for c in entry["constants"])
        if entry["format"] == "tflite":
            assert entry["executed"]
            assert not {"MIRROR_PAD", "RESIZE_NEAREST_NEIGHBOR"} & set(entry["operators"])
        if entry["format"] == "tflite" and entry["precision"] in ("fp32", "fp16"):
            assert entry["delegate_partitions"] == 1
            assert entry["fully_delegated"]
    stylizer = next(e for e in document["files"] if e["file"].endswith("96_fp32.tflite"))
    assert [p["name"] for p in stylizer["inputs"]] in (
        ["content", "style_code", "strength"],
        ["content", "painting", "strength"],
    )
    assert stylizer["inputs"][0]["shape"] == [1, 64, 96, 3]
    assert stylizer["inputs"][0]["colour_order"] == "RGB"
    int8 = next(e for e in document["files"] if e["precision"] == "int8")
    assert int8["inputs"][0]["dtype"] == "int8"
    assert int8["inputs"][0]["scale"] == pytest.approx(1 / 255, rel=0.01)


def test_report_shows_pictures(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") > 20
    assert "difference × 8" in page
    assert "FAIL" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "mobile_stylizer_64x96_int8.tflite" in (folder / "report.md").read_text()


def test_verify_passes_then_notices_tampering(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    document = json.loads((copy / "manifest.json").read_text())
    document["files"] = [e for e in document["files"] if "stylizer" in e["file"]]
    (copy / "manifest.json").write_text(json.dumps(document))
    result = facestyle("verify", copy)
    assert result.code == 0, result.out + result.err

    target = copy / "mobile_stylizer_64x96_fp16.tflite"
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 0xFF
    target.write_bytes(bytes(data))
    (copy / "mobile_stylizer_64x96_dynamic.tflite").unlink()
    result = facestyle("verify", copy)
    assert result.code == 1
    assert "sha256 differs" in result.out
    assert "missing" in result.out


def _shipped(name: str, **options: Any) -> tuple[Graph, torch.nn.Module]:
    network = checkpoint.load().network
    return build(name, network, 64, 96, **options), network


def test_layout_mistakes_would_be_noticed(folder: Path) -> None:
    """The canary does its work: any flip, transposition or channel swap ruins the figure."""
    graph, network = _shipped("stylizer")
    probe = next(p for p in probes.probes(graph, network) if p.name == "canary, strength 1")
    runtime = TFLiteFile(folder / "mobile_stylizer_64x96_fp32.tflite", graph.contract)
    with torch.inference_mode():
        wanted = graph.module(*probe.inputs)
    content, *others = probe.inputs
    assert compare.psnr(runtime.run(probe.inputs), wanted, 1.0) > 80
    swapped = content.transpose(2, 3).reshape(content.shape)
    for wrong in (content.flip(1), content.flip(2), content.flip(3), swapped):
        assert compare.psnr(runtime.run((wrong.contiguous(), *others)), wanted, 1.0) < 30


def test_a_foreign_constant_is_noticed(folder: Path) -> None:
    """Checked against another network's parameters, the file's constants have no origin."""
    model = TFLiteModel(folder / "mobile_stylizer_64x96_int8.tflite")
    other = for_tflite(build("stylizer", checkpoint.untrained("mobile").network, 64, 96).module)
    origins = trace(model.constants(), other, derived_constants(other))
    assert sum(o.parameter is None for o in origins) > len(origins) / 2


def test_depth_and_baked_graphs(facestyle: Run, tmp_path: Path) -> None:
    result = facestyle(
        "export", *SIZE, "--formats", "tflite", "--precision", "fp32", "--graphs", "stylizer",
        "--depth", "--bake", "spring", "--styles", "auvers", "--out", tmp_path / "b",
    )  # fmt: skip
    assert result.code == 0, result.out + result.err
    document = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert [e["file"] for e in document["files"]] == [
        "mobile_stylizer_depth_64x96_fp32.tflite",
        "mobile_stylizer_spring_depth_64x96_fp32.tflite",
    ]
    inputs = [[p["name"] for p in e["inputs"]] for e in document["files"]]
    assert inputs[0] == [
        "content", "style_code", "strength", "depth", "depth_low", "depth_high",
    ]  # fmt: skip
    assert "style_code" not in inputs[1]
    assert [s.name for s in StyleBook.load(tmp_path / "b" / "styles.json").styles] == [
        "auvers",
        "spring",
    ]
    assert facestyle("verify", tmp_path / "b").code == 0


def test_vgg19_untrained_is_one_partition(facestyle: Run, tmp_path: Path) -> None:
    result = facestyle(
        "export", "--preset", "vgg19", "--untrained", *SIZE, "--formats", "tflite",
        "--precision", "fp32", "--graphs", "stylizer", "--out", tmp_path / "b",
    )  # fmt: skip
    assert result.code == 0, result.out + result.err
    (entry,) = json.loads((tmp_path / "b" / "manifest.json").read_text())["files"]
    assert entry["delegate_partitions"] == 1
    assert entry["fully_delegated"]
    assert entry["worst_psnr_db"] >= 80


def test_a_file_that_fails_is_not_published(
    facestyle: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong numbers: exit code 1, the figure and the limit named, the earlier build kept."""
    arguments = (
        "export", *SIZE, "--formats", "tflite", "--precision", "fp32", "--graphs",
        "style_encoder", "--out", tmp_path / "b",
    )  # fmt: skip
    assert facestyle(*arguments).code == 0
    before = {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()}
    run = TFLiteFile.run
    monkeypatch.setattr(TFLiteFile, "run", lambda self, inputs: run(self, inputs) * 1.01)
    result = facestyle(*arguments)
    assert result.code == 1
    assert "dB, wanted >= 80 dB" in result.out
    assert {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()} == before
    rejected = {p.name for p in (tmp_path / "b.rejected").iterdir()}
    assert "FAILED_mobile_style_encoder_fp32.tflite" in rejected


def test_nan_always_fails() -> None:
    graph, _ = _shipped("style_encoder")
    port = graph.contract.outputs[0]
    good = torch.rand(port.shape)
    bad = good.clone()
    bad[0, 0] = float("nan")
    assert np.isnan(compare.psnr(bad, good, 1.0))
    verdict = building.verify.__module__
    assert verdict == "export.verify"
    from export.verdict import Assurance, at_least

    assert not at_least("PSNR", float("nan"), 0.0, "dB", Assurance.RUNTIME).passed


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("boom")])
def test_failures_leave_the_earlier_build(
    facestyle: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    out = tmp_path / "b"
    out.mkdir()
    (out / "mine.txt").write_text("mine")

    def fail(*arguments: object) -> bytes:
        raise error

    monkeypatch.setattr(tflite, "_with_contract", fail)
    result = facestyle(
        "export", *SIZE, "--formats", "tflite", "--precision", "fp32", "--graphs",
        "style_encoder", "--out", out,
    )  # fmt: skip
    assert result.code == 2
    assert str(error.args[-1]) in result.err
    assert "Traceback" not in result.err
    assert [p.name for p in out.iterdir()] == ["mine.txt"]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "b"
    command: list[Any] = [Path(sys.executable).with_name("facestyle"), "export", *SIZE]
    process = subprocess.Popen(
        [*command, "--out", out], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list(out.glob(".partial-*/build")) and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not out.exists()


def test_tflite_reader_refuses_other_files(tmp_path: Path) -> None:
    from facestyle.errors import UserError

    for content in (b"", b"short", b"\0" * 64, b"\x1c\0\0\0TFL3" + b"\xff" * 100):
        path = tmp_path / "m.tflite"
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged"):
            inspect_tflite.TFLiteModel(path)

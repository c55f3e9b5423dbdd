"""Exports from end to end: real converters, the real runtime, files from disk."""

from __future__ import annotations

import copy
import json
import os
import re
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

from export.convert import calibration
from export.convert.graphs import Graph, build
from export.convert.rewrites import derived_constants, for_tflite
from export.formats.tflite import TFLITE
from export.inspect import tflite_file
from export.inspect.constants import trace
from export.inspect.tflite import TFLiteModel
from export.runtimes.litert import TFLiteFile
from export.verify import compare, parity, test_inputs
from export.verify.parity import Parity
from export.verify.verdicts import Assurance, at_least
from export.verify.verify_file import Evidence, references, verify
from facestyle import checkpoint, gallery, shipped
from facestyle.style import StyleBook
from facestyle.stylize import Painter
from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]

pytestmark = pytest.mark.slow

SIZE = ("--size", "64x96")
EVERYTHING = ("--precision", "all", "--calibration", "demo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One non-square build of everything, by the installed command."""
    out = tmp_path_factory.mktemp("builds") / "build"
    command: list[Any] = [Path(sys.executable).with_name("facestyle"), "export", *SIZE]
    command += [*EVERYTHING, "--out", out]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return out


def test_build_holds_every_file(folder: Path) -> None:
    names = {p.name for p in folder.iterdir()}
    files = {f"mobile_stylizer_64x96_{p}.tflite" for p in ("fp32", "fp16", "dynamic", "int8")} | {
        f"mobile_{graph}_{p}"
        for graph in ("full_64x96", "style_encoder")
        for p in ("fp32.tflite", "fp16.tflite", "dynamic.tflite")
    }
    files |= {
        f"mobile_{graph}_{p}"
        for graph in ("full_64x96", "style_encoder", "stylizer_64x96")
        for p in ("fp16", "compressed")
        for p in (f"{p}.mlpackage", f"{'fp32' if p == 'fp16' else p}.mlmodel")
    }
    documents = {"manifest.json", "styles.json", "golden", "report.html", "report.md"}
    assert names == files | documents
    assert len(StyleBook.load(folder / "styles.json").styles) == len(gallery.paintings())


def test_manifest_says_what_phones_need(folder: Path) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    for entry in document["files"]:
        assert entry["verified"], entry["file"]
        assert entry["bytes"] > 0
        assert all(c["from"] is not None for c in entry["constants"])
        assert entry["executed"]
        assert "not finite" not in (entry["worst_psnr_db"], entry["max_error"])
        (execution,) = entry["executions"][:1]
        real = entry["format"] == "tflite"
        assert execution["assurance"] == ("real runtime" if real else "reference numerics")
        if entry["format"] == "tflite":
            assert not {"MIRROR_PAD", "RESIZE_NEAREST_NEIGHBOR"} & set(entry["operators"])
        if entry["format"] == "tflite" and entry["precision"] in ("fp32", "fp16"):
            assert entry["delegate_partitions"] == 1
            assert entry["fully_delegated"]
    name = "mobile_stylizer_64x96_fp32.tflite"
    stylizer = next(e for e in document["files"] if e["file"] == name)
    assert [p["name"] for p in stylizer["inputs"]] == ["content", "style_code", "strength"]
    assert stylizer["inputs"][0]["shape"] == [1, 64, 96, 3]
    assert stylizer["inputs"][0]["colour_order"] == "RGB"
    int8 = next(e for e in document["files"] if e["precision"] == "int8")
    assert int8["inputs"][0]["dtype"] == "int8"
    assert int8["inputs"][0]["scale"] == pytest.approx(1 / 255, rel=0.01)


def test_report_shows_pictures(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    held = re.findall('<image id="(.*?)"', page)
    shown = re.findall('<use href="#(.*?)"', page)
    assert len(held) == len(set(held)) == page.count("data:image/jpeg;base64,") > 20
    assert set(held) == set(shown)
    assert len(shown) == 3 + 8 + 22 * 5  # photo, painting, PyTorch; stylizers; each file's details
    assert page.count("difference × 8") == 22
    text = re.sub('base64,[^"]*', "", page)
    assert "✓ 22 of 22 files right" in text
    assert "FAIL" not in text
    assert "://" not in text  # self-contained
    assert "mobile_stylizer_64x96_int8.tflite" in (folder / "report.md").read_text()


def test_verify_passes_then_notices_tampering(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
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


def test_the_same_command_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """In another process, folder and order of hashing."""
    command: list[Any] = [Path(sys.executable).with_name("facestyle"), "export", *SIZE]
    command += [*EVERYTHING, "--no-verify", "--out", tmp_path / "again"]
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    first, second = (
        json.loads((f / "manifest.json").read_text()) for f in (folder, tmp_path / "again")
    )
    hashes = [{e["file"]: e["sha256"] for e in d["files"]} for d in (first, second)]
    assert len(hashes[0]) == 22
    assert hashes[0] == hashes[1]
    for key in ("styles_sha256", "golden_sha256", "lock", "tools"):
        assert first[key] == second[key]
    assert {"torch", "coremltools", "tensorflow", "onnx", "numpy"} <= set(first["lock"])


def _shipped(name: str, **options: Any) -> tuple[Graph, torch.nn.Module]:
    network = checkpoint.load().network
    return build(name, network, 64, 96, **options), network


def test_layout_mistakes_would_be_noticed(folder: Path) -> None:
    """The canary does its work: any flip, transposition or channel swap ruins the figure."""
    graph, network = _shipped("stylizer")
    probe = next(p for p in test_inputs.probes(graph, network) if p.name == "canary, strength 1")
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


def test_vgg19_with_a_users_decoder(facestyle: Run, tmp_path: Path) -> None:
    whole = checkpoint.untrained("vgg19", seed=1).network.state_dict()
    for part in ("decoder", "encoder"):
        state = {key: value for key, value in whole.items() if key.startswith(part)}
        torch.save(state, tmp_path / f"{part}.pth")
    result = facestyle(
        "export", "--preset", "vgg19", "--checkpoint", tmp_path / "decoder.pth",
        "--encoder", tmp_path / "encoder.pth", *SIZE, "--formats", "mlpackage",
        "--graphs", "stylizer", "--out", tmp_path / "b",
    )  # fmt: skip
    assert result.code == 0, result.out + result.err
    document = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert document["weights"]["fingerprint"] == checkpoint.fingerprint(whole)
    assert facestyle("verify", tmp_path / "b").code == 0


def test_a_file_that_fails_is_not_published(
    facestyle: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong numbers: exit code 1, the figure and the limit named, the earlier build kept."""
    arguments = (
        "export", *SIZE, "--formats", "tflite", "--precision", "fp32", "--graphs",
        "style_encoder", "--out", tmp_path / "b",
    )  # fmt: skip
    assert facestyle(*arguments).code == 0
    before = {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir() if p.is_file()}
    run = TFLiteFile.run
    monkeypatch.setattr(TFLiteFile, "run", lambda self, inputs: run(self, inputs) * 1.01)
    result = facestyle(*arguments)
    assert result.code == 1
    assert "dB, wanted >= 80 dB" in result.out
    kept = {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir() if p.is_file()}
    assert kept == before
    rejected = {p.name for p in (tmp_path / "b" / "rejected").iterdir()}
    assert "FAILED_mobile_style_encoder_fp32.tflite" in rejected
    monkeypatch.undo()
    assert facestyle(*arguments).code == 0
    assert not (tmp_path / "b" / "rejected").exists()


def test_files_of_others_are_never_touched(facestyle: Run, tmp_path: Path) -> None:
    arguments = ("export", *SIZE, "--formats", "tflite", "--precision", "fp32", "--graphs")
    foreign = tmp_path / "project"
    foreign.mkdir()
    (foreign / "manifest.json").write_text('{"name": "a web app"}')
    assert_refused(facestyle(*arguments, "style_encoder", "--out", foreign), "not a manifest")
    assert (foreign / "manifest.json").read_text() == '{"name": "a web app"}'

    out = tmp_path / "b"
    assert facestyle(*arguments, "style_encoder", "--out", out).code == 0
    (out / "mine.txt").write_text("mine")
    document = json.loads((out / "manifest.json").read_text())
    for name in ("", "..", "mine.txt", "../project/manifest.json"):
        edited = {**document, "files": [{**document["files"][0], "file": name}]}
        (out / "manifest.json").write_text(json.dumps(edited))
        assert_refused(facestyle(*arguments, "style_encoder", "--out", out), "not a manifest")
        assert_refused(facestyle("verify", out), "not a manifest")
    assert (out / "mine.txt").read_text() == "mine"


def test_calibration_shows_every_style_at_every_strength() -> None:
    graph, _ = _shipped("stylizer")
    styles = shipped.style_book(Painter(checkpoint.load())).styles
    seen = set()
    for _, code, strength in calibration.examples(calibration.read("demo"), graph, styles):
        seen.add((tuple(code.flatten()[:4].tolist()), float(strength)))
    assert len(seen) == 3 * len(styles)


def test_a_hidden_network_is_noticed(folder: Path, tmp_path: Path) -> None:
    """Weights that nobody asked for, in a real file: as a tensor, and as a bare buffer."""
    graph, network = _shipped("stylizer")
    inputs = test_inputs.probes(graph, network)
    wanted = references(graph, inputs)
    source = folder / "mobile_stylizer_64x96_fp32.tflite"
    for name, add in (("tensor", _add_tensor), ("buffer", _add_buffer)):
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(add(tflite_file.read(source)))
        evidence = verify(path, TFLITE, TFLITE.precision("fp32"), graph, inputs, wanted)
        failed = {v.check for v in evidence.verdicts if not v.passed}
        assert len(failed) == 1
        assert failed <= {"constants traced to the inference graph", "contents of no known use"}


def _add_buffer(model: Any) -> bytes:
    weights = np.random.default_rng(0).random(1024, np.float32)
    tflite_file.add_buffer(model, weights.tobytes())
    return tflite_file.serialize(model)


def _add_tensor(model: Any) -> bytes:
    weights = copy.copy(next(t for t in model.subgraphs[0].tensors if t.shape is not None))
    weights.name, weights.shape, weights.shapeSignature = b"depth_network", [32, 32], None
    weights.type, weights.buffer = 0, len(model.buffers)
    model.subgraphs[0].tensors.append(weights)
    return _add_buffer(model)


def test_nan_always_fails() -> None:
    graph, _ = _shipped("style_encoder")
    port = graph.contract.outputs[0]
    good = torch.rand(port.shape)
    bad = good.clone()
    bad[0, 0] = float("nan")
    assert np.isnan(compare.psnr(bad, good, 1.0))
    verdicts = tuple(
        at_least("PSNR to PyTorch", figure, 0.0, "dB", Assurance.RUNTIME)
        for figure in (90.0, float("nan"), float("inf"))
    )
    assert [v.passed for v in verdicts] == [True, False, True]
    agreed = tuple(
        Parity("a probe", figure, error, 0.0, Assurance.RUNTIME)
        for figure, error in ((90.0, 0.1), (float("nan"), float("nan")), (float("inf"), 0.0))
    )
    evidence = Evidence(verdicts, agreed, {}, None, None, (), (), {})
    assert not evidence.passed
    assert [a.verdict.passed for a in agreed] == [True, False, True]
    assert evidence.worst is not None
    assert np.isnan(evidence.worst.psnr_db)
    (entry,) = parity.entries(agreed)
    assert entry.psnr_db == entry.max_error == "not finite"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("boom")])
def test_failures_leave_the_earlier_build(
    facestyle: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    out = tmp_path / "b"
    out.mkdir()
    (out / "mine.txt").write_text("mine")

    def fail(*arguments: object) -> bytes:
        raise error

    monkeypatch.setattr(tflite_file, "serialize", fail)
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
        [*command, "--out", out],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background jobs ignore SIGINT and hand that on; a terminal's do not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
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

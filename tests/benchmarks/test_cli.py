"""``facestyle bench``, from the command line to the report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import document
from tests.conftest import Outcome, assert_refused
from tests.support import made_models, made_report

Command = Callable[..., Outcome]

QUICK = ("--runs", 12, "--seconds", 0.05, "--threads", 1)


@pytest.fixture(scope="module")
def other_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("others")
    return made_models.picture_model(folder / "other.tflite", 48, 64)


@pytest.fixture
def build(built: Path, tmp_path: Path) -> Path:
    """A copy of a small build, to be spoilt."""
    return Path(shutil.copytree(built, tmp_path / "spoilt"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from benchmarks.export_stylizers import export_stylizers
    from facestyle import checkpoint

    out = tmp_path_factory.mktemp("build") / "build"
    loaded = checkpoint.load(None, "mobile", None)
    return export_stylizers(loaded, (64, 64), ("fp32", "fp16"), out)


def rows(out: Path) -> dict[str, dict[str, Any]]:
    """Of a report, by name."""
    return {row["name"]: row for row in document.read(out)["rows"]}


@pytest.mark.slow
class TestFiles:
    def test_two_files_take_turns(
        self, facestyle: Command, picture_file: Path, other_file: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "report"
        more = ("--against", other_file, "--sustain", 1.5, "--out", out)
        outcome = facestyle("bench", picture_file, *QUICK, *more)
        assert outcome.code == 0, outcome.err
        assert "next: open" in outcome.out and " runs; 50 are needed" in outcome.out
        assert sorted(p.name for p in out.iterdir()) == ["report.html", "report.json", "report.md"]
        found = rows(out)
        assert list(found) == ["picture.tflite, 1 thread", "other.tflite, 1 thread"]
        first, second = found.values()
        assert first["stages"].keys() == {"preprocess", "inference", "postprocess", "end_to_end"}
        assert (first["height"], first["width"]) == (24, 32)
        assert second["ratio"]["to"] == first["name"]
        assert second["ratio"]["low"] <= second["ratio"]["value"] <= second["ratio"]["high"]
        assert first["cost"]["macs"] * 4 == second["cost"]["macs"]
        assert first["operators"] and first["partitions"] == 1
        assert first["sustained"]["seconds"] >= 1.4 and "sustained" not in second
        assert len(first["stages"]["inference"]["rounds"]) == 12
        assert first["conditions"]["sustained_others_cpu_share"] >= 0

    def test_files_of_one_name(
        self, facestyle: Command, picture_file: Path, tmp_path: Path
    ) -> None:
        twin = tmp_path / "twin" / picture_file.name
        twin.parent.mkdir()
        shutil.copy(picture_file, twin)
        outcome = facestyle(
            "bench", picture_file, "--against", twin, *QUICK, "--out", tmp_path / "out"
        )
        assert outcome.code == 0, outcome.err
        assert "twin/picture.tflite, 1 thread" in rows(tmp_path / "out")

    def test_what_cannot_be_measured_beside_is_noted(
        self, facestyle: Command, picture_file: Path, tmp_path: Path
    ) -> None:
        bad = made_models.sizeless_model(tmp_path / "sizeless.tflite")
        outcome = facestyle(
            "bench", picture_file, "--against", bad, *QUICK, "--out", tmp_path / "out"
        )
        assert outcome.code == 0, outcome.err
        made = document.read(tmp_path / "out")
        assert len(made["rows"]) == 1
        assert any("sizeless" in note and "no fixed size" in note for note in made["notes"])

    def test_quality_beside(self, facestyle: Command, picture_file: Path, tmp_path: Path) -> None:
        document.write(tmp_path / "quality" / "report.json", made_report.host())
        given = ("--quality", tmp_path / "quality", "--out", tmp_path / "out")
        outcome = facestyle("bench", picture_file, *QUICK, *given)
        assert outcome.code == 0, outcome.err
        assert document.read(tmp_path / "out")["quality"] == made_report.host()["quality"]

    @pytest.mark.parametrize("kind", ["looping", "choosing"])
    def test_unusual_operators_cost_the_profile_at_most(
        self, kind: str, facestyle: Command, tmp_path: Path
    ) -> None:
        path = getattr(made_models, f"{kind}_model")(tmp_path / f"{kind}.tflite")
        outcome = facestyle("bench", path, *QUICK, "--out", tmp_path / "out")
        assert outcome.code == 0, outcome.err
        (row,) = rows(tmp_path / "out").values()
        assert row["stages"]["inference"]["runs"] >= 12

    def test_a_vector_has_no_frame(self, facestyle: Command, tmp_path: Path) -> None:
        path = made_models.vector_model(tmp_path / "v.tflite")
        outcome = facestyle("bench", path, *QUICK, "--out", tmp_path / "out")
        assert outcome.code == 0, outcome.err
        (row,) = rows(tmp_path / "out").values()
        assert list(row["stages"]) == ["inference"] and row["real_time"] is None


@pytest.mark.slow
class TestBuild:
    def test_sizes_and_precisions(self, facestyle: Command, built: Path, tmp_path: Path) -> None:
        out = tmp_path / "report"
        asked = ("--sizes", "64,64x96", "--precision", "fp32", "--no-pytorch", "--out", out)
        outcome = facestyle("bench", built, *QUICK, *asked)
        assert outcome.code == 0, outcome.err
        found = rows(out)
        assert [(r["height"], r["width"]) for r in found.values()] == [(64, 64), (64, 96)]
        assert {r["precision"] for r in found.values()} == {"fp32"}
        assert {r["graph"] for r in found.values()} == {"stylizer"}
        small, wide = found.values()
        # Style codes pass through layers of their own, whatever the size.
        assert 1.4 < wide["cost"]["macs"] / small["cost"]["macs"] < 1.5
        manifest = json.loads((built / "manifest.json").read_text())
        stated = {entry["sha256"]: entry for entry in manifest["files"]}[small["file"]["sha256"]]
        assert small["cost"]["macs"] == stated["macs"]
        # The file holds its kernels over pairs of columns with zeros, the manifest counts without.
        added = small["cost"]["parameters"] - stated["parameters"]
        assert 0 <= added < 0.01 * stated["parameters"]
        page = (out / "report.html").read_text()
        assert page.count("data:image/jpeg;base64,") >= 2, "the portrait, and what is made of it"

    def test_pytorch_beside(self, facestyle: Command, built: Path, tmp_path: Path) -> None:
        outcome = facestyle(
            "bench", built, *QUICK, "--precision", "fp32", "--out", tmp_path / "out"
        )
        assert outcome.code == 0, outcome.err
        formats = [row["format"] for row in rows(tmp_path / "out").values()]
        assert formats == ["tflite", "pytorch", "pytorch"]


class TestCompare:
    def report(self) -> document.Document:
        """Of two rows."""
        made = made_report.host()
        return {**made, "rows": made["rows"][:2]}

    def test_a_report_with_itself(self, facestyle: Command, tmp_path: Path) -> None:
        out = tmp_path / "report"
        document.write(out / "report.json", self.report())
        outcome = facestyle("bench", "compare", out, out / "report.json", "--out", tmp_path / "c")
        assert outcome.code == 0, outcome
        assert self.report()["rows"][0]["name"] in outcome.out
        names = sorted(p.name for p in (tmp_path / "c").iterdir())
        assert names == ["comparison.html", "comparison.md"]

    def test_slower_fails(self, facestyle: Command, tmp_path: Path) -> None:
        made = self.report()
        document.write(tmp_path / "before.json", made)
        for row in made["rows"]:
            for stage in row["stages"].values():
                stage["samples_ms"] = [2 * ms for ms in stage["samples_ms"]]
        document.write(tmp_path / "after.json", made)
        slower = facestyle("bench", "compare", tmp_path / "before.json", tmp_path / "after.json")
        assert slower.code == 1 and "slower" in slower.out
        faster = facestyle("bench", "compare", tmp_path / "after.json", tmp_path / "before.json")
        assert faster.code == 0, faster.out


class TestRefusals:
    def test_nothing_there(self, facestyle: Command, tmp_path: Path) -> None:
        assert_refused(facestyle("bench", tmp_path / "none"), "no such build", "facestyle export")

    def test_nowhere_to_write(self, facestyle: Command, picture_file: Path, tmp_path: Path) -> None:
        taken = tmp_path / "taken"
        taken.write_text("mine")
        assert_refused(facestyle("bench", picture_file, "--out", taken), "is a file")
        outcome = facestyle("bench", picture_file, "--out", "/proc/nowhere")
        assert_refused(outcome, "/proc/nowhere", "choose another folder")
        assert taken.read_text() == "mine"

    def test_an_empty_folder(self, facestyle: Command, tmp_path: Path) -> None:
        assert_refused(facestyle("bench", tmp_path), "no build here", "manifest.json")

    def test_not_a_model(self, facestyle: Command, picture_file: Path, tmp_path: Path) -> None:
        text = tmp_path / "model.tflite"
        text.write_text("no model")
        assert_refused(facestyle("bench", text), "model.tflite", "not a TFLite model")
        beside = facestyle("bench", picture_file, "--against", text)
        assert_refused(beside, "model.tflite", "not a TFLite model")
        assert_refused(
            facestyle("bench", picture_file, "--against", tmp_path / "x"), "no such file"
        )

    def test_other_inputs(self, facestyle: Command, tmp_path: Path) -> None:
        path = made_models.sizeless_model(tmp_path / "sizeless.tflite")
        outcome = facestyle("bench", path, *QUICK, "--out", tmp_path / "out")
        assert_refused(outcome, "sizeless.tflite", "no fixed size")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--threads", "two"), ("--threads", "1,2,4")),
            (("--threads", "0"), ("at least 1",)),
            (("--precision", "fp64"), ("unknown precision", "fp64")),
            (("--sizes", "64"), ("--sizes", "single file")),
            (("--precision", "fp32"), ("--precision", "single file")),
            (("--serial", "x"), ("--device android",)),
            (("--device", "android", "--against", "x"), ("--against is for --device host",)),
            (("--runs", "0"), ("positive",)),
            (("--seconds", "inf"), ("positive",)),
            (("--sustain", "nan"), ("--sustain",)),
            (("--delegate", "gpu"), ("--delegate is for --device android",)),
            (("--device", "apple", "--threads", "2"), ("--threads is for --device host",)),
            (("--device", "apple"), ("Core ML runs",)),
        ],
    )
    def test_options(
        self,
        facestyle: Command,
        picture_file: Path,
        arguments: tuple[str, ...],
        words: tuple[str, ...],
    ) -> None:
        assert_refused(facestyle("bench", picture_file, *arguments), *words)

    def test_reports(self, facestyle: Command, picture_file: Path, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text("{}")
        (tmp_path / "b.json").write_text("garbage")
        outcome = facestyle("bench", "compare", tmp_path / "a.json", tmp_path / "b.json")
        assert_refused(outcome, "a.json", "not a benchmark report")
        outcome = facestyle("bench", "compare", tmp_path / "b.json", tmp_path / "a.json")
        assert_refused(outcome, "b.json", "not JSON")
        outcome = facestyle("bench", "xcode", tmp_path / "b.json")
        assert_refused(outcome, "b.json", "Xcode")
        outcome = facestyle("bench", picture_file, "--quality", tmp_path / "a.json")
        assert_refused(outcome, "a.json", "not a benchmark report")

    @pytest.mark.slow
    def test_spoilt_builds(self, facestyle: Command, build: Path) -> None:
        outcome = facestyle("bench", build, "--precision", "int8")
        assert_refused(outcome, "no stylizer in tflite int8", "tflite fp32")
        outcome = facestyle("bench", build, "--sizes", "65", "--no-pytorch")
        assert_refused(outcome, "--sizes 65", "multiples of 8")
        styles = json.loads((build / "styles.json").read_text())
        spoilt = {**styles, "weights": "0123456789ab"}
        (build / "styles.json").write_text(json.dumps(spoilt))
        assert_refused(facestyle("bench", build), "mismatched style codes", "0123456789ab")
        for style in styles["styles"]:
            style["code"] = style["code"][:-1]
        (build / "styles.json").write_text(json.dumps(styles))
        assert_refused(facestyle("bench", build), "127 numbers", "takes 128")

    @pytest.mark.slow
    def test_changed_files(self, facestyle: Command, build: Path) -> None:
        file = next(build.glob("*_fp16.tflite"))
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        assert_refused(facestyle("bench", build), file.name, "changed since the export")
        file.unlink()
        assert_refused(facestyle("bench", build), file.name, "missing")


def test_help_is_that_of_the_main_command(facestyle: Command) -> None:
    for arguments in (("bench", "--help"), ("bench", "-h")):
        outcome = facestyle(*arguments)
        assert outcome.code == 0
        for word in ("--threads", "--against", "Examples", "compare", "xcode"):
            assert word in outcome.out
    assert "BEFORE AFTER" in facestyle("bench", "compare", "--help").out

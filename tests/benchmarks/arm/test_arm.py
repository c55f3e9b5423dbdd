"""Emulated Arm: the plugin's counting, what is refused, and real runs where Arm can be set up."""

from __future__ import annotations

import ctypes
import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.arm import (
    debian,
    document,
    emulator,
    half_precision,
    processors,
    report,
    runner,
    userland,
    verdicts,
)
from benchmarks.arm.counts import Counts, of_runs, parse
from benchmarks.arm.emulator import Emulated
from benchmarks.arm.userland import Unavailable, Userland
from export.verify import compare
from facestyle.adain import adain
from facestyle.errors import UserError
from tests.conftest import Outcome, assert_refused
from tests.support import made_models, made_report

Command = Callable[..., Outcome]

A53, A76, N1 = (processors.PROCESSORS[name] for name in processors.DEFAULT)

# Words as GNU as 2.40 writes them, with the instruction as GNU objdump reads it.
OTHER = {
    0x8B020020: "add x0, x1, x2",
    0x9B020C20: "madd x0, x1, x2, x3",
    0xF9400020: "ldr x0, [x1]",
    0xA9FF7BFD: "ldp x29, x30, [sp, #-16]!",
    0xF8200041: "ldadd x0, x1, [x2]",
    0x14000000: "b .",
    0xD4000001: "svc #0",
    0xD503201F: "nop",
}
SIMD = {
    0x3CC10420: "ldr q0, [x1], #16",
    0x6DBF27E8: "stp d8, d9, [sp, #-16]!",
    0x4C402000: "ld1 {v0.16b-v3.16b}, [x0]",
    0x5C000000: "ldr d0, .",
    0x4E22CC20: "fmla v0.4s, v1.4s, v2.4s",
    0x4FA21020: "fmla v0.4s, v1.4s, v2.s[1]",
    0x1F420C20: "fmadd d0, d1, d2, d3",
    0x0E217820: "fcvtl v0.4s, v1.4h",
    0x1EE24020: "fcvt s0, h1",
    0x4E061C20: "mov v0.h[1], w1",
    0x6E828420: "sqrdmlah v0.4s, v1.4s, v2.4s",
    0x6E82CC20: "fcmla v0.4s, v1.4s, v2.4s, #90",
    0x6F720020: "mla v0.8h, v1.8h, v2.h[3]",
    0x4E22EC20: "fmlal v0.4s, v1.4h, v2.4h",
    0x4F920020: "fmlal v0.4s, v1.4h, v2.h[1]",
    0x6E42FC20: "bfdot v0.4s, v1.8h, v2.8h",
    0x4F62F020: "bfdot v0.4s, v1.8h, v2.2h[1]",
    0x4E284820: "aese v0.16b, v1.16b",
}
DOT = {
    0x4E829420: "sdot v0.4s, v1.16b, v2.16b",
    0x2E829420: "udot v0.2s, v1.8b, v2.8b",
    0x4FA2E820: "sdot v0.4s, v1.16b, v2.4b[3]",
    0x6FBDE3DF: "udot v31.4s, v30.16b, v29.4b[1]",
    0x4E829C20: "usdot v0.4s, v1.16b, v2.16b",
    0x4F82F820: "usdot v0.4s, v1.16b, v2.4b[2]",
    0x0F22F020: "sudot v0.2s, v1.8b, v2.4b[1]",
    0x4E82A420: "smmla v0.4s, v1.16b, v2.16b",
    0x6E82A420: "ummla v0.4s, v1.16b, v2.16b",
    0x4E82AC20: "usmmla v0.4s, v1.16b, v2.16b",
}
HALF = {
    0x4E420C20: "fmla v0.8h, v1.8h, v2.8h",
    0x0E421420: "fadd v0.4h, v1.4h, v2.4h",
    0x6EF9F820: "fsqrt v0.8h, v1.8h",
    0x6EF9D820: "frsqrte v0.8h, v1.8h",
    0x4F321820: "fmla v0.8h, v1.8h, v2.h[7]",
    0x0F0F5020: "fmls v0.4h, v1.4h, v15.h[0]",
    0x6F329020: "fmulx v0.8h, v1.8h, v2.h[3]",
    0x4EB0F820: "fminv h0, v1.8h",
    0x0EB0C820: "fminnmv h0, v1.4h",
    0x1EE22820: "fadd h0, h1, h2",
    0x1FE28C20: "fnmsub h0, h1, h2, h3",
}


class TestPlugin:
    @pytest.fixture
    def classify(self, tmp_path: Path) -> Callable[[int], int]:
        library = tmp_path / "classify.so"
        source = Path(userland.__file__).with_name("plugin") / "classify.c"
        try:
            userland.compile_shared([source], library)
        except Unavailable as error:
            pytest.skip(str(error))
        function = ctypes.CDLL(str(library)).facestyle_classify
        function.argtypes = [ctypes.c_uint32]
        return lambda word: int(function(word))

    @pytest.mark.parametrize(
        ("expected", "words"), [(0, OTHER), (1, SIMD), (2, DOT), (3, HALF)], ids="osdh"
    )
    def test_classes(
        self, classify: Callable[[int], int], expected: int, words: dict[int, str]
    ) -> None:
        wrong = {text: classify(word) for word, text in words.items() if classify(word) != expected}
        assert wrong == {}

    def test_source_that_does_not_compile(self, tmp_path: Path) -> None:
        source = tmp_path / "bad.c"
        source.write_text("int f(void) { return missing; }\n")
        with pytest.raises(Unavailable, match="cc"):
            userland.compile_shared([source], tmp_path / "bad.so")


class TestCounts:
    LOG = (
        "count 0 100 10 0 0\ncount 1 150 30 4 0\n"
        "another plugin's line\n"
        "count 2 160 30 4 0\ncount 3 165 30 4 0\n"
    )

    def test_pieces_of_work(self) -> None:
        pieces = parse(self.LOG)
        assert pieces == [Counts(50, 20, 4, 0), Counts(5, 0, 0, 0)]
        assert of_runs(pieces) == [Counts(45, 20, 4, 0)]
        assert pieces[0].total == 74
        assert sum(pieces[0].entry().values()) == 2 * 74

    @pytest.mark.parametrize(
        "log",
        [
            "",
            "count 0 1 1 1 1\n",
            "count 1 1 1 1 1\ncount 0 1 1 1 1\n",
            "count 0 1 1 1 1\ncount 1 1 1\n",
            "count 0 1 1 1 1\ncount one 1 1 1 1\n",
        ],
    )
    def test_broken_logs_are_refused(self, log: str) -> None:
        with pytest.raises(UserError, match="counting plugin wrote"):
            parse(log)


class TestProcessors:
    def test_a_root_tells_which_processor_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "debian" / "usr").mkdir(parents=True)
        root = processors.make_root(tmp_path / "root", tmp_path / "debian", A76)
        told = dict(
            line.split("\t: ")
            for line in (root / "proc" / "cpuinfo").read_text().splitlines()
            if line
        )
        assert told["CPU part"] == "0xd0b" and told["CPU implementer"] == "0x41"
        assert {"asimdhp", "fphp", "asimddp", "atomics"} <= set(told["Features"].split())
        assert (root / "sys/devices/system/cpu/present").read_text() == "0\n"
        assert (root / "usr").is_dir()

    def test_only_the_newer_ones_calculate_in_half_precision(self) -> None:
        capable = [name for name, one in processors.PROCESSORS.items() if one.half_precision]
        assert capable == ["cortex-a76", "neoverse-n1"]
        assert A53.cpuinfo() != A76.cpuinfo() != N1.cpuinfo()

    def test_command(self, tmp_path: Path) -> None:
        made = Userland(tmp_path, tmp_path / "count.so", {})
        log, model = tmp_path / "log", tmp_path / "model.tflite"
        words = emulator.command(made, tmp_path / "root", A53, log, [model])
        joined = " ".join(words)
        assert words[words.index("-cpu") + 1] == "cortex-a53"
        assert f"-plugin {tmp_path}/count.so -d plugin -D {log}" in joined
        assert f"PYTHONPATH={tmp_path}/site" in words
        assert words[-1] == str(model)


class TestRefusals:
    """Each in one line, with what to do."""

    @pytest.fixture(autouse=True)
    def empty_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        return tmp_path / "cache" / "facestyle" / "arm"

    @pytest.mark.parametrize("name", ["max", "cortex-a99"])
    def test_processor(self, facestyle: Command, tmp_path: Path, name: str) -> None:
        outcome = facestyle("bench", "arm", tmp_path, "--cpu", name, "--out", tmp_path / "out")
        assert_refused(outcome, name, "processor", "cortex-a")
        assert not (tmp_path / "out").exists()

    def test_no_build(self, facestyle: Command, tmp_path: Path) -> None:
        assert_refused(facestyle("bench", "arm"), "facestyle bench arm BUILD")
        assert_refused(facestyle("bench", "arm", tmp_path, "--cpu", ","), "--cpu")
        assert_refused(facestyle("bench", "arm", tmp_path), "no build here")

    @pytest.mark.parametrize("machine", ["riscv64", "i686"])
    def test_another_machine(
        self, facestyle: Command, monkeypatch: pytest.MonkeyPatch, machine: str
    ) -> None:
        monkeypatch.setattr(userland.platform, "machine", lambda: machine)
        assert_refused(facestyle("bench", "arm", "--setup"), machine, "Linux")

    def test_tools_are_missing(
        self, facestyle: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(debian, "KEYRING", tmp_path / "no.gpg")
        outcome = facestyle("bench", "arm", "--setup")
        assert_refused(outcome, "install", "apt (Debian", "dpkg", "debian-archive-keyring")

    def test_no_compiler(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable, match="install a C compiler"):
            userland.compile_shared([tmp_path / "a.c"], tmp_path / "a.so")

    @pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is not installed")
    @pytest.mark.skipif(not debian.KEYRING.exists(), reason="Debian's keys are not installed")
    def test_no_network(
        self, facestyle: Command, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
    ) -> None:
        monkeypatch.setattr(debian, "MIRROR", "http://127.0.0.1:9/debian")
        outcome = facestyle("bench", "arm", "--setup")
        assert outcome.code == 2 and "Traceback" not in outcome.err
        assert outcome.err.startswith("error: ") and "check the network" in outcome.err
        assert outcome.err.count("\n") == 1
        # Nothing half done is left to be taken for whole.
        assert list(empty_cache.iterdir()) == []


def made_row(**changes: Any) -> dict[str, Any]:
    """A row of a report that passed."""
    counts = Counts(40, 60, 7, 0)
    return {
        "name": "mobile 64x96 <fp32>",
        "file": {"name": "a.tflite", "sha256": "a" * 64, "bytes": 5},
        "graph": "stylizer",
        "precision": "fp32",
        "half_precision": False,
        "processor": "cortex-a76",
        "instructions": counts.entry(),
        "figures": {
            "max_difference": 1e-7,
            "differing_values": 3,
            "psnr_to_host_db": None,
            "psnr_to_pytorch_db": 90.0,
        },
        "seconds": 1.0,
        "verdicts": [
            {
                "check": "greatest difference to this computer",
                "figure": "1.0e-07",
                "limit": "<= 1e-05",
                "passed": True,
                "assurance": "real runtime",
            }
        ],
        "passed": True,
    } | changes


def emulated(*rows: dict[str, Any]) -> dict[str, Any]:
    return document.document(
        rows,
        created="2026-01-01T00:00:00+00:00",
        command="facestyle bench arm build",
        weights="0" * 12,
        tools={"numpy": "1"},
        userland={"qemu-user:amd64": "7.2", "zlib1g:arm64": "1"},
    )


class TestReport:
    def test_three_files(self, tmp_path: Path) -> None:
        report.write(tmp_path, emulated(made_row(), made_row(processor="cortex-a53")))
        assert sorted(p.name for p in tmp_path.iterdir()) == [
            "report.html",
            "report.json",
            "report.md",
        ]
        page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
        assert "mobile 64x96 &lt;fp32&gt;" in page and "<fp32>" not in page
        for written in (page, text):
            assert "All 1 files run right on emulated Cortex-A76, Cortex-A53" in written
            assert "Real runtime" in written and "emulated by QEMU" in written
            assert "7.2" in written and "zlib1g" not in written
        assert "| 107 | 56 % | 6.5 % | 0 | 37 % |" in text

    def test_what_failed_is_said(self) -> None:
        verdict = made_row()["verdicts"][0] | {"passed": False, "figure": "nan"}
        crashed = made_row(
            processor="cortex-a53",
            passed=False,
            instructions=None,
            figures=None,
            verdicts=[{"check": "runs", "figure": "it fails", "limit": "runs", "passed": False}],
        )
        made = emulated(made_row(), made_row(passed=False, verdicts=[verdict]), crashed)
        assert report.headline(made) == "2 of 3 runs on emulated Arm failed"
        assert [passed for _, passed in report.lines(made)] == [True, False, False]
        for written in (report.html(made), report.text(made)):
            assert "greatest difference to this computer: nan" in written
            assert "runs: it fails, wanted runs" in written

    def test_costs(self, tmp_path: Path) -> None:
        other = {"name": "b.tflite", "sha256": "b" * 64, "bytes": 5}
        document.write(
            tmp_path,
            emulated(
                made_row(processor="cortex-a53", instructions=Counts(1, 0, 0, 0).entry()),
                made_row(),
                made_row(half_precision=True, instructions=Counts(2, 0, 0, 0).entry()),
                made_row(file=other, instructions=None),
            ),
        )
        found = document.costs(tmp_path)
        assert found == {"a" * 64: 107}
        rows: list[dict[str, Any]] = [
            {"file": {"sha256": "a" * 64}, "cost": {"macs": 5, "arm_instructions": None}},
            {"file": {"sha256": "b" * 64}, "cost": {"macs": 5}},
            {"file": None},
        ]
        assert document.fill(rows, found) == 1
        assert rows[0]["cost"] == {"macs": 5, "arm_instructions": 107}
        assert rows[1]["cost"] == {"macs": 5} and "cost" not in rows[2]

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"format": "facestyle-benchmark/1", "rows": []}', "{not"]
    )
    def test_other_files_are_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "report.json"
        path.write_text(text)
        with pytest.raises(UserError, match="not a report of facestyle bench arm"):
            document.costs(path)
        with pytest.raises(UserError, match="make one with facestyle bench arm"):
            document.costs(tmp_path / "none.json")

    def test_counts_beside_latency(
        self, facestyle: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from benchmarks.latency import measure

        host = made_report.host()
        monkeypatch.setattr(measure, "measure", lambda *given: (deepcopy(host), {}))
        found = {"name": "a.tflite", "sha256": host["rows"][0]["file"]["sha256"], "bytes": 1}
        document.write(tmp_path / "known", emulated(made_row(file=found)))
        document.write(tmp_path / "unknown", emulated(made_row()))
        model, out = made_models.picture_model(tmp_path / "picture.tflite"), tmp_path / "out"
        for given, count in (("known/report.json", 107), ("unknown", None)):
            outcome = facestyle("bench", model, "--out", out, "--arm", tmp_path / given)
            assert outcome.code == 0, outcome.err
            made = json.loads((out / "report.json").read_text())
            if count is not None:
                assert made["rows"][0]["cost"]["arm_instructions"] == count
                assert "Arm instructions" in (out / "report.html").read_text()
            assert ("none of these files" in outcome.out) == (count is None)
        missing = facestyle("bench", model, "--out", out, "--arm", tmp_path / "none.json")
        assert_refused(missing, "none.json", "facestyle bench arm BUILD")


class TestJudge:
    COUNTS = Counts(10, 10, 0, 5)
    FIGURES: ClassVar = {
        "max_difference": 1e-4,
        "differing_values": 0.0,
        "psnr_to_host_db": 60.0,
        "psnr_to_pytorch_db": 50.0,
    }

    def test_int8_is_bit_exact_or_wrong(self) -> None:
        assert verdicts.as_here("int8", self.FIGURES).passed
        assert not verdicts.as_here("int8", self.FIGURES | {"differing_values": 1.0}).passed

    @pytest.mark.parametrize("precision", ["fp32", "fp16"])
    def test_floats(self, precision: str) -> None:
        assert not verdicts.as_here(precision, self.FIGURES).passed
        assert verdicts.as_here(precision, self.FIGURES | {"max_difference": 9e-6}).passed
        assert not verdicts.as_here(precision, self.FIGURES | {"max_difference": np.nan}).passed

    def test_dynamic(self) -> None:
        assert verdicts.as_here("dynamic", self.FIGURES).passed
        assert not verdicts.as_here("dynamic", self.FIGURES | {"psnr_to_host_db": np.nan}).passed

    def test_half_precision_must_be_half_precision(self) -> None:
        done = Emulated({}, self.COUNTS, self.COUNTS, 1.0)
        assert all(verdict.passed for verdict in verdicts.in_half(done, self.FIGURES))
        single = replace(done, counts=replace(self.COUNTS, half=0))
        said = [v.passed for v in verdicts.in_half(single, self.FIGURES | {"max_difference": 1e-7})]
        assert said == [True, False, False]
        lost = verdicts.in_half(done, self.FIGURES | {"psnr_to_pytorch_db": np.nan})
        assert not lost[0].passed

    def test_counts_that_differ(self) -> None:
        done = Emulated({}, self.COUNTS, replace(self.COUNTS, other=11), 1.0)
        assert not verdicts.counted_twice(done).passed

    def test_what_is_not_finite_is_infinitely_far(self) -> None:
        good, bad = torch.zeros(2), torch.tensor([0.0, float("nan")])
        assert verdicts.difference(good, good + 0.5) == 0.5
        assert np.isnan(verdicts.difference(good, bad)) and np.isnan(
            verdicts.difference(good, bad[:1])
        )
        assert np.isnan(verdicts.worst([1.0, float("nan")], max))


def test_permission_for_half_precision_changes_nothing_else(tmp_path: Path) -> None:
    from export.inspect.tflite import TFLiteModel

    model, copy = made_models.picture_model(tmp_path / "a.tflite"), tmp_path / "b.tflite"
    half_precision.allow(model, copy)
    found = TFLiteModel(copy)
    entries = {e.name: bytes(found.model.buffers[e.buffer].data) for e in found.model.metadata}
    assert entries[b"reduced_precision_support"] == b"fp16accfp16"
    assert found.hidden() == [] and found.sequence() == TFLiteModel(model).sequence()
    inputs = {"p": {"content": np.full((1, 24, 32, 3), 0.25, np.float32)}}
    (before,) = emulator.on_this_computer(model, inputs)["p"].values()
    (after,) = emulator.on_this_computer(copy, inputs)["p"].values()
    assert np.array_equal(before, after)


@pytest.fixture(scope="session")
def arm() -> Userland:
    """Set up in the user's cache; where it cannot be, what needs it is skipped, saying why."""
    try:
        return userland.get()
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def small_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mobile stylizer at 64x96, in every arithmetic."""
    from benchmarks.export_stylizers import export_stylizers
    from export.convert import calibration
    from facestyle import checkpoint

    out = tmp_path_factory.mktemp("build") / "build"
    loaded = checkpoint.load(None, "mobile", None)
    precisions = ("fp32", "dynamic", "int8")
    return export_stylizers(
        loaded, (64, 96), precisions, out, calibration=calibration.read(calibration.DEMO)
    )


def half_of(model: Path, target: Path) -> Path:
    half_precision.allow(model, target)
    return target


@pytest.mark.slow
class TestRealRuns:
    def test_a_build(
        self, arm: Userland, facestyle: Command, small_build: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "arm"
        outcome = facestyle(
            "bench", "arm", small_build, "--cpu", "cortex-a53,cortex-a76", "--out", out
        )
        assert outcome.code == 0, outcome.out + outcome.err
        assert f"next: facestyle bench {small_build} --arm {out}/report.json" in outcome.out
        made = json.loads((out / "report.json").read_text())
        rows = {(r["precision"], r["processor"], r["half_precision"]): r for r in made["rows"]}
        assert len(rows) == 3 + 3 + 1 and all(row["passed"] for row in rows.values())
        counts = {key: row["instructions"] for key, row in rows.items()}
        # Half precision and dot products are instructions of the newer processor alone.
        assert counts["int8", "cortex-a76", False]["dot_product"] > 0
        assert counts["int8", "cortex-a53", False]["dot_product"] == 0
        plain, less = (counts["fp32", "cortex-a76", in_half] for in_half in (False, True))
        assert plain["half_precision"] == 0 < less["half_precision"]
        assert less["total"] < plain["total"]
        for row in rows.values():
            assert any(v["check"] == "instructions of a second run" for v in row["verdicts"])
            assert row["verdicts"][0]["assurance"] == "real runtime"
        assert rows["int8", "cortex-a53", False]["figures"]["differing_values"] == 0
        assert made["userland"]["ai-edge-litert"] == made["tools"]["ai-edge-litert"]
        assert any(name.startswith("qemu-user") for name in made["userland"])
        assert document.costs(out).keys() == {row["file"]["sha256"] for row in rows.values()}

    def test_a_file_that_computes_otherwise_is_found(
        self,
        arm: Userland,
        facestyle: Command,
        small_build: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        real = emulator.run

        def wrong(*given: Any) -> Emulated:
            done = real(*given)
            for arrays in done.outputs.values():
                for array in arrays.values():
                    array.flat[7] += 1 if array.dtype == np.int8 else 2e-5
            return done

        monkeypatch.setattr(emulator, "run", wrong)
        build = _only(small_build, tmp_path / "less", ("fp32", "int8"))
        outcome = facestyle("bench", "arm", build, "--cpu", "cortex-a53", "--out", tmp_path / "o")
        assert outcome.code == 1
        assert "2 of 2 runs on emulated Arm failed" in outcome.out
        assert "values unlike this computer's: 2, wanted 0" in outcome.out

    def test_a_program_that_fails(self, arm: Userland, tmp_path: Path) -> None:
        broken = tmp_path / "broken.tflite"
        broken.write_bytes(b"nothing")
        (tmp_path / "scratch").mkdir()
        with pytest.raises(UserError, match=r"broken\.tflite fails on Cortex-A53"):
            emulator.run(arm, A53, broken, {"p": {"x": np.zeros(1)}}, tmp_path / "scratch")

    def test_the_same_count_in_every_process_and_wherever_the_files_are(
        self, arm: Userland, tmp_path: Path
    ) -> None:
        short = made_models.picture_model(tmp_path / "a.tflite")
        other = tmp_path / "a_rather_longer_name_of_a_folder" / "model_of_the_same_bytes.tflite"
        other.parent.mkdir()
        shutil.copy(short, other)
        rng = np.random.default_rng(0)
        probes = {"p": {"content": rng.random((1, 24, 32, 3), dtype=np.float32)}}
        found = []
        for index, model in enumerate((short, other)):
            scratch = other.parent if index else tmp_path / "s"
            scratch.mkdir(exist_ok=True)
            found.append(emulator.run(arm, A76, model, probes, scratch))
        assert found[0].counts == found[0].again == found[1].counts == found[1].again
        assert found[0].counts.simd > 10_000

    def test_half_precision_catches_a_naive_norm_and_spares_ours(
        self, arm: Userland, tmp_path: Path
    ) -> None:
        """Activations of some thousands: squares pass 65504, fp32 and x86 show nothing."""
        found = {}
        for norm in (naive, ours):
            name = norm.__name__
            graph, model = _converted(Normalized(norm), tmp_path / name)
            photo = torch.from_numpy(
                np.random.default_rng(0).random((1, 3, 16, 24), dtype=np.float32)
            )
            with torch.inference_mode():
                wanted = graph(photo)
            probes = {"p": {"content": photo.permute(0, 2, 3, 1).contiguous().numpy()}}
            scratch = tmp_path / f"{name}_half"
            scratch.mkdir()
            done = emulator.run(arm, A76, half_of(model, tmp_path / "h"), probes, scratch)
            assert done.counts.half > 0
            here = emulator.on_this_computer(model, probes)
            for where, outputs in (("here", here), ("half", done.outputs)):
                (array,) = outputs["p"].values()
                output = torch.from_numpy(array).permute(0, 3, 1, 2)
                peak = float(wanted.max() - wanted.min())
                found[name, where] = compare.psnr(output, wanted, peak), float(output.std())
        assert found["naive", "here"][0] > 80 and found["ours", "here"][0] > 80
        psnr, spread = found["naive", "half"]
        assert not psnr >= 30 and not spread > 0.1  # a constant, or not finite
        assert found["ours", "half"][0] > verdicts.HALF_DB


GAIN = 3000.0


class Normalized(nn.Module):
    """A picture's large features, normalised, as a picture."""

    def __init__(self, norm: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, content: Tensor) -> Tensor:
        return self.norm(GAIN * content)


def naive(x: Tensor) -> Tensor:
    """Instance normalisation as everybody writes it first."""
    centred = x - nn.functional.adaptive_avg_pool2d(x, 1)
    variance = nn.functional.adaptive_avg_pool2d(centred * centred, 1)
    return centred * torch.rsqrt(variance + 1e-5)


def ours(x: Tensor) -> Tensor:
    """``facestyle.adain`` to mean 0 and standard deviation 1."""
    return adain(x, torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1), torch.ones(1, 1, 1, 1))


def _converted(module: nn.Module, folder: Path) -> tuple[nn.Module, Path]:
    """A module of a picture as a ``.tflite`` file of fp32."""
    from export.convert.graphs import Graph
    from export.convert.tflite import to_tensorflow, to_tflite
    from facestyle import contract

    ports = contract.content(16, 24), contract.stylized(16, 24)
    graph = Graph("norm", module.eval(), contract.Contract("norm", ports[:1], ports[1:]))
    path = folder / "model.tflite"
    to_tflite(to_tensorflow(graph, folder), "fp32", path)
    return graph.module, path


def _only(build: Path, folder: Path, precisions: tuple[str, ...]) -> Path:
    """A copy of a build with some of its files."""
    shutil.copytree(build, folder)
    made = json.loads((folder / "manifest.json").read_text())
    made["files"] = [entry for entry in made["files"] if entry["precision"] in precisions]
    (folder / "manifest.json").write_text(json.dumps(made))
    return folder


def test_probes_and_back() -> None:
    arrays = {"canary, strength 0.5": {"a": np.zeros(1)}, "b/c": {"a": np.ones(2)}}
    again = runner.by_probe(runner.flat(arrays))
    assert list(again) == list(arrays) and again["b/c"]["a"].sum() == 2

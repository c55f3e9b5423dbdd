"""Latency on a phone: a real adb client, and a phone that is made of Python."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.android import activity, adb, benchmark_model, benchmark_text, phone, run
from benchmarks.android.plan import FOLDER, AndroidSettings, attempts
from benchmarks.build_files import ModelFile
from benchmarks.latency.timing import TOP_OPERATORS
from benchmarks.report import document
from facestyle.errors import UserError
from tests.conftest import Outcome, assert_refused
from tests.support import fake_phone, made_models
from tests.support.fake_phone import CPU, RESULTS, Connect, Phone
from tests.support.made_report import judged

FLAGS = {"graph": "/m", "num_threads": "1", "num_runs": "50", "min_secs": "1"}
"""Of benchmark_model."""

QUICK = AndroidSettings(threads=(1, 4), warm_up=1, runs=50, seconds=0.5, cool_down=0)


@pytest.fixture(autouse=True)
def no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The phone of these tests takes any bytes for a model; there is nothing to count in them."""
    monkeypatch.setattr(ModelFile, "cost", lambda self: {"macs": None, "parameters": None})


@pytest.fixture
def model(tmp_path: Path) -> ModelFile:
    path = tmp_path / "mobile.tflite"
    path.write_bytes(os.urandom(300_000))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelFile(path, "mobile", digest, "stylizer", "mobile", "fp32", 256, 256)


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    path = tmp_path / "android_aarch64_benchmark_model"
    path.write_bytes(b"\x7fELF" + bytes(1000))
    return path


def settings(**changes: Any) -> AndroidSettings:
    return AndroidSettings(**{**QUICK.__dict__, **changes})


def leftovers(made: Phone) -> list[str]:
    return [path for path in made.files if path.startswith((FOLDER, RESULTS))]


@fake_phone.needs_adb
class TestTool:
    """Path A: benchmark_model."""

    def test_rows_tell_all_that_it_prints(
        self, server: Connect, model: ModelFile, tool: Path
    ) -> None:
        made = Phone()
        with server(made) as serial:
            device, rows, notes = run.measure([model], QUICK, serial, tool)
        assert device == {
            "kind": "android",
            "name": "Google Pixel 8",
            "processor": "Google Tensor G3",
            "cores": 9,
            "memory_bytes": 7751508 * 1024,
            "system": "Android 14",
            "sdk": 34,
        }
        assert [row["name"] for row in rows] == [
            "mobile (CPU, 1 thread)",
            "mobile (CPU, 4 threads)",
        ]
        row = judged(device, rows)[1]
        assert row["file"] == {"name": "mobile.tflite", "sha256": model.sha256, "bytes": 300_000}
        assert (row["graph"], row["format"], row["height"]) == ("stylizer", "tflite", 256)
        assert row["runtime"] == {
            "name": "LiteRT",
            "delegate": "XNNPACK",
            "threads": 4,
            "sha256": hashlib.sha256(tool.read_bytes()).hexdigest(),
        }
        timing = row["stages"]["inference"]
        assert timing["runs"] == 70
        assert timing["seconds"] == pytest.approx(70 * 7.1234e-3)
        assert (timing["min_ms"], timing["p50_ms"], timing["p95_ms"]) == (6.88, 7.1, 7.45)
        assert (row["load_ms"], row["first_run_ms"]) == (8.214, 9.5)
        assert row["peak_memory_bytes"] == round(11.5 * 2**20)
        assert (row["partitions"], row["fully_delegated"]) == (1, True)
        assert row["conditions"]["governor"] == "sched_pixel"
        assert row["conditions"]["cpu_max_mhz"] == 2914
        assert row["conditions"]["battery_celsius_before"] == 29.5
        assert any("random inputs" in note for note in notes)
        assert leftovers(made) == []

    def test_asks_for_what_was_asked(self, server: Connect, model: ModelFile, tool: Path) -> None:
        made = Phone()
        with server(made) as serial:
            run.measure([model], settings(delegates=("cpu", "gpu"), runs=77), serial, tool)
        runs = [c for c in made.commands if c.startswith(f"{FOLDER}/benchmark_model")]
        timed = [c for c in runs if "enable_op_profiling" not in c]
        assert len(timed) == 3 and len(runs) == 6
        assert all("--num_runs=77 --min_secs=0.5" in c and "--warmup_runs=1" in c for c in timed)
        assert "--num_threads=1 --use_xnnpack=true" in timed[0]
        assert "--num_threads=4 --use_xnnpack=true" in timed[1]
        assert "--num_threads=4 --use_gpu=true" in timed[2]
        assert f"--graph={FOLDER}/" in timed[0]

    def test_old_phone_and_old_tool(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone(modern=False, tool="old")) as serial:
            device, rows, _ = run.measure([model], settings(sustain=20), serial, tool)
        timing = judged(device, rows)[0]["stages"]["inference"]
        assert timing["mean_ms"] == pytest.approx(7.1234)
        assert not {"p50_ms", "p95_ms"} & set(timing)
        assert rows[0]["sustained"] is None
        assert "too old" in rows[0]["conditions"]["sustained_ended"]
        assert rows[0]["peak_memory_bytes"] == round(11.5 * 2**20)

    def test_sustained(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone()) as serial:
            device, rows, _ = run.measure([model], settings(threads=(2,), sustain=25), serial, tool)
        assert judged(device, rows)[0]["sustained"] == {
            "seconds": 30,
            "window_seconds": 10,
            "p50_ms": [7.1, 7.1, 7.1],
            "drift": 0,
        }

    @pytest.mark.parametrize(
        ("partitions", "full", "problem"), [(5, False, False), (0, False, True), (1, True, False)]
    )
    def test_partitions(
        self,
        server: Connect,
        model: ModelFile,
        tool: Path,
        partitions: int,
        full: bool,
        problem: bool,
    ) -> None:
        with server(Phone(partitions=partitions)) as serial:
            wanted = settings(delegates=("gpu",))
            _, (row,), _ = run.measure([model], wanted, serial, tool)
        assert (row["partitions"], row["fully_delegated"]) == (partitions, full)
        assert (row["runtime"]["delegate"], row["name"]) == ("GPU", "mobile (GPU)")
        assert any("GPU delegate took nothing" in p for p in row["problems"]) is problem

    def test_tool_that_fails(self, server: Connect, model: ModelFile, tool: Path) -> None:
        made = Phone(tool="fails")
        with server(made) as serial, pytest.raises(UserError, match=r"ended with 1: .*processor"):
            run.measure([model], QUICK, serial, tool)
        assert leftovers(made) == []


@fake_phone.needs_adb
class TestActivity:
    """Path B: the app's benchmark activity."""

    def test_row(self, server: Connect, model: ModelFile) -> None:
        made = Phone()
        with server(made) as serial:
            device, rows, notes = run.measure(
                [model], settings(delegates=("cpu", "gpu"), seconds=3), serial
            )
        done = judged(device, rows)
        assert [row["runtime"]["delegate"] for row in done] == ["XNNPACK", "XNNPACK", "GPU"]
        row = done[0]
        assert (row["name"], row["network"]) == ("mobile (CPU, 1 thread)", "mobile")
        assert set(row["stages"]) == {"preprocess", "inference", "postprocess", "end_to_end"}
        assert row["stages"]["end_to_end"]["p90_ms"] == pytest.approx(1.3 * 7.06)
        assert row["conditions"]["app_sha256"] == hashlib.sha256(b"apk").hexdigest()
        assert "run_id" not in row["conditions"]
        assert row["file"]["sha256"] == model.sha256
        assert len(row["runtime"]["sha256"]) == 64
        assert notes == []
        assert leftovers(made) == []
        start = next(command for command in made.commands if command.startswith("am start"))
        assert f"-n {activity.COMPONENT}" in start
        for extra in ("--es delegate cpu", "--ei threads 1", "--ei runs 50", "--ef seconds 3.0"):
            assert extra in start
        assert f"--es model_sha256 {model.sha256}" in start

    @pytest.mark.parametrize(
        ("what", "words"),
        [
            ("garbage", "not JSON"),
            ("stale", "of another run"),
            ("other", "another model file"),
            ("error", "the GPU delegate does not take this model"),
            ("dies", "ended without a result"),
            ("cannot start", "install the current APK"),
        ],
    )
    def test_faults(self, server: Connect, model: ModelFile, what: str, words: str) -> None:
        made = Phone(activity=what)
        with server(made) as serial, pytest.raises(UserError, match=words) as caught:
            run.measure([model], settings(threads=(1,)), serial)
        assert "\n" not in str(caught.value)
        assert leftovers(made) == []
        assert not made.running

    def test_silence(
        self, server: Connect, model: ModelFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(activity, "PATIENCE", 0.2)
        monkeypatch.setattr(activity, "SLOWEST", 0.0)
        made = Phone(activity="silent")
        with server(made) as serial, pytest.raises(UserError, match="no result within"):
            run.measure([model], settings(threads=(1,)), serial)
        assert not made.running

    def test_not_installed(self, server: Connect, model: ModelFile) -> None:
        with server(Phone(app=False)) as serial, pytest.raises(UserError, match="not installed"):
            run.measure([model], QUICK, serial)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda made: made["device"].update(kind="host"), "not one row of an Android phone"),
            (lambda made: made["rows"].clear(), "not one row of an Android phone"),
            (lambda made: made["rows"][0].pop("stages"), "'stages' is a required property"),
            (
                lambda made: made["rows"][0]["stages"]["inference"].pop("samples_ms"),
                "no samples_ms",
            ),
        ],
    )
    def test_another_document(
        self,
        server: Connect,
        model: ModelFile,
        monkeypatch: pytest.MonkeyPatch,
        change: Callable[[dict[str, Any]], object],
        words: str,
    ) -> None:
        plain = fake_phone.result

        def changed(extras: dict[str, Any], sha256: str) -> dict[str, Any]:
            made = plain(extras, sha256)
            change(made)
            return made

        monkeypatch.setattr(fake_phone, "result", changed)
        with server(Phone()) as serial, pytest.raises(UserError, match=words):
            run.measure([model], settings(threads=(1,)), serial)

    def test_another_delegate_than_asked(
        self, server: Connect, model: ModelFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = fake_phone.result

        def fell_back(extras: dict[str, Any], sha256: str) -> dict[str, Any]:
            return plain(extras | {"delegate": "cpu"}, sha256)

        monkeypatch.setattr(fake_phone, "result", fell_back)
        with server(Phone()) as serial:
            _, (row,), _ = run.measure([model], settings(delegates=("gpu",)), serial)
        assert row["problems"] == ["the app ran it with XNNPACK and 4 threads instead of GPU and 4"]


@fake_phone.needs_adb
class TestConnection:
    """What can be wrong before and between rows."""

    def test_no_device(self, server: Connect, model: ModelFile) -> None:
        with pytest.raises(UserError, match="no Android device; connect it by USB"):
            run.measure([model], QUICK)

    def test_another_serial(self, server: Connect, model: ModelFile) -> None:
        with server(Phone()), pytest.raises(UserError, match="no Android device 'R58'"):
            run.measure([model], QUICK, "R58")

    def test_several(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone()) as first, server(Phone()) as second:
            with pytest.raises(UserError, match="--serial") as caught:
                run.measure([model], QUICK, None, tool)
            assert first in str(caught.value) and second in str(caught.value)
            assert len(run.measure([model], QUICK, second, tool)[1]) == 2

    def test_the_only_one(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone()):
            assert len(run.measure([model], QUICK, None, tool)[1]) == 2

    def test_unauthorised(self, server: Connect, model: ModelFile) -> None:
        with (
            server(Phone(authorised=False)) as serial,
            pytest.raises(UserError, match="accept the prompt"),
        ):
            run.measure([model], QUICK, serial)

    def test_offline(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone(vanish=("getprop", 0))) as serial:
            with pytest.raises(adb.DeviceGone):
                run.measure([model], QUICK, serial, tool)
            with pytest.raises(UserError, match=r"offline; unplug|no Android device"):
                run.measure([model], QUICK, serial, tool)

    @pytest.mark.parametrize("vanish", [("push", 0), ("push", 1), ("--num_runs", 0)])
    def test_vanishes_before_the_first_row(
        self, server: Connect, model: ModelFile, tool: Path, vanish: tuple[str, int]
    ) -> None:
        with (
            server(Phone(vanish=vanish)) as serial,
            pytest.raises(adb.DeviceGone, match=r"the phone is gone .*; check the cable"),
        ):
            run.measure([model], QUICK, serial, tool)

    def test_vanishes_later(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone(vanish=("--num_runs", 2))) as serial:
            device, rows, notes = run.measure([model], QUICK, serial, tool)
        assert len(judged(device, rows)) == 1
        assert "the phone is gone" in notes[-1]

    def test_vanishes_while_sustained(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone(vanish=("--min_secs=10", 2))) as serial:
            device, rows, notes = run.measure([model], settings(sustain=60), serial, tool)
        (row,) = judged(device, rows)
        assert row["sustained"]["p50_ms"] == [7.1, 7.1]
        assert "the phone is gone" in row["conditions"]["sustained_ended"]
        assert run.VANISHED in row["problems"]
        assert "the phone is gone" in notes[-1]

    def test_vanishes_under_the_app(self, server: Connect, model: ModelFile) -> None:
        with server(Phone(vanish=("am start", 1))) as serial:
            _, rows, notes = run.measure([model], QUICK, serial)
        assert len(rows) == 1
        assert "the phone is gone" in notes[-1]

    def test_no_space(self, server: Connect, model: ModelFile, tool: Path) -> None:
        made = Phone(space=2000)
        with server(made) as serial, pytest.raises(UserError, match="no space left; free some"):
            run.measure([model], QUICK, serial, tool)
        assert leftovers(made) == []

    def test_a_file_without_space_does_not_lose_the_others(
        self, server: Connect, model: ModelFile, tool: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "small.tflite"
        path.write_bytes(b"small")
        small = ModelFile(path, "small", hashlib.sha256(b"small").hexdigest())
        with server(Phone(space=2000)) as serial:
            _, rows, notes = run.measure([model, small], QUICK, serial, tool)
        assert [row["file"]["name"] for row in rows] == ["small.tflite"] * 2
        assert "no space left" in notes[-1]

    def test_no_answer(self, server: Connect, tool: Path) -> None:
        made = Phone(tool="hangs", files={benchmark_model.PROGRAM: b"", "/m": b""})
        with server(made) as serial, pytest.raises(UserError, match="no answer within 1 s"):
            adb.choose(serial).shell(f"{benchmark_model.PROGRAM} --graph=/m", timeout=1)

    def test_statuses_come_through(self, server: Connect) -> None:
        for modern in (True, False):
            with server(Phone(modern=modern)) as serial:
                chosen = adb.choose(serial)
                assert chosen.shell("cat /nothing").status == 1
                assert chosen.shell("what").status == 127
                assert chosen.output("cat /nothing") is None
                assert chosen.output(f"cat {CPU}/possible") == "0-8\n"


@fake_phone.needs_adb
class TestState:
    """Hot, throttled and poor phones."""

    def test_hot(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with (
            server(Phone(thermal=[3])) as serial,
            pytest.raises(UserError, match=r"too hot \(thermal status 3 \(severe\)\); let it cool"),
        ):
            run.measure([model], QUICK, serial, tool)

    def test_warms_up(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone(thermal=[0, 0, 0, 0, 1])) as serial:
            device, rows, _ = run.measure([model], QUICK, serial, tool)
        assert rows[0]["problems"] == []
        assert rows[1]["conditions"]["thermal_after"] == 1
        warm = "thermal status light after the run; let the phone cool"
        assert [warm in row["problems"] for row in judged(device, rows)] == [False, True]

    def test_waits_until_it_is_cool(
        self,
        server: Connect,
        model: ModelFile,
        tool: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(run, "LOOK", 0.01)
        with server(Phone(thermal=[2, 2, 1, 0])) as serial:
            _, rows, _ = run.measure([model], settings(cool_down=30), serial, tool)
        assert [row["problems"] for row in rows] == [[], []]

    def test_becomes_hot(self, server: Connect, model: ModelFile, tool: Path) -> None:
        with server(Phone(thermal=[0, 0, 4])) as serial:
            device, rows, notes = run.measure([model], QUICK, serial, tool)
        assert len(rows) == 1
        problems = judged(device, rows)[0]["problems"]
        assert "thermal status critical after the run; let the phone cool" in problems
        assert "too hot" in notes[-1]

    def test_a_phone_that_tells_nothing(
        self, server: Connect, model: ModelFile, tool: Path
    ) -> None:
        with server(Phone(properties={}, files={}, thermal=[None])) as serial:
            device, rows, _ = run.measure([model], QUICK, serial, tool)
        assert device == {"kind": "android", "name": "Android phone"}
        row = judged(device, rows)[0]
        assert not {"thermal_before", "governor", "cpu_max_mhz"} & set(row["conditions"])

    def test_poor_conditions(self, server: Connect, model: ModelFile, tool: Path) -> None:
        made = Phone(battery=12, plugged=True, saver=True)
        made.files[f"{CPU}/cpufreq/policy0/scaling_governor"] = b"powersave\n"
        made.files[f"{CPU}/cpufreq/policy8/scaling_max_freq"] = b"1500000\n"
        with server(made) as serial:
            _, rows, _ = run.measure([model], QUICK, serial, tool)
        assert rows[0]["problems"] == [
            "battery saver was on",
            "the battery was at 12 %, charging: phones save power below 20 %",
            "the CPU's governor was powersave",
            "the fastest cores were held at 1500 of 2914 MHz",
        ]


class TestInput:
    """What can be seen without a phone."""

    def test_adb_is_missing(
        self, model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(UserError, match="adb is not installed"):
            run.measure([model], QUICK)

    def test_no_file(self) -> None:
        with pytest.raises(UserError, match=r"no \.tflite file"):
            run.measure([], QUICK)

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="no such file"):
            run.measure([ModelFile(tmp_path / "a.tflite", "a", "0" * 64)], QUICK)

    def test_another_format(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"Android runs \.tflite files only"):
            run.measure([ModelFile(tmp_path / "a.mlmodel", "a", "0" * 64)], QUICK)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"delegates": ("nnapi",)}, "unknown delegate 'nnapi'"),
            ({"delegates": ()}, "at least one delegate"),
            ({"threads": (0,)}, "threads from 1 on"),
        ],
    )
    def test_settings(self, model: ModelFile, changes: dict[str, Any], words: str) -> None:
        with pytest.raises(UserError, match=words):
            run.measure([model], settings(**changes))

    @fake_phone.needs_adb
    def test_no_program(self, server: Connect, model: ModelFile, tmp_path: Path) -> None:
        script = tmp_path / "tool"
        script.write_text("#!/bin/sh")
        with server(Phone()) as serial:
            with pytest.raises(UserError, match="not a program for Android"):
                run.measure([model], QUICK, serial, script)
            with pytest.raises(UserError, match="cannot be read"):
                run.measure([model], QUICK, serial, tmp_path / "missing")


class TestText:
    """What benchmark_model prints."""

    def test_slow_models(self) -> None:
        """C++ streams print a million microseconds as a power of ten."""
        text = (
            "STARTING!\nInitialized session in 5.12e+03ms.\nRunning benchmark for at least 1 "
            "iterations and at least 0.5 seconds.\ncount=1 curr=2634301\n\nRunning benchmark for "
            "at least 50 iterations and at least 1 seconds.\ncount=50 first=2605745 curr=2618849 "
            "min=2568228 max=2722188 avg=2.60294e+06 std=27690\n\nInference timings in us: "
            "Init: 5120000, First inference: 2634301, Warmup (avg): 2.6343e+06, Inference (avg): "
            "2.60294e+06\n"
        )
        found = benchmark_text.parse(text)
        assert found is not None
        assert found.measured.mean == pytest.approx(2602.94)
        assert (found.init_ms, found.first_ms) == (5120, 2634.301)
        assert (found.memory_bytes, found.partitions, found.full) == (None, None, None)

    def test_old_summary(self) -> None:
        """Of 2019: no first inference in the summary."""
        text = (
            "Initialized session in 9.933ms\nRunning benchmark for at least 4 iterations and at "
            "least 0.5 seconds\ncount=7 first=127425 curr=66709 min=66709 max=127425 avg=76605.9 "
            "std=20944\n\nRunning benchmark for at least 10 iterations and at least 1 seconds\n"
            "count=15 first=66753 curr=66800 min=66699 max=66838 avg=66767.6 std=39\n\nAverage "
            "inference timings in us: Warmup: 76605.9, Init: 9933, no stats: 66767.6\n"
        )
        found = benchmark_text.parse(text)
        assert found is not None
        assert (found.init_ms, found.first_ms) == (9.933, 127.425)
        assert (found.measured.count, found.measured.least) == (15, 66.699)

    def test_all_runs_alike(self) -> None:
        text = fake_phone.benchmark_text(FLAGS, True, 1)
        line = next(line for line in text.splitlines() if "count=140" in line)
        alike = text.replace(line, "INFO: count=50 curr=100(all same) p5=100 median=100 p95=100")
        found = benchmark_text.parse(alike)
        assert found is not None
        assert (found.measured.mean, found.measured.least, found.measured.median) == (0.1,) * 3

    @pytest.mark.parametrize("text", ["", "ERROR: Failed to load model\n", "Running benchmark\n"])
    def test_nothing_measured(self, text: str) -> None:
        assert benchmark_text.parse(text) is None

    def test_broken_off(self) -> None:
        text = fake_phone.benchmark_text(FLAGS, True, 1)
        assert benchmark_text.parse(text[: text.index("count=140")]) is None

    def test_operators(self) -> None:
        """The delegate's sum gives way to what is in it; calls count; shares are of all."""
        found = benchmark_text.operators(fake_phone.profile("INFO: "))
        assert len(found) == TOP_OPERATORS
        assert found[0] == {
            "operator": "Convolution (NHWC, F32) IGEMM",
            "where": "Delegate/Convolution IGEMM:0",
            "count": 1,
            "ms": 2.0,
            "share": 0.3125,
        }
        assert (found[1]["count"], found[1]["ms"]) == (4, 2.0)
        assert found[3]["operator"] == "MIRROR_PAD"
        assert not any("Delegate" in each["operator"] for each in found)
        assert not any("ModifyGraph" in each["operator"] for each in found)

    def test_operators_of_old_builds(self) -> None:
        """With a column for the start, and no calls counted."""
        text = (
            "Operator-wise Profiling Info for Regular Benchmark Runs:\n============================"
            "== Run Order ==============================\n\t [node type]\t [start]\t [first]\t "
            "[avg ms]\t [%]\t [cdf%]\t [mem KB]\t[times called]\t[Name]\n"
            "\t CONV_2D\t 0.000\t 4.8\t 4.5\t 75%\t 75%\t 0.000\t 0\t[conv]\n"
            "\t TfLiteGpuDelegateV2\t 4.5\t 1.6\t 1.5\t 25%\t 100%\t 0.000\t 1\t[out]\n\n"
        )
        assert benchmark_text.operators(text) == [
            {"operator": "CONV_2D", "where": "[conv]", "count": 1, "ms": 4.5, "share": 0.75},
            {
                "operator": "TfLiteGpuDelegateV2",
                "where": "[out]",
                "count": 1,
                "ms": 1.5,
                "share": 0.25,
            },
        ]

    def test_no_profile(self) -> None:
        assert benchmark_text.operators("STARTING!\n") == []

    def test_drift(self) -> None:
        medians = [10.0, 10.0, 10.5, 11.0, 12.0, 12.0, 12.5, 12.5, 13.0, 13.0]
        made = benchmark_model.sustained(medians)
        assert made is not None
        assert (made["seconds"], made["drift"]) == (100, pytest.approx(0.3))


def test_rows_are_never_measured_twice(model: ModelFile) -> None:
    twice = settings(threads=(2, 2, 4), delegates=("cpu", "gpu", "cpu"))
    names = [attempt.name for attempt in attempts(model, twice)]
    assert names == ["mobile (CPU, 2 threads)", "mobile (CPU, 4 threads)", "mobile (GPU)"]


class TestContract:
    """What README.md tells whoever writes the app."""

    README = (Path(activity.__file__).parent / "README.md").read_text(encoding="utf-8")

    def test_example_is_a_document(self) -> None:
        example = self.README.partition("```json")[2].partition("```")[0]
        row = document.parse(example, "the example")["rows"][0]
        assert "run_id" in row["conditions"]
        assert all(stage["samples_ms"] for stage in row["stages"].values())

    def test_extras_are_all_told(self, model: ModelFile) -> None:
        attempt = next(attempts(model, QUICK))
        sent = re.findall(r"--e[sif] (\w+) ", activity.extras(attempt, "/m", QUICK, "id", "name"))
        told = re.findall(r"^\| `(\w+)` \| (?:string|int|float)", self.README, re.M)
        assert set(told) - set(sent) == {"strength", "style_code"}
        assert set(sent) <= set(told)

    def test_places_are_told(self) -> None:
        for place in (activity.COMPONENT, activity.RESULTS, FOLDER):
            assert place in self.README


@pytest.mark.parametrize(
    ("text", "cores"), [("0-8\n", 9), ("0\n", 1), ("0-3,5-6\n", 6), ("", None), (None, None)]
)
def test_cores(text: str | None, cores: int | None) -> None:
    assert phone.cores(text) == cores


@fake_phone.needs_adb
class TestCommandLine:
    """``facestyle bench --device android``, from a file to its report."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return made_models.picture_model(tmp_path / "picture.tflite")

    def test_the_app(
        self, server: Connect, facestyle: Callable[..., Outcome], file: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "report"
        with server(Phone()) as serial:
            outcome = facestyle(
                *("bench", file, "--device", "android", "--serial", serial),
                *("--threads", "2", "--delegate", "cpu,gpu", "--out", out),
            )
        assert outcome.code == 0, outcome.err
        made = document.read(out)
        assert made["device"]["kind"] == "android"
        assert [row["runtime"]["delegate"] for row in made["rows"]] == ["XNNPACK", "GPU"]
        assert all("p90_ms" in row["stages"]["end_to_end"] for row in made["rows"])
        assert (out / "report.html").exists() and "next: open" in outcome.out

    def test_the_tool(
        self,
        server: Connect,
        facestyle: Callable[..., Outcome],
        file: Path,
        tool: Path,
        tmp_path: Path,
    ) -> None:
        out = tmp_path / "report"
        asked = ("bench", file, "--device", "android", "--benchmark-model", tool, "--threads", 1)
        with server(Phone()) as serial:
            outcome = facestyle(*asked, "--serial", serial, "--out", out)
        assert outcome.code == 0, outcome.err
        (row,) = document.read(out)["rows"]
        assert list(row["stages"]) == ["inference"] and row["operators"]
        assert "no end-to-end time" in outcome.out

    def test_no_phone(
        self, server: Connect, facestyle: Callable[..., Outcome], file: Path, tmp_path: Path
    ) -> None:
        outcome = facestyle("bench", file, "--device", "android", "--out", tmp_path / "report")
        assert_refused(outcome, "adb devices")
        assert not (tmp_path / "report").exists()

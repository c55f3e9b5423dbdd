"""What the app's benchmark activity wrote about real files, taken as from a phone.

``ShippedBenchmarkTest`` of the sample app runs the activity with the app's own native library, and
leaves each file with its result beside it. `make android-test` does both.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.android import activity, run
from benchmarks.android.plan import AndroidSettings
from benchmarks.build_files import single
from benchmarks.latency.validity import Rules, validated
from benchmarks.report import document
from tests.conftest import Outcome
from tests.support import fake_phone
from tests.support.fake_phone import Connect, Phone

DEMO = Path(__file__).parents[3] / "android_demo"
FOLDER = DEMO / "out" / "tests" / "benchmark"
LIBRARY = DEMO / "out" / "work" / "natives" / "x86_64" / "libtensorflowlite_jni.so"
WRITTEN = sorted(FOLDER.glob("*/*.json"))

ASKED = AndroidSettings(threads=(2,), warm_up=2, runs=5, seconds=0.5, sustain=1, cool_down=0)
"""As in ShippedBenchmarkTest."""

STAGES = ("preprocess", "inference", "postprocess", "end_to_end")

TOO_SHORT = ("are needed", "unsteady", "slower at the end")
"""Problems of a run that is as short as these, on a computer that does other things as well."""

pytestmark = pytest.mark.skipif(
    not WRITTEN, reason="nothing that the app's activity wrote; `make android-test` lets it"
)


# Where there are none, the reason above is told rather than that there are no parameters.
@pytest.fixture(
    params=WRITTEN or [FOLDER / "none.json"], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result; the next run of the tool is the one that it is of."""
    path = Path(request.param)
    answer_to(path, monkeypatch)
    return path


def answer_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = json.loads(path.read_text(encoding="utf-8"))["rows"]
    asked = SimpleNamespace(hex=row["conditions"]["run_id"])
    monkeypatch.setattr(activity, "uuid", SimpleNamespace(uuid4=lambda: asked))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_times(row: dict[str, Any]) -> None:
    """Every frame is the sum of its parts, and there are as many as were asked for."""
    assert tuple(row["stages"]) == STAGES
    for stage in row["stages"].values():
        assert stage["runs"] == len(stage["samples_ms"]) >= ASKED.runs
        assert stage["seconds"] == pytest.approx(sum(stage["samples_ms"]) / 1000)
    parts = zip(*(row["stages"][name]["samples_ms"] for name in STAGES), strict=True)
    for before, inference, after, whole in parts:
        assert whole == pytest.approx(before + inference + after, abs=1e-3)
    assert row["stages"]["end_to_end"]["seconds"] >= ASKED.seconds
    assert row["load_ms"] > 0 and row["first_run_ms"] > 0
    assert row["sustained"]["seconds"] >= ASKED.sustain
    assert len(row["sustained"]["p50_ms"]) == 1


def test_it_is_a_document_of_one_row(written: Path) -> None:
    made = document.parse(written.read_text(encoding="utf-8"), written.name)
    assert (made["device"]["kind"], made["device"]["sdk"]) == ("android", 34)
    (row,) = made["rows"]
    model = written.with_suffix(".tflite")
    assert row["file"] == {
        "name": model.name,
        "sha256": sha256(model),
        "bytes": model.stat().st_size,
    }
    catalogue = (DEMO / "gradle" / "libs.versions.toml").read_text(encoding="utf-8")
    versions = tomllib.loads(catalogue)["versions"]
    assert made["tools"] == {
        "app": versions["appVersionName"],
        "litert": versions["tensorflowLite"],
    }
    assert row["runtime"] == {
        "name": "LiteRT",
        "version": versions["tensorflowLite"],
        "delegate": "XNNPACK",
        "threads": 2,
        "sha256": sha256(LIBRARY),
    }
    check_times(row)


@fake_phone.needs_adb
def test_the_tool_takes_it_from_a_phone(server: Connect, written: Path) -> None:
    model = single(written.with_suffix(".tflite"))
    with server(Phone(written=written.read_bytes())) as serial:
        device, (row,), notes = run.measure([model], ASKED, serial)
    assert notes == [] and row["problems"] == []
    assert "run_id" not in row["conditions"]
    assert row["file"]["sha256"] == model.sha256
    assert row["conditions"]["inputs"] == "a picture"
    done = validated(row, Rules())
    made = document.document(device, [done], command="facestyle bench", tools={}, notes=notes)
    (row,) = document.parse(document.to_json(made), "test")["rows"]
    check_times(row)
    assert all("p90_ms" in stage for stage in row["stages"].values())
    assert all(any(words in problem for words in TOO_SHORT) for problem in row["problems"])


@fake_phone.needs_adb
def test_the_command_line_reports_it(
    server: Connect,
    facestyle: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    written = next(path for path in WRITTEN if "stylizer" in path.name)
    answer_to(written, monkeypatch)
    model, out = written.with_suffix(".tflite"), tmp_path / "report"
    with server(Phone(written=written.read_bytes())) as serial:
        outcome = facestyle(
            *("bench", model, "--device", "android", "--serial", serial),
            *("--threads", 2, "--out", out),
        )
    assert outcome.code == 0, outcome.err
    (row,) = document.read(out)["rows"]
    assert row["file"]["sha256"] == sha256(model)
    assert row["cost"]["macs"] > 0
    assert (out / "report.html").exists()

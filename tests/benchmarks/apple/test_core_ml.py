"""Latency with Core ML: the loop and the row with a made-up model, for Core ML is on Macs only.

Structures and specifications are coremltools' own; nothing here says anything of Core ML itself.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.apple import core_ml
from benchmarks.apple.core_ml import CoreMLSettings
from benchmarks.build_files import ModelFile
from export.build import manifest
from export.suppress_output import suppress_output
from facestyle.errors import UserError
from tests.support.made_report import judged

with suppress_output("coremltools"):
    from coremltools.proto import Model_pb2

QUICK = CoreMLSettings(warm_up=3, runs=50, seconds=3.0)


def description() -> Any:
    """Of a stylizer's inputs."""
    made = Model_pb2.Model().description
    picture = made.input.add(name="content").type.imageType
    picture.width, picture.height = 64, 48
    for name, shape in {"style_code": (1, 128, 1, 1), "strength": (1, 1, 1, 1)}.items():
        made.input.add(name=name).type.multiArrayType.shape.extend(shape)
    return made


class Clock:
    """Seconds that pass only where the model says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class MadeUp:
    """A model whose runs take as long as wanted: 0.5 s the first, then 0.02 s."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.given: list[dict[str, Any]] = []
        clock.now += 2.0

    def description(self) -> Any:
        return description()

    def predict(self, inputs: dict[str, Any]) -> object:
        self.given.append(dict(inputs))
        self.clock.now += 0.5 if len(self.given) == 1 else 0.02
        inputs.clear()
        return {}

    def placement(self) -> dict[str, int] | None:
        return {"Neural Engine": 240, "CPU": 3}


@pytest.fixture
def package(tmp_path: Path) -> ModelFile:
    path = tmp_path / "mobile.mlpackage"
    path.mkdir()
    (path / "Manifest.json").write_text("{}")
    return ModelFile(
        path, "mobile fp16", manifest.sha256(path), "stylizer", "mobile", "fp16", 48, 64
    )


def test_rows(package: ModelFile) -> None:
    clock = Clock()
    loaded: list[tuple[Path, str, MadeUp]] = []

    def load(path: Path, units: str) -> MadeUp:
        loaded.append((path, units, MadeUp(clock)))
        return loaded[-1][2]

    device, rows, notes = core_ml.measure([package], QUICK, load, clock)
    assert [(path, units) for path, units, _ in loaded] == [
        (package.path, units) for units in core_ml.UNITS
    ]
    assert len(judged(device, rows)) == 4
    row = judged(device, rows)[1]
    assert row["name"] == "mobile fp16 (CPU_AND_NE)"
    assert row["file"] == {"name": "mobile.mlpackage", "sha256": package.sha256, "bytes": 2}
    assert (row["format"], row["runtime"]["delegate"]) == ("mlpackage", "CPU_AND_NE")
    assert (row["load_ms"], row["first_run_ms"]) == (pytest.approx(2000), pytest.approx(500))
    timing = row["stages"]["inference"]
    # 3 s are more than 50 runs of 20 ms; the first run and the warm-up are not among them.
    assert timing["runs"] in (150, 151)
    assert timing["p50_ms"] == pytest.approx(20)
    assert max(timing["samples_ms"]) == pytest.approx(20)
    assert len(loaded[1][2].given) == timing["runs"] + QUICK.warm_up
    assert row["placement"] == {"Neural Engine": 240, "CPU": 3}
    assert notes == [core_ml.NOTE]
    # Every run is given all inputs, even after one that changed what it was given.
    assert all(set(given) == {"content", "style_code", "strength"} for given in loaded[1][2].given)


def test_inputs() -> None:
    given = core_ml.inputs(description())
    picture = given["content"]
    assert isinstance(picture, Image.Image)
    assert (picture.size, picture.mode) == ((64, 48), "RGB")
    assert np.asarray(picture).std() > 10  # a real picture
    assert given["style_code"].shape == (1, 128, 1, 1)
    assert (given["style_code"] == core_ml.OTHER).all()
    assert given["strength"].item() == 1.0
    assert given["strength"].dtype == np.float32


def test_units_that_fail_do_not_lose_the_others(package: ModelFile) -> None:
    clock = Clock()

    def load(path: Path, units: str) -> MadeUp:
        if units == "CPU_AND_NE":
            raise UserError("Core ML does not load it: no Neural Engine")
        return MadeUp(clock)

    _, rows, notes = core_ml.measure([package], QUICK, load, clock)
    assert [row["runtime"]["delegate"] for row in rows] == ["ALL", "CPU_AND_GPU", "CPU_ONLY"]
    assert notes[1] == "mobile fp16 (CPU_AND_NE): Core ML does not load it: no Neural Engine"


def test_nothing_loads(package: ModelFile) -> None:
    def load(path: Path, units: str) -> MadeUp:
        raise UserError("Core ML does not load it")

    with pytest.raises(UserError, match=r"mobile fp16 \(ALL\): Core ML does not load it"):
        core_ml.measure([package], QUICK, load)


@pytest.mark.skipif(sys.platform == "darwin", reason="Core ML runs here")
def test_elsewhere_than_on_a_mac(package: ModelFile) -> None:
    with pytest.raises(UserError, match=r"on a Mac, install facestyle\[bench,coreml\]"):
        core_ml.measure([package], QUICK)
    with pytest.raises(UserError, match="Core ML does not load it"):
        core_ml.core_ml()(package.path, "ALL")


def test_bad_input(package: ModelFile, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no \.mlpackage"):
        core_ml.measure([], QUICK)
    with pytest.raises(UserError, match=r"Core ML runs \.mlpackage and \.mlmodel only"):
        core_ml.measure([ModelFile(tmp_path / "a.tflite", "a", "0" * 64)], QUICK)
    with pytest.raises(UserError, match="no such file"):
        core_ml.measure([ModelFile(tmp_path / "a.mlmodel", "a", "0" * 64)], QUICK)
    with pytest.raises(UserError, match="unknown compute units 'NPU'"):
        core_ml.measure([package], CoreMLSettings(units=("NPU",)))

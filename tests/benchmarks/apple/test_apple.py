"""Latency with Core ML: the loop and the row with a made-up model, for Core ML is on Macs only.

Structures and specifications are coremltools' own; nothing here says anything of Core ML itself.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.apple import core_ml, placement, xcode
from benchmarks.apple.core_ml import CoreMLSettings
from benchmarks.build_files import ModelFile
from benchmarks.latency.validity import Rules, validated
from benchmarks.report import document
from export.build import manifest
from export.suppress_output import quiet
from facestyle.errors import UserError

with quiet("coremltools"):
    from coremltools.models import compute_device, compute_plan
    from coremltools.proto import Model_pb2

QUICK = CoreMLSettings(warm_up=3, runs=50, seconds=3.0)


def judged(device: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as a report has them, which must be what its schema says."""
    done = [validated(row, Rules()) for row in rows]
    made = document.document(device, done, command="facestyle bench", tools={}, notes=[])
    return list(document.parse(document.to_json(made), "test")["rows"])


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


class Plan:
    """A compute plan over coremltools' own structure; operations on devices by name."""

    def __init__(self, structure: Any, devices: dict[str, str]) -> None:
        self.model_structure = structure
        self.devices = devices

    def _usage(self, name: str) -> Any:
        if name not in self.devices:
            return None
        kind = getattr(compute_device, self.devices[name])
        device = kind.__new__(kind)
        return compute_plan.MLComputePlanDeviceUsage(device, [device])

    def get_compute_device_usage_for_mlprogram_operation(self, operation: Any) -> Any:
        assert operation.operator_name.split(".")[-1] != "const"
        return self._usage(operation.operator_name)

    def get_compute_device_usage_for_neuralnetwork_layer(self, layer: Any) -> Any:
        return self._usage(layer.type)


def operation(name: str, *blocks: Any) -> Any:
    return compute_plan.MLModelStructureProgramOperation({}, name, [], list(blocks), None)


def block(*operations: Any) -> Any:
    return compute_plan.MLModelStructureProgramBlock([], list(operations), [])


DEVICES = {
    "ios16.conv": "MLNeuralEngineComputeDevice",
    "ios16.upsample_bilinear": "MLGPUComputeDevice",
    "ios16.cast": "MLCPUComputeDevice",
}


def test_placement_of_a_program() -> None:
    inner = block(operation("ios16.conv"), operation("const"))
    main = block(
        operation("ios16.const"),
        operation("ios16.cast"),
        operation("ios16.conv"),
        operation("ios16.cond", inner),
        operation("ios16.upsample_bilinear"),
    )
    functions = {"main": compute_plan.MLModelStructureProgramFunction([], main)}
    program = compute_plan.MLModelStructureProgram(functions)
    structure = compute_plan.MLModelStructure(None, program, None)
    assert placement.placement(Plan(structure, DEVICES)) == {
        "CPU": 1,
        "Neural Engine": 2,
        "unknown": 1,
        "GPU": 1,
    }


def test_placement_of_a_network() -> None:
    layers = [
        compute_plan.MLModelStructureNeuralNetworkLayer(str(i), kind, [], [], None)
        for i, kind in zip(count(), ("ios16.conv", "ios16.conv", "ios16.cast"))
    ]
    network = compute_plan.MLModelStructureNeuralNetwork(layers)
    structure = compute_plan.MLModelStructure(network, None, None)
    found = placement.placement(Plan(structure, DEVICES))
    assert found == {"Neural Engine": 2, "CPU": 1}


def test_no_placement_of_a_pipeline() -> None:
    structure = compute_plan.MLModelStructure(None, None, None)
    assert placement.placement(Plan(structure, {})) is None


def xcode_report() -> dict[str, Any]:
    """Of the form that xcode.py describes."""

    def planned(name: str, device: object) -> dict[str, Any]:
        usage = {"preferred": {"deviceType": device}, "supported": []}
        return {"operatorName": name, "cost": {"weight": 0.5}, "deviceUsage": usage}

    operations = [
        {"operatorName": "ios16.const"},
        planned("ios16.conv", {"neuralEngine": {}}),
        planned("ios16.conv", {"neuralEngine": {}}),
        planned("ios16.cast", "cpu"),
        planned("ios16.new", {"quantum": {}}),
    ]
    functions = {"main": {"block": {"operations": operations}}}
    return {
        "modelMetadata": {"fileName": "mobile_stylizer_256x256_fp16", "size": 464716},
        "deviceInfo": {
            "modelName": "iPhone 15",
            "displayName": "Ada's phone",
            "serialNumber": "F2LXXXXXXX",
            "deviceID": "00008120-0011",
            "osNameAndVersionWithoutBuildNumber": "iOS 18.2",
        },
        "computeUnit": 2,
        "deviceResults": {
            "predict": {"samples": [0.0042, 0.0040, 0.0044], "numOperations": 4},
            "load": {"samples": [0.080, 0.120, 0.100]},
            "modelStructure": {"program": {"_0": {"functions": functions}}},
        },
    }


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "mobile.mlperf"
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(xcode_report()))
    return folder


def test_xcode_report(report: Path) -> None:
    device, rows, notes = xcode.read(report)
    assert xcode.read(report / "report.json") == (device, rows, notes)
    assert device == {"kind": "apple", "name": "iPhone 15", "system": "iOS 18.2"}
    (row,) = judged(device, rows)
    assert row["name"] == "mobile_stylizer_256x256_fp16 (ALL, Xcode)"
    assert row["file"] == {"name": "mobile_stylizer_256x256_fp16", "bytes": 464716}
    assert row["stages"]["inference"]["samples_ms"] == pytest.approx([4.2, 4.0, 4.4])
    assert row["load_ms"] == pytest.approx(100)
    assert row["placement"] == {"Neural Engine": 2, "CPU": 1, "unknown": 1}
    assert any("runs" in problem for problem in row["problems"])  # three are too few
    assert "does not document" in notes[0]


def test_xcode_report_leaves_out_who_owns_the_phone(report: Path) -> None:
    text = json.dumps(xcode.read(report))
    for private in ("Ada", "F2L", "00008120"):
        assert private not in text


def test_xcode_report_with_little_in_it(tmp_path: Path) -> None:
    path = tmp_path / "mobile.json"
    path.write_text(json.dumps({"deviceResults": {"predict": {"samples": [0.004] * 60}}}))
    device, rows, _ = xcode.read(path)
    (row,) = judged(device, rows)
    assert device == {"kind": "apple", "name": "Apple device"}
    assert row["name"] == "mobile (compute units unknown, Xcode)"
    assert (row["load_ms"], row["placement"], row["runtime"]["delegate"]) == (None, None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"deviceResults": []}',
        '{"deviceResults": {"predict": {"samples": []}}}',
        '{"deviceResults": {"predict": {"samples": [4.2, "fast"]}}}',
        '{"deviceResults": {"predict": {"samples": [NaN]}}}',
        '{"deviceResults": {"predict": {"samples": [-0.1]}}}',
        '{"deviceResults": {"predict": {"samples": [true]}}}',
        '{"deviceResults": {"predict": {"samples": [4200.0]}}}',
    ],
)
def test_another_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(UserError, match="Xcode performance report") as caught:
        xcode.read(path)
    assert "\n" not in str(caught.value)


def test_no_xcode_report(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        xcode.read(tmp_path)
    with pytest.raises(UserError, match="cannot be read"):
        xcode.read(tmp_path / "missing.mlperf")

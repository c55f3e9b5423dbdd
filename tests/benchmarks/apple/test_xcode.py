"""Xcode's performance reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.apple import xcode
from facestyle.errors import UserError
from tests.support.made_report import judged


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

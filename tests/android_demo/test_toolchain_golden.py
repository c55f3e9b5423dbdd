"""The sample app's build without Gradle: how it judges what a native library computed."""

from __future__ import annotations

import json
import math
from array import array
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolchain import golden, shim
from toolchain.golden import Case, Scale, cases, greatest_difference, psnr_db
from toolchain.layout import Layout
from toolchain.project import Project
from toolchain.tools import ToolchainError

FLOATS = st.floats(-1e4, 1e4, width=32)
SCALES = st.builds(Scale, st.floats(1e-4, 10), st.integers(-128, 127))


def floats(*values: float) -> array[float]:
    return array("f", values)


# int8


@given(SCALES, st.lists(FLOATS))
def test_int8_is_the_nearest_there_is(scale: Scale, values: list[float]) -> None:
    restored = scale.restore(scale.quantize(floats(*values)))
    lowest, highest = ((q - scale.zero_point) * scale.scale for q in (-128, 127))
    for value, found in zip(values, restored, strict=True):
        nearest = min(max(value, lowest), highest)
        assert abs(found - nearest) <= scale.scale / 2 + 1e-6 * abs(nearest)


@given(SCALES, st.lists(st.integers(-128, 127)))
def test_int8_there_and_back_is_the_same(scale: Scale, numbers: list[int]) -> None:
    quantized = array("b", numbers)
    assert scale.quantize(scale.restore(quantized)) == quantized


def test_int8_clips() -> None:
    assert list(Scale(0.5, -128).quantize(floats(-1, 0, 0.25, 127.5, 1e6))) == [
        *(-128, -128, -127, 127, 127)
    ]


# The measures


def test_psnr_in_decibels() -> None:
    assert psnr_db(floats(0.1, 0.1), floats(0, 0), peak=1) == pytest.approx(20)
    assert psnr_db(floats(0.2, 0.2), floats(0, 0), peak=2) == pytest.approx(20)
    assert psnr_db(floats(0.1, 0, 0, 0), floats(0, 0, 0, 0), peak=1) == pytest.approx(
        20 + 10 * math.log10(4)
    )
    assert psnr_db(floats(0.3), floats(0.3), peak=1) == math.inf


@given(st.lists(FLOATS, min_size=1), st.floats(allow_nan=True, allow_infinity=False), st.data())
def test_nan_is_never_good(values: list[float], limit: float, data: st.DataObject) -> None:
    wrong = floats(*values)
    wrong[data.draw(st.integers(0, len(values) - 1))] = math.nan
    assert not psnr_db(wrong, floats(*values), peak=1) >= limit
    assert math.isnan(greatest_difference(wrong, floats(*values)))


def test_infinity_is_not_good_either() -> None:
    assert not psnr_db(floats(math.inf, 0), floats(0, 0), peak=1) >= 1
    assert greatest_difference(floats(math.inf, 0), floats(0, 0)) == math.inf


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1))
def test_the_greatest_difference(pairs: list[tuple[float, float]]) -> None:
    one, other = (floats(*values) for values in zip(*pairs, strict=True))
    assert greatest_difference(one, other) == max(abs(a - b) for a, b in pairs)
    assert greatest_difference(one, one) == 0


@pytest.mark.parametrize("measure", [partial(psnr_db, peak=1), greatest_difference])
def test_outputs_of_different_sizes_are_not_compared(measure: Any) -> None:
    with pytest.raises(ValueError):
        measure(floats(0), floats(0, 1))


# A build's golden pairs


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build of two files: floats, and int8 with a scale."""
    folder = tmp_path / "build"
    (folder / "golden").mkdir(parents=True)
    (folder / "golden" / "content.u8").write_bytes(bytes([0, 51, 255]))
    (folder / "golden" / "code.f32").write_bytes(floats(-1, 0.5).tobytes())
    (folder / "golden" / "output.f32").write_bytes(floats(0, 0.5, 1).tobytes())
    pair = {
        "inputs": [
            {"name": "content", "raw": "content.u8"},
            {"name": "code", "raw": "code.f32"},
            {"name": "strength", "value": 0.5},
        ],
        "output": {"name": "stylized", "raw": "output.f32", "peak": 1.0},
    }
    limits = {
        name: {"graph": "made", "least_psnr_db": least}
        for name, least in (("a_fp32.tflite", 60), ("a_int8.tflite", 20), ("a.mlmodel", 1))
    }
    names = ("content", "code", "strength", "stylized")
    ports = [{"name": name, "dtype": "float32", "range": [0, 1]} for name in names]
    int8 = [
        {"name": name, "dtype": "int8", "range": [0, 1], "scale": 1 / 255, "zero_point": -128}
        for name in ("content", "stylized")
    ] + ports[1:3]
    files = [
        {"file": "a_fp32.tflite", "inputs": ports[:3], "outputs": ports[3:]},
        {"file": "a_int8.tflite", "inputs": [*int8[:1], *int8[2:]], "outputs": int8[1:2]},
        {"file": "a.mlmodel", "inputs": [], "outputs": []},
    ]
    write(folder / "golden" / "golden.json", {"graphs": {"made": pair}, "files": limits})
    write(folder / "manifest.json", {"files": files})
    return folder


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def test_the_cases_of_a_build(build: Path) -> None:
    plain, int8 = cases(build)
    assert plain.model == build / "a_fp32.tflite"
    assert plain.least_psnr_db == 60
    assert plain.scale is None
    assert plain.inputs == {
        "content": floats(0, 0.2, 1).tobytes(),
        "code": floats(-1, 0.5).tobytes(),
        "strength": floats(0.5).tobytes(),
    }
    assert int8.inputs["content"] == array("b", [-128, -77, 127]).tobytes()
    assert int8.inputs["code"] == plain.inputs["code"]
    assert int8.scale == Scale(1 / 255, -128)
    assert plain.expected == int8.expected == floats(0, 0.5, 1)


def test_pixels_become_what_the_manifest_says(build: Path) -> None:
    document = json.loads((build / "manifest.json").read_text())
    for entry in document["files"][:2]:
        entry["inputs"][0]["range"] = [-1, 1]
    document["files"][1]["inputs"][0] |= {"scale": 1 / 127, "zero_point": 0}
    write(build / "manifest.json", document)
    pairs = json.loads((build / "golden" / "golden.json").read_text())
    pairs["graphs"]["made"]["output"]["peak"] = 2.0
    write(build / "golden" / "golden.json", pairs)
    plain, int8 = cases(build)
    assert plain.inputs["content"] == floats(-1, -0.6, 1).tobytes()
    assert int8.inputs["content"] == array("b", [-127, -76, 127]).tobytes()
    assert plain.peak == 2


def test_only_files_of_a_word(build: Path) -> None:
    assert [case.model.name for case in cases(build, "int8")] == ["a_int8.tflite"]
    with pytest.raises(ToolchainError, match=r"no \.tflite file whose name contains 'fp64'"):
        cases(build, "fp64")


def test_raw_outputs_become_numbers(build: Path) -> None:
    plain, int8 = cases(build)
    assert plain.numbers(floats(1, 2, 3).tobytes()) == floats(1, 2, 3)
    assert int8.numbers(array("b", [-128, 127, -128]).tobytes()) == floats(0, 1, 0)


@pytest.mark.parametrize("size", [0, 4, 11, 13, 16])
def test_an_output_of_another_size_is_one_line(build: Path, size: int) -> None:
    with pytest.raises(ToolchainError) as error:
        cases(build, "fp32")[0].numbers(bytes(size))
    assert str(error.value) == f"a_fp32.tflite: {size} bytes came out, not 12"


def test_inputs_are_written_for_a_driver(build: Path, tmp_path: Path) -> None:
    (case,) = cases(build, "fp32")
    words = case.write_inputs(tmp_path / "deep" / "inputs")
    assert len(words) == 3
    for word in words:
        name, _, path = word.partition("=")
        assert Path(path).read_bytes() == case.inputs[name]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("manifest.json", None),
        ("golden/golden.json", None),
        ("golden/output.f32", None),
        ("golden/content.u8", None),
        ("manifest.json", b"{"),
        ("manifest.json", b'{"files": "\xff"}'),
        ("manifest.json", b"{}"),
        ("manifest.json", b"[]"),
        ("manifest.json", b'{"files": []}'),
        ("golden/golden.json", b"{}"),
        ("golden/golden.json", b'{"graphs": {}, "files": {"a_fp32.tflite": {"graph": "made"}}}'),
        ("golden/golden.json", b'{"graphs": {}, "files": []}'),
        ("golden/output.f32", bytes(5)),
    ],
)
def test_what_is_no_build_is_one_line(build: Path, file: str, content: bytes | None) -> None:
    (build / file).unlink()
    if content is not None:
        (build / file).write_bytes(content)
    with pytest.raises(ToolchainError) as error:
        cases(build)
    assert str(error.value).startswith(f"{build} is no build of `facestyle export`: ")
    assert "\n" not in str(error.value)


def test_golden_pairs_need_a_little_endian_machine(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden.sys, "byteorder", "big")
    with pytest.raises(ToolchainError, match="little-endian"):
        cases(build)


# The verdict


class Driver:
    """A program that "executes" files: its output is set here."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.outputs: dict[str, array[Any]] = {}
        self.desktop = floats(0, 0.5, 1)

    def run(self, command: list[Any], env: dict[str, str] | None = None) -> str:
        """Take the place of ``tools.run``."""
        if command[0] == Path("python"):
            command[3].write_bytes(self.desktop.tobytes())
            return ""
        _, model, output, *inputs = command
        assert len(inputs) == 3
        Path(output).write_bytes(self.outputs[Path(model).name].tobytes())
        return "noise\nTFLite 2.16.1, 5 ms\n"

    def judged(self, files: list[Case], python: Path | None = None) -> bool:
        return shim.judge(self.project, "x86_64", ["run_model"], {}, files, python)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver(Project(Layout(out=tmp_path / "out")))
    monkeypatch.setattr(shim, "run", made.run)
    return made


def test_right_files_are_good(
    build: Path, driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    driver.outputs = {
        "a_fp32.tflite": floats(0, 0.5, 1),
        "a_int8.tflite": array("b", [-128, 0, 127]),
    }
    assert driver.judged(cases(build))
    shown = capsys.readouterr().out
    assert "x86-64" in shown
    assert "a_fp32.tflite: inf dB to PyTorch (least 60)" in shown
    assert shown.count("TFLite 2.16.1, 5 ms") == 2
    assert "WRONG" not in shown
    assert "noise" not in shown


@pytest.mark.parametrize("number", [math.nan, math.inf, 0.0])
def test_a_wrong_output_is_wrong_whatever_comes_after_it(
    build: Path, driver: Driver, capsys: pytest.CaptureFixture[str], number: float
) -> None:
    driver.outputs = {
        "a_fp32.tflite": floats(0, number, 1),
        "a_int8.tflite": array("b", [-128, 0, 127]),
    }
    assert driver.judged(cases(build)) is False
    wrong, right = capsys.readouterr().out.splitlines()[1:]
    assert wrong.endswith("WRONG")
    assert "WRONG" not in right


def test_a_difference_to_the_desktop_is_shown(
    build: Path, driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    driver.outputs = {"a_fp32.tflite": floats(0, 0.5, 1)}
    driver.desktop = floats(0, 0.25, 1)
    assert driver.judged(cases(build, "fp32"), Path("python"))
    assert "to Python's LiteRT 0.25;" in capsys.readouterr().out


def test_the_emulated_processor_is_one_cortex_a76(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shim, "DEBIAN_ARM64", tmp_path)
    with pytest.raises(ToolchainError, match="apt-get install libc6-dev-arm64-cross"):
        shim.arm64_root(driver.project)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libc.so.6").touch()
    for _ in range(2):
        root = shim.arm64_root(driver.project)
    assert "0xd0b" in (root / "proc" / "cpuinfo").read_text()
    assert (root / "sys/devices/system/cpu/possible").read_text() == "0\n"
    assert (root / "lib" / "libc.so.6").exists()

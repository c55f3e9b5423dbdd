"""``facestyle verify``: damage and lies in a build of every format are found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from export.build import manifest
from export.convert import coreml
from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]

pytestmark = pytest.mark.slow


# A published build


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the smallest graph in every format, made in this process."""
    import sys

    from facestyle import cli

    out = tmp_path_factory.mktemp("builds") / "build"
    argv = sys.argv
    sys.argv = ["facestyle", "export", "--graphs", "style_encoder", "--out", str(out)]
    try:
        with pytest.raises(SystemExit) as left:
            cli.main()
    finally:
        sys.argv = argv
    assert not left.value.code
    return out


def _weights(path: Path) -> Path:
    return path / "Data" / coreml.WEIGHTS / "weight.bin" if path.is_dir() else path


def _copy(folder: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(folder, tmp_path / "copy"))


def _rehash(folder: Path, file: str) -> None:
    """As if the damage had been there before the manifest was written."""
    document: dict[str, Any] = json.loads((folder / manifest.NAME).read_text())
    for entry in document["files"]:
        if entry["file"] == file:
            entry["sha256"], entry["bytes"] = (
                manifest.sha256(folder / file),
                manifest.size(folder / file),
            )
    (folder / manifest.NAME).write_text(json.dumps(document))


FILES = (
    "mobile_style_encoder_fp32.tflite",
    "mobile_style_encoder_fp16.mlpackage",
    "mobile_style_encoder_compressed.mlpackage",
    "mobile_style_encoder_fp32.mlmodel",
    "mobile_style_encoder_compressed.mlmodel",
)


def _lines(result: Outcome, file: str) -> list[str]:
    """What was said of a file."""
    lines = result.out.splitlines()
    start = next(i for i, line in enumerate(lines) if file in line)
    rest = lines[start + 1 :]
    end = next((i for i, line in enumerate(rest) if not line.startswith("      ")), len(rest))
    return lines[start : start + 1 + end]


def test_a_flipped_bit_is_found_by_its_hash(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path)
    for file in FILES:
        blob = _weights(copy / file)
        data = bytearray(blob.read_bytes())
        data[len(data) // 2] ^= 0x01
        blob.write_bytes(bytes(data))
    result = facestyle("verify", copy)
    assert result.code == 1
    for file in FILES:
        assert "sha256 differs" in "".join(_lines(result, file))


def test_a_flipped_bit_before_hashing_is_found_by_what_it_does(
    facestyle: Run, folder: Path, tmp_path: Path
) -> None:
    """The highest bit of an exponent in the middle of the weights."""
    copy = _copy(folder, tmp_path)
    chosen = [f for f in FILES if "compressed" not in f]
    for file in chosen:
        blob = _weights(copy / file)
        data = bytearray(blob.read_bytes())
        place = len(data) // 2 // 4 * 4 + 3
        data[place] ^= 0x40
        blob.write_bytes(bytes(data))
        _rehash(copy, file)
    result = facestyle("verify", copy)
    assert result.code == 1
    for file in chosen:
        said = "".join(_lines(result, file))
        assert said.startswith("FAIL"), said
        assert "traced" in said or "PSNR" in said, said


def test_truncation_is_told_in_a_line(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path)
    for file in FILES:
        blob = _weights(copy / file)
        blob.write_bytes(blob.read_bytes()[: blob.stat().st_size * 2 // 3])
        _rehash(copy, file)
    result = facestyle("verify", copy)
    assert result.code == 1
    assert "Traceback" not in result.out + result.err
    for file in FILES:
        said = _lines(result, file)
        assert said[0].startswith("FAIL")
        assert len(said) > 1


def test_other_golden_pairs_are_found(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path)
    raw = copy / "golden" / "style_encoder_style_code.f32"
    data = bytearray(raw.read_bytes())
    data[3] ^= 0x40
    raw.write_bytes(bytes(data))
    result = facestyle("verify", copy)
    assert result.code == 1
    assert "changed since the export" in "".join(_lines(result, "golden/"))
    _lie(copy, golden_sha256=manifest.sha256(copy / "golden"))
    result = facestyle("verify", copy)
    assert result.code == 1
    assert "style_encoder_style_code.f32 is not what PyTorch" in "".join(_lines(result, "golden/"))


def test_golden_limits_are_not_the_files_own(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path)
    index = copy / "golden" / "golden.json"
    index.write_text(re.sub(r'("least_psnr_db": )[0-9.]+', r"\g<1>0.0", index.read_text()))
    (copy / "golden" / "more.u8").write_bytes(b"more")
    _lie(copy, golden_sha256=manifest.sha256(copy / "golden"))
    said = "".join(_lines(facestyle("verify", copy), "golden/"))
    assert "golden.json is not what PyTorch gives now" in said
    assert "more.u8 is of no known use" in said


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_no_verdict(threads: int, facestyle: Run, folder: Path) -> None:
    """They change the last bits of what PyTorch computes."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert facestyle("verify", folder).code == 0
    finally:
        torch.set_num_threads(before)


def _lie(folder: Path, **values: Any) -> None:
    document = json.loads((folder / manifest.NAME).read_text())
    document.update(values)
    (folder / manifest.NAME).write_text(json.dumps(document))


def test_a_manifest_that_lies_is_found(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path)
    document = json.loads((copy / manifest.NAME).read_text())
    by_name = {entry["file"]: entry for entry in document["files"]}
    by_name[FILES[0]]["worst_psnr_db"] = 20.0
    by_name[FILES[1]]["operators"] = {"NOTHING": 1}
    by_name[FILES[2]]["constants"] = []
    left_out = FILES[4]
    files = [entry for entry in document["files"] if entry["file"] != left_out]
    weights = document["weights"] | {"style_fingerprint": "0123456789ab"}
    _lie(copy, files=files, weights=weights)
    result = facestyle("verify", copy)
    assert result.code == 1
    assert "of another style encoder" in "".join(_lines(result, "styles.json"))
    assert "worst_psnr_db is not what" in "".join(_lines(result, FILES[0]))
    assert "operators is not what" in "".join(_lines(result, FILES[1]))
    assert "constants is not what" in "".join(_lines(result, FILES[2]))
    assert "the manifest does not name it" in "".join(_lines(result, left_out))


@pytest.mark.parametrize("key", ["depth", "tools", "calibration", "golden_sha256"])
def test_a_manifest_that_lacks_something_is_refused(
    key: str, facestyle: Run, folder: Path, tmp_path: Path
) -> None:
    copy = _copy(folder, tmp_path)
    document = json.loads((copy / manifest.NAME).read_text())
    del document[key]
    (copy / manifest.NAME).write_text(json.dumps(document))
    assert_refused(facestyle("verify", copy), "not a manifest of this version")


@pytest.mark.parametrize(
    "value",
    [{"height": 10**9}, {"width": -8}, {"height": "256"}, {"styles": ".."}, {"golden": "../x"}],
    ids=str,
)
def test_a_manifest_of_strange_values_is_refused(
    value: dict[str, Any], facestyle: Run, folder: Path, tmp_path: Path
) -> None:
    copy = _copy(folder, tmp_path)
    _lie(copy, **value)
    assert_refused(facestyle("verify", copy), "not a manifest of this version")


def test_a_build_made_again_is_the_same(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    """Whatever else a file could hide: the same weights and tools do not give it."""
    copy = _copy(folder, tmp_path)
    spec = copy / FILES[3]
    data = spec.read_bytes()
    assert data.count(b"Apache-2.0") == 1
    spec.write_bytes(data.replace(b"Apache-2.0", b"Apache-2.1"))
    _rehash(copy, FILES[3])
    result = facestyle("verify", copy, "--rebuild")
    assert result.code == 1
    assert result.out.count("the same as made again, byte for byte") == 6
    assert "not what the same weights and tools give" in result.out


def test_what_was_exported_without_proof_can_be_proved(facestyle: Run, tmp_path: Path) -> None:
    asked = ("--graphs", "style_encoder", "--formats", "mlmodel", "--precision", "fp32")
    out = tmp_path / "build"
    assert facestyle("export", *asked, "--no-verify", "--out", out).code == 0
    result = facestyle("verify", out)
    assert result.code == 0, result.out
    assert "reference numerics" in result.out


def test_verify_reports_for_machines(facestyle: Run, folder: Path, tmp_path: Path) -> None:
    result = facestyle("verify", folder, "--json", tmp_path / "found.json")
    assert result.code == 0, result.out + result.err
    found = json.loads((tmp_path / "found.json").read_text())
    by_name = {r["name"]: r for r in found["results"]}
    assert set(FILES) <= set(by_name)
    for file in FILES:
        (execution, *_) = by_name[file]["executions"]
        assert execution["psnr_db"] >= execution["limit_db"]
        assert not by_name[file]["problems"]
    assert "reference numerics" in "".join(_lines(result, "mobile_style_encoder_fp32.mlmodel"))
    assert found["tools"] == manifest.tools()

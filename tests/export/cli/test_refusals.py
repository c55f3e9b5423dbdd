"""What a user may get wrong with ``facestyle export`` and ``facestyle verify``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "mobil"], "did you mean 'mobile'"),
        (["--size", "0"], "between"),
        (["--size", "-8"], "between"),
        (["--size", "1000000"], "between"),
        (["--size", "big"], "write a number"),
        (["--size", "250"], "multiples of 8"),
        (["--precision", "int8", "--formats", "mlmodel"], "int8"),
        (["--precision", "fp32,int8", "--graphs", "stylizer"], "--calibration"),
        (["--precision", "fp23"], "did you mean 'fp32'"),
        (["--formats", "onnx"], "choose from"),
        (["--graphs", "everything"], "choose from"),
        (["--calibration", "demo"], "int8"),
        (["--styles", "nobody"], "unknown style"),
        (["--bake", "nobody"], "unknown style"),
        (["--checkpoint", "none.safetensors"], "no such"),
        (["--checkpoint", "none.safetensors", "--untrained"], "exclude"),
        (["--preset", "vgg19"], "--untrained"),
        (["--nonsense"], "No such option"),
    ],
)
def test_export_refusals(facestyle: Run, arguments: list[str], words: str, tmp_path: Path) -> None:
    formats = [] if "--formats" in arguments else ["--formats", "tflite"]
    formats += [] if "--precision" in arguments else ["--precision", "fp32"]
    result = facestyle("export", *arguments, *formats, "--out", tmp_path / "build")
    assert_refused(result, words)
    assert not (tmp_path / "build").exists()


def test_calibration_folder_must_hold_images(facestyle: Run, tmp_path: Path) -> None:
    arguments = ["--formats", "tflite", "--precision", "int8", "--graphs", "stylizer"]
    for folder, words in ((tmp_path / "none", "no such folder"), (tmp_path, "no images")):
        result = facestyle("export", *arguments, "--calibration", folder, "--out", tmp_path / "b")
        assert_refused(result, words)


def test_missing_extra_is_one_line(facestyle: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import util

    find = util.find_spec
    monkeypatch.setattr(
        util, "find_spec", lambda name, *a: None if name == "onnx" else find(name, *a)
    )
    result = facestyle("export", "--formats", "tflite", "--precision", "fp32")
    assert_refused(result, "onnx", "pip install 'facestyle[tflite]'")


def test_verify_wants_a_build(facestyle: Run, tmp_path: Path) -> None:
    assert_refused(facestyle("verify", tmp_path), "no build here")
    (tmp_path / "manifest.json").write_text("{}")
    assert_refused(facestyle("verify", tmp_path), "not a manifest")

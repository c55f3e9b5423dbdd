"""``facestyle coreml``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from export.convert.graphs import Graph
from export.verify.test_inputs import canary
from facestyle import checkpoint, images, shipped
from facestyle.stylize import Painter
from tests.conftest import Outcome, assert_refused

HEIGHT, WIDTH = 64, 96

Run = Callable[..., Outcome]

pytestmark = pytest.mark.slow


def test_run_writes_the_painted_photo(
    facestyle: Run, coreml_files: dict[str, Path], stylizer: Graph, tmp_path: Path
) -> None:
    book = shipped.style_book(Painter(checkpoint.load()))
    book.save(tmp_path / "styles.json")
    photo = canary(HEIGHT, WIDTH)
    images.save(photo, tmp_path / "photo.png")
    result = facestyle(
        "coreml",
        "run",
        coreml_files["stylizer.mlmodel"],
        *("--input", f"content={tmp_path / 'photo.png'}"),
        *("--input", f"style_code={tmp_path / 'styles.json'}:great_wave"),
        *("--input", "strength=1", "--out", tmp_path / "out"),
    )
    assert result.code == 0, result.err
    assert "RGB picture of 96 x 64 pixels" in result.out
    with torch.inference_mode():
        wanted = stylizer.module(photo, book["great_wave"].tensor(), torch.ones(1, 1, 1, 1))
    found = images.load(tmp_path / "out" / "stylized.png")
    assert (found - images.eight_bit(wanted)).abs().max() <= 1 / 255 + 1e-6


def test_run_takes_arrays(facestyle: Run, coreml_files: dict[str, Path], tmp_path: Path) -> None:
    np.save(tmp_path / "code.npy", np.zeros(128, np.float32))
    images.save(canary(300, 200), tmp_path / "photo.png")  # any size: covered and cropped
    given = ("--input", f"content={tmp_path / 'photo.png'}", "--input", "strength=0.5")
    command = ("coreml", "run", coreml_files["small.mlpackage"], *given, "--out", tmp_path / "out")
    result = facestyle(*command, "--input", f"style_code={tmp_path / 'code.npy'}")
    assert result.code == 0, result.err
    assert images.load(tmp_path / "out" / "stylized.png").shape == (1, 3, HEIGHT, WIDTH)
    np.save(tmp_path / "code.npy", np.zeros(127, np.float32))
    refused = facestyle(*command, "--input", f"style_code={tmp_path / 'code.npy'}")
    assert_refused(refused, "127 values")


def test_show_lists_inputs_and_outputs(facestyle: Run, coreml_files: dict[str, Path]) -> None:
    result = facestyle("coreml", "show", coreml_files["stylizer.mlpackage"])
    assert result.code == 0, result.err
    assert "style_code: array 1 x 128 x 1 x 1, float32" in result.out
    assert "output  stylized: RGB picture of 96 x 64 pixels" in result.out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "input content is missing: add --input content=..."),
        (("content",), "write NAME=VALUE"),
        (("contents=x.png",), "did you mean 'content'?"),
        (("content=nowhere.png", "style_code={code}", "strength=1"), "nowhere.png: no such file"),
        (("content={photo}", "style_code=some.npy", "strength=1"), "neither a number"),
        (("content={photo}", "style_code=3", "strength=1"), "one number is not enough"),
        (("content={photo}", "style_code={words}", "strength=1"), "neither a number"),
        (("content={photo}", "style_code={code}", "strength=nan"), "not finite"),
        (("strength=1", "strength=0"), "given twice"),
        (("content={photo}", "style_code={code}", "strength=much"), "neither a number"),
    ],
)
def test_run_refuses_in_one_line(
    given: tuple[str, ...],
    words: str,
    facestyle: Run,
    coreml_files: dict[str, Path],
    tmp_path: Path,
) -> None:
    images.save(canary(HEIGHT, WIDTH), tmp_path / "photo.png")
    np.save(tmp_path / "code.npy", np.zeros(128, np.float32))
    np.save(tmp_path / "words.npy", np.array(["a"] * 128))
    names = {"photo": "photo.png", "code": "code.npy", "words": "words.npy"}
    paths = {key: tmp_path / name for key, name in names.items()}
    pairs = [("--input", g.format(**paths)) for g in given]
    out = tmp_path / "out"
    command = [part for pair in pairs for part in pair]
    result = facestyle("coreml", "run", coreml_files["stylizer.mlmodel"], *command, "--out", out)
    assert_refused(result, words)
    assert not out.exists()


def test_run_refuses_what_is_no_model(facestyle: Run, tmp_path: Path) -> None:
    (tmp_path / "x.mlmodel").write_bytes(b"\xff" * 100)
    assert_refused(facestyle("coreml", "run", tmp_path / "x.mlmodel"), "not a whole Core ML model")
    assert_refused(facestyle("coreml", "run", tmp_path / "y.mlmodel"), "no such file")
    assert_refused(facestyle("coreml", "show", tmp_path / "z.tflite"), "no Core ML file")

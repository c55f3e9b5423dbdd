"""Core ML files executed from disk: by our runtime everywhere, by Apple's where there is a Mac."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from export.convert import coreml
from export.convert.description import Description
from export.convert.graphs import Graph, build
from export.runtimes.coreml import AppleFile, ReferenceFile
from export.suppress_output import suppress_output
from export.verify import compare
from export.verify.test_inputs import canary, painting
from facestyle import checkpoint, images, shipped
from facestyle.errors import UserError
from facestyle.stylize import Painter
from tests.conftest import Outcome, assert_refused

HEIGHT, WIDTH = 64, 96
DESCRIPTION = Description("an author", "a licence", "1.2", "a summary")
LIMITS = {"stylizer.mlpackage": 45, "stylizer.mlmodel": 80, "small.mlpackage": 30}

Run = Callable[..., Outcome]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stylizer() -> Graph:
    return build("stylizer", checkpoint.load().network, HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def files(stylizer: Graph, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("coreml")
    found = {name: folder / name for name in LIMITS}
    coreml.to_mlpackage(coreml.to_program(stylizer), found["stylizer.mlpackage"], DESCRIPTION)
    coreml.to_mlmodel(coreml.to_network(stylizer), found["stylizer.mlmodel"], DESCRIPTION)
    coreml.to_mlpackage(
        coreml.to_program(stylizer), found["small.mlpackage"], DESCRIPTION, compressed=True
    )
    return found


@pytest.fixture(scope="module")
def inputs() -> tuple[Tensor, Tensor, Tensor]:
    with torch.inference_mode():
        code = Painter(checkpoint.load()).network.encode_style(painting())
    return canary(HEIGHT, WIDTH), code.clone(), torch.ones(1, 1, 1, 1)


@pytest.mark.parametrize("name", LIMITS)
def test_the_saved_file_computes_what_pytorch_does(
    name: str, files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    with torch.inference_mode():
        wanted = stylizer.module(*inputs)
    found = ReferenceFile(files[name], stylizer.contract).run(inputs)
    assert compare.psnr(found, wanted, 1.0) >= LIMITS[name]


def test_half_precision_is_visible(
    files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    """Else the .mlpackage would not have been executed in the precision that it declares."""
    single = ReferenceFile(files["stylizer.mlmodel"], stylizer.contract).run(inputs)
    half = ReferenceFile(files["stylizer.mlpackage"], stylizer.contract).run(inputs)
    assert 45 <= compare.psnr(half, single, 1.0) <= 90


def test_a_file_that_asks_for_something_else_is_refused(
    files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    short = Graph("short", stylizer.module, build("full", _Network(), HEIGHT, WIDTH).contract)
    with pytest.raises(UserError, match="painting"):
        ReferenceFile(files["stylizer.mlmodel"], short.contract).run(inputs)


def test_a_damaged_file_is_refused_in_one_line(stylizer: Graph, tmp_path: Path) -> None:
    path = tmp_path / "stylizer.mlmodel"
    path.write_bytes(b"no model")
    with pytest.raises(UserError, match=r"^\S+stylizer\.mlmodel is not a whole Core ML model: "):
        ReferenceFile(path, stylizer.contract)


class _Network(torch.nn.Module):
    code_size = 128


# Apple's


def test_core_ml_needs_macos(files: dict[str, Path], stylizer: Graph) -> None:
    if platform.system() != "Darwin":
        with pytest.raises(UserError, match="macOS"):
            AppleFile(files["stylizer.mlmodel"], stylizer.contract)


def test_core_ml_is_given_pictures(
    files: dict[str, Path],
    stylizer: Graph,
    inputs: tuple[Tensor, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a model that gives back its photo, as Core ML does: a picture with an alpha."""
    with suppress_output("coremltools"):
        import coremltools as ct

    def echo(given: dict[str, Any]) -> dict[str, Any]:
        assert isinstance(given["content"], Image.Image)
        assert given["style_code"].shape == (1, 128, 1, 1)
        assert given["strength"].shape == (1, 1, 1, 1)
        return {"stylized": given["content"].convert("RGBA")}

    monkeypatch.setattr(ct.models, "MLModel", lambda path: SimpleNamespace(predict=echo))
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    found = AppleFile(files["stylizer.mlmodel"], stylizer.contract).run(inputs)
    assert torch.equal(found, inputs[0])


@pytest.mark.skipif(platform.system() != "Darwin", reason="Core ML runs on macOS only")
@pytest.mark.parametrize("name", LIMITS)
def test_core_ml_computes_what_our_runtime_does(
    name: str, files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    found = AppleFile(files[name], stylizer.contract).run(inputs)
    wanted = ReferenceFile(files[name], stylizer.contract).run(inputs)
    assert compare.psnr(found, wanted, 1.0) >= 40


# The command


def test_run_writes_the_painted_photo(
    facestyle: Run, files: dict[str, Path], stylizer: Graph, tmp_path: Path
) -> None:
    book = shipped.style_book(Painter(checkpoint.load()))
    book.save(tmp_path / "styles.json")
    photo = canary(HEIGHT, WIDTH)
    images.save(photo, tmp_path / "photo.png")
    result = facestyle(
        "coreml",
        "run",
        files["stylizer.mlmodel"],
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


def test_run_takes_arrays(facestyle: Run, files: dict[str, Path], tmp_path: Path) -> None:
    np.save(tmp_path / "code.npy", np.zeros(128, np.float32))
    images.save(canary(300, 200), tmp_path / "photo.png")  # any size: covered and cropped
    given = ("--input", f"content={tmp_path / 'photo.png'}", "--input", "strength=0.5")
    command = ("coreml", "run", files["small.mlpackage"], *given, "--out", tmp_path / "out")
    result = facestyle(*command, "--input", f"style_code={tmp_path / 'code.npy'}")
    assert result.code == 0, result.err
    assert images.load(tmp_path / "out" / "stylized.png").shape == (1, 3, HEIGHT, WIDTH)
    np.save(tmp_path / "code.npy", np.zeros(127, np.float32))
    refused = facestyle(*command, "--input", f"style_code={tmp_path / 'code.npy'}")
    assert_refused(refused, "127 values")


def test_show_lists_inputs_and_outputs(facestyle: Run, files: dict[str, Path]) -> None:
    result = facestyle("coreml", "show", files["stylizer.mlpackage"])
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
    given: tuple[str, ...], words: str, facestyle: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    images.save(canary(HEIGHT, WIDTH), tmp_path / "photo.png")
    np.save(tmp_path / "code.npy", np.zeros(128, np.float32))
    np.save(tmp_path / "words.npy", np.array(["a"] * 128))
    names = {"photo": "photo.png", "code": "code.npy", "words": "words.npy"}
    paths = {key: tmp_path / name for key, name in names.items()}
    pairs = [("--input", g.format(**paths)) for g in given]
    out = tmp_path / "out"
    command = [part for pair in pairs for part in pair]
    result = facestyle("coreml", "run", files["stylizer.mlmodel"], *command, "--out", out)
    assert_refused(result, words)
    assert not out.exists()


def test_run_refuses_what_is_no_model(facestyle: Run, tmp_path: Path) -> None:
    (tmp_path / "x.mlmodel").write_bytes(b"\xff" * 100)
    assert_refused(facestyle("coreml", "run", tmp_path / "x.mlmodel"), "not a whole Core ML model")
    assert_refused(facestyle("coreml", "run", tmp_path / "y.mlmodel"), "no such file")
    assert_refused(facestyle("coreml", "show", tmp_path / "z.tflite"), "no Core ML file")

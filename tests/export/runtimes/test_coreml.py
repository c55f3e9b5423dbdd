"""Core ML files executed from disk: by our runtime everywhere, by Apple's where there is a Mac."""

from __future__ import annotations

import platform
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from export.convert.description import Description
from export.convert.graphs import Graph, build
from export.runtimes.coreml import AppleFile, ReferenceFile
from export.suppress_output import suppress_output
from export.verify import compare
from export.verify.test_inputs import canary, painting
from facestyle import checkpoint
from facestyle.errors import UserError
from facestyle.stylize import Painter

HEIGHT, WIDTH = 64, 96
DESCRIPTION = Description("an author", "a licence", "1.2", "a summary")
LIMITS = {"stylizer.mlpackage": 45, "stylizer.mlmodel": 80, "small.mlpackage": 30}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def inputs() -> tuple[Tensor, Tensor, Tensor]:
    with torch.inference_mode():
        code = Painter(checkpoint.load()).network.encode_style(painting())
    return canary(HEIGHT, WIDTH), code.clone(), torch.ones(1, 1, 1, 1)


@pytest.mark.parametrize("name", LIMITS)
def test_the_saved_file_computes_what_pytorch_does(
    name: str, coreml_files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    with torch.inference_mode():
        wanted = stylizer.module(*inputs)
    found = ReferenceFile(coreml_files[name], stylizer.contract).run(inputs)
    assert compare.psnr(found, wanted, 1.0) >= LIMITS[name]


def test_half_precision_is_visible(
    coreml_files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    """Else the .mlpackage would not have been executed in the precision that it declares."""
    single = ReferenceFile(coreml_files["stylizer.mlmodel"], stylizer.contract).run(inputs)
    half = ReferenceFile(coreml_files["stylizer.mlpackage"], stylizer.contract).run(inputs)
    assert 45 <= compare.psnr(half, single, 1.0) <= 90


def test_a_file_that_asks_for_something_else_is_refused(
    coreml_files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    short = Graph("short", stylizer.module, build("full", _Network(), HEIGHT, WIDTH).contract)
    with pytest.raises(UserError, match="painting"):
        ReferenceFile(coreml_files["stylizer.mlmodel"], short.contract).run(inputs)


def test_a_damaged_file_is_refused_in_one_line(stylizer: Graph, tmp_path: Path) -> None:
    path = tmp_path / "stylizer.mlmodel"
    path.write_bytes(b"no model")
    with pytest.raises(UserError, match=r"^\S+stylizer\.mlmodel is not a whole Core ML model: "):
        ReferenceFile(path, stylizer.contract)


class _Network(torch.nn.Module):
    code_size = 128


# Apple's


def test_core_ml_needs_macos(coreml_files: dict[str, Path], stylizer: Graph) -> None:
    if platform.system() != "Darwin":
        with pytest.raises(UserError, match="macOS"):
            AppleFile(coreml_files["stylizer.mlmodel"], stylizer.contract)


def test_core_ml_is_given_pictures(
    coreml_files: dict[str, Path],
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
    found = AppleFile(coreml_files["stylizer.mlmodel"], stylizer.contract).run(inputs)
    assert torch.equal(found, inputs[0])


@pytest.mark.skipif(platform.system() != "Darwin", reason="Core ML runs on macOS only")
@pytest.mark.parametrize("name", LIMITS)
def test_core_ml_computes_what_our_runtime_does(
    name: str, coreml_files: dict[str, Path], stylizer: Graph, inputs: tuple[Tensor, ...]
) -> None:
    found = AppleFile(coreml_files[name], stylizer.contract).run(inputs)
    wanted = ReferenceFile(coreml_files[name], stylizer.contract).run(inputs)
    assert compare.psnr(found, wanted, 1.0) >= 40

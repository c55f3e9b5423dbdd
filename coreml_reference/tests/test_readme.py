"""What the README says can be typed, and is all there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from coreml_reference.mlprogram import ops
from coreml_reference.neuralnetwork import layers
from coreml_reference.tests.quiet import quiet

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")
FIRST, SECOND, THIRD = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


class Negative(nn.Module):
    def forward(self, content: Tensor) -> Tensor:
        return 255 - content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With ``stylizer.mlpackage``, which makes a negative of ``photo.png``."""
    found = tmp_path_factory.mktemp("readme")
    with quiet():
        import coremltools as ct

        program = torch.export.export(Negative().eval(), (torch.rand(1, 3, 6, 8),))
        ct.convert(
            program.run_decompositions({}),
            inputs=[ct.ImageType("content", (1, 3, 6, 8))],
            outputs=[ct.ImageType("stylized")],
            minimum_deployment_target=ct.target.iOS16,
            skip_model_load=True,
        ).save(str(found / "stylizer.mlpackage"))
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).save(found / "photo.png")
    return found


def test_five_lines_run_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert len([line for line in FIRST.splitlines() if line]) == 5
    exec(FIRST, {})
    check(folder)


def check(folder: Path) -> None:
    """See that the photo was painted."""
    photo, painted = (np.asarray(Image.open(folder / n)) for n in ("photo.png", "painted.png"))
    assert np.array_equal(painted, 255 - photo)


def test_more_lines(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {"tensor": torch.full((1, 3, 6, 8), 55.0)}
    exec(FIRST + SECOND, names)
    assert names["outputs"]["stylized"].unique().tolist() == [200]
    assert "stylized" in capsys.readouterr().out
    exec(THIRD, {})
    lines = capsys.readouterr().out.splitlines()
    assert any("const" in line for line in lines[:-1])
    assert lines[-1] == "0"


def test_tables_have_every_op_and_layer() -> None:
    rows = re.findall(r"^\| (\w+) \| ([\w, ]+) \|$", README, re.MULTILINE)
    written = [(module, names.split(", ")) for module, names in rows]
    constexpr = ("constexpr_ops", sorted(ops.constexpr_ops.CONSTEXPR_OPS))
    programs = [(_name(module), sorted(module.OPS)) for module in ops.MODULES]
    networks = [(_name(module), sorted(module.LAYERS)) for module in layers.MODULES]
    assert written == [*sorted([*programs, constexpr]), *networks]


def _name(module: Any) -> str:
    return str(module.__name__).rpartition(".")[2]


@pytest.mark.slow
def test_five_lines_run_from_a_wheel(folder: Path, tmp_path: Path) -> None:
    """Outside of the repository, with nothing of it but the wheel of this folder."""
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    copy = tmp_path / "source"
    _copy(FOLDER, copy)
    subprocess.run([*wheel, "--wheel-dir", tmp_path, copy], check=True)
    (built,) = tmp_path.glob("*.whl")
    subprocess.run(
        [sys.executable, "-m", "zipfile", "--extract", built, tmp_path / "installed"], check=True
    )
    source = {p.relative_to(copy) for p in copy.rglob("*.py") if "tests" not in p.parts}
    assert source == {
        p.relative_to(tmp_path / "installed" / "coreml_reference")
        for p in (tmp_path / "installed").rglob("*.py")
    } | {p.relative_to(copy) for p in (copy / "build").rglob("*.py")}
    (folder / "painted.png").unlink(missing_ok=True)
    code = (
        f"{FIRST}\nimport sys\n"
        f"assert coreml_reference.__file__.startswith({str(tmp_path / 'installed')!r})\n"
        "assert not {'coremltools', 'facestyle', 'export'} & set(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        check=True,
    )
    check(folder)


def _copy(folder: Path, to: Path) -> None:
    import shutil

    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))

"""What tests share: small pictures, the shipped network, and the command line in-process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

from facestyle import cli, gallery
from tests.support import made_data

# The sample app is built without an installed package: its tools are imported as build.py does.
OFFLINE = Path(__file__).parents[1] / "android_demo" / "offline"
sys.path.append(str(OFFLINE))


class Outcome(NamedTuple):
    """Of one command."""

    code: int
    out: str
    err: str


class TrainingData(NamedTuple):
    """Folders and files to train with."""

    content: Path
    style: Path
    labelled: Path
    vgg: Path
    distilled: Path

    def arguments(self, network: str) -> list[str]:
        """What a style recipe needs on the command line."""
        perceptual = self.vgg if network == "vgg19" else self.distilled
        sources = ["--content", str(self.content), "--style", str(self.style)]
        return [*sources, "--network", network, "--perceptual", str(perceptual)]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's styles are touched."""
    monkeypatch.setenv("FACESTYLE_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def facestyle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run the command line in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["facestyle", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        captured = capsys.readouterr()
        return Outcome(int(left.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small real picture, 61 x 47."""
    path = tmp_path / "photo.png"
    Image.open(gallery.portraits()[0].path).resize((61, 47)).save(path)
    return path


@pytest.fixture(scope="session")
def noise() -> torch.Tensor:
    """(1, 3, 64, 96) in [0, 1]."""
    values = np.random.default_rng(0).random((1, 3, 64, 96), dtype=np.float32)
    return torch.from_numpy(values)


def assert_refused(outcome: Outcome, *words: str, code: int = 2) -> None:
    """One clear line that holds the words, the right exit code and no traceback."""
    assert outcome.code == code, outcome
    lines = [line for line in outcome.err.strip().splitlines() if line.strip()]
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0], outcome.err


@pytest.fixture(scope="session")
def training_data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    """Photos, paintings, labelled photos and perceptual networks, all small and made here."""
    folder = tmp_path_factory.mktemp("training")
    return TrainingData(
        content=made_data.pictures(folder / "photos", "portraits"),
        style=made_data.pictures(folder / "paintings", "paintings"),
        labelled=made_data.labelled(folder / "labelled"),
        vgg=made_data.torchvision_vgg(folder / "vgg19.pth"),
        distilled=made_data.distilled_vgg(folder / "distilled.safetensors"),
    )

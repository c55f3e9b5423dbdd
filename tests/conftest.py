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


class Outcome(NamedTuple):
    """Of one command."""

    code: int
    out: str
    err: str


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

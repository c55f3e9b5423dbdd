"""``facestyle styles``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facestyle import gallery
from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]


def test_styles_are_listed_added_and_shown(facestyle: Run) -> None:
    listed = facestyle("styles", "list")
    assert listed.code == 0
    # A line with the title and one with the credit.
    assert len(listed.out.strip().splitlines()) == 2 * len(gallery.paintings())
    painting = gallery.paintings()[0]
    assert facestyle("styles", "add", painting.path, "--name", "mine").code == 0
    assert "mine" in facestyle("styles", "list").out
    shown = json.loads(facestyle("styles", "show", "mine").out)
    own = json.loads(facestyle("styles", "show", painting.name).out)
    assert np.allclose(shown["code"], own["code"], atol=1e-4)


def test_a_shipped_name_cannot_be_taken(facestyle: Run, photo: Path) -> None:
    assert_refused(facestyle("styles", "add", photo, "--name", "spring"), "another name", "--name")


def test_without_a_home(
    facestyle: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert facestyle("styles", "add", photo).code == 0
    monkeypatch.delenv("FACESTYLE_HOME")
    assert_refused(facestyle("styles", "add", photo), "FACESTYLE_HOME")

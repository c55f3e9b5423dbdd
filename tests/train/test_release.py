"""The gallery's styles are released by themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from facestyle import checkpoint, gallery
from facestyle.style import StyleBook
from train import release


@pytest.mark.slow
def test_the_gallery_encoded_anew_is_what_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = StyleBook.load(release.STYLE_WEIGHTS / "styles.json")
    monkeypatch.setattr(release, "STYLE_WEIGHTS", tmp_path)
    made = StyleBook.load(release.release_gallery())
    assert made.weights == shipped.weights == checkpoint.load().style_fingerprint
    assert [s.name for s in made.styles] == [p.name for p in gallery.paintings()]
    for ours, theirs in zip(made.styles, shipped.styles):
        assert (ours.name, ours.title) == (theirs.name, theirs.title)
        assert ours.values == pytest.approx(theirs.values, abs=1e-4)


@pytest.mark.parametrize(
    "arguments", [[], ["--gallery", "a.safetensors"], ["a.safetensors"]], ids=str
)
def test_weights_or_the_gallery(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["release", *arguments])
    with pytest.raises(SystemExit) as left:
        release.main()
    assert left.value.code == 2
    assert "--gallery alone" in capsys.readouterr().err

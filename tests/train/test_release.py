"""Weights made ready to ship."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from facestyle import checkpoint, gallery
from facestyle.errors import UserError
from facestyle.style import StyleBook
from train import recipes, release
from train.auxiliary.registry import DEPTH, load

LIMIT = 5 * 10**6
"""Bytes of a file in the repository."""


def test_shipped_auxiliary_networks_are_of_the_shipped_recipes() -> None:
    """And small enough for the repository."""
    files = sorted(release.AUXILIARY_WEIGHTS.glob("*.safetensors"))
    assert {file.stem for file in files} == {"depth_v3_small", "bisenet_small"}
    for file in files:
        assert file.stat().st_size < LIMIT
        _, metadata = checkpoint.read_tensors(file)
        recipe = recipes.load(metadata["recipe"])
        assert (metadata["network"], metadata["steps"], metadata["batch"]) == (
            file.stem,
            str(recipe.steps),
            str(recipe.batch),
        )


def test_auxiliary_weights_ship_in_half_precision(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "AUXILIARY_WEIGHTS", tmp_path / "weights")
    path = release.release([trained], "two steps")
    state, metadata = checkpoint.read_tensors(path)
    assert metadata["trained"] == "two steps"
    assert metadata["recipe"] == "depth_v1_small"
    assert not any(value.dtype == torch.float32 for value in state.values())
    before, after = (load(DEPTH, str(p)).network.state_dict() for p in (trained, path))
    for name, value in before.items():
        assert torch.allclose(value.float(), after[name].float(), atol=1e-3), name


def test_style_weights_ship_with_their_style_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "STYLE_WEIGHTS", tmp_path / "weights")
    made = tmp_path / "mobile.safetensors"
    checkpoint.save(checkpoint.untrained("mobile", seed=3), made)
    path = release.release([made], "none")
    loaded = checkpoint.load(path)
    assert loaded.metadata["trained"] == "none"
    book = StyleBook.load(path.with_name("styles.json"))
    assert book.weights == loaded.style_fingerprint
    assert len(book.styles) == len(gallery.paintings())


def test_the_mean_of_several_files_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "STYLE_WEIGHTS", tmp_path / "weights")
    files = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for seed, path in enumerate(files):
        checkpoint.save(checkpoint.untrained("mobile", seed), path)
    first, second = (checkpoint.load(path).network.state_dict() for path in files)
    made = checkpoint.load(release.release([files[0], files[1], files[1]], "none"))
    for key, value in made.network.state_dict().items():
        assert torch.allclose(value, (first[key] + 2 * second[key]) / 3, atol=1e-7), key


@pytest.mark.parametrize("half", [False, True])
def test_studio_ships_with_the_style_encoder_of_mobile(
    half: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "STYLE_WEIGHTS", tmp_path / "weights")
    files = [tmp_path / f"{name}.safetensors" for name in ("mobile", "studio", "other")]
    mobile, studio, other = (
        checkpoint.untrained(name, seed)
        for name, seed in (("mobile", 0), ("studio", 1), ("studio", 2))
    )
    own, theirs = (c.network.get_submodule("style_encoder") for c in (studio, mobile))
    own.load_state_dict(theirs.state_dict())
    for made, file in zip((mobile, studio, other), files):
        checkpoint.save(made, file)
    shipped = [release.release([file], "none", half) for file in files[:2]]
    loaded = [checkpoint.load(path, path.stem) for path in shipped]
    assert [made.name for made in loaded] == ["mobile", "studio"]
    assert loaded[0].style_fingerprint == loaded[1].style_fingerprint
    stored = {value.dtype for value in checkpoint.read_tensors(shipped[1])[0].values()}
    assert stored == {torch.float16 if half else torch.float32}
    book = StyleBook.load(tmp_path / "weights" / "styles.json")
    assert book.weights == loaded[1].style_fingerprint
    before = {path.name: path.read_bytes() for path in (tmp_path / "weights").iterdir()}
    for wrong, rounded in ((files[2], half), (files[1], not half)):
        with pytest.raises(UserError, match="one style code must do for both"):
            release.release([wrong], "none", rounded)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "weights").iterdir()}


def test_what_cannot_ship_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "STYLE_WEIGHTS", tmp_path / "weights")
    files = [tmp_path / f"{name}.safetensors" for name in ("mobile", "studio", "vgg19")]
    for file in files:
        checkpoint.save(checkpoint.untrained(file.stem), file)
    with pytest.raises(UserError, match="holds weights of 'mobile', not of 'studio'"):
        release.release(files[:2], "none")
    with pytest.raises(UserError, match="'vgg19', which has no style encoder"):
        release.release(files[2:], "none")
    assert not (tmp_path / "weights").exists()


# The gallery's styles are released by themselves


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

"""Flicker on real clips: only what stays still is judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.experiments import clips
from facestyle import checkpoint
from facestyle.errors import UserError
from facestyle.stylize import Painter
from train.data.files import open_files


def frames(folder: Path, *pictures: np.ndarray) -> None:
    folder.mkdir(parents=True)
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{index:04d}.png")


def picture(seed: int) -> np.ndarray:
    rough = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(rough).resize((64, 64), Image.Resampling.BILINEAR))


def test_clips_are_folders_of_two_frames_or_more(tmp_path: Path) -> None:
    frames(tmp_path / "a", picture(0), picture(1))
    frames(tmp_path / "single", picture(0))
    assert clips.clips(open_files(tmp_path)) == {"a": ["a/0000.png", "a/0001.png"]}
    with pytest.raises(UserError, match="no folder with two frames"):
        clips.clips(open_files(tmp_path / "single"))


def test_what_moves_is_left_out() -> None:
    before = torch.zeros(1, 3, 32, 32)
    after = before.clone()
    after[..., :16] = 0.5
    where = clips.still(before, after)
    assert not where[:, :16].any()
    assert where[:, 20:].all()
    total, count = clips.change(before, after + 0.1, where)
    assert total / count == pytest.approx(0.01)


def test_a_still_clip_does_not_flicker_and_noise_does(tmp_path: Path) -> None:
    photo = picture(0)
    noisy = (photo + np.random.default_rng(1).integers(0, 2, photo.shape)).clip(0, 255)
    frames(tmp_path / "noisy", photo, noisy.astype(np.uint8))
    frames(tmp_path / "still", photo, photo)
    found = clips.measure(open_files(tmp_path), Painter(checkpoint.load()), 1.0)
    assert set(found["still"].values()) == {0.0}
    assert found["noisy"]["photo"] == pytest.approx(0.5**0.5, rel=0.05)
    assert all(found["noisy"][style] > 0 for style in clips.STYLES)
    assert "| still | 0.00 |" in clips.to_markdown(found, 1.0, "command")

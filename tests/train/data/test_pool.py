"""Looks at images that live on the device."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facestyle.errors import UserError
from train.data.pool import (
    ImagePool,
    LookSpec,
    compose,
    draw_affine,
    draw_color,
    middle_square,
    positions,
)
from train.data.samples import Damaged, Sample


def sample(pixels: np.ndarray, name: str = "a") -> Sample:
    return Sample(name, lambda: Image.fromarray(pixels))


def ramp(side: int = 48) -> np.ndarray:
    """Red grows to the right, green downwards."""
    line = np.linspace(0, 255, side).round().astype(np.uint8)
    image = np.zeros((side, side, 3), np.uint8)
    image[..., 0], image[..., 1] = line[None], line[:, None]
    return image


IDENTITY = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])


def test_a_plain_look_is_the_image() -> None:
    pool = ImagePool([sample(ramp())], 48)
    shown = pool.look(torch.tensor([0]), IDENTITY, 48)
    wanted = torch.from_numpy(ramp()).permute(2, 0, 1)[None] / 255
    torch.testing.assert_close(shown, wanted, atol=1e-5, rtol=0)


def test_a_look_is_moved_mirrored_and_recoloured_as_told() -> None:
    pool = ImagePool([sample(ramp())], 48)
    index, plain = torch.tensor([0]), pool.look(torch.tensor([0]), IDENTITY, 24)
    moved = pool.look(index, torch.tensor([[[1.0, 0, 3], [0, 1, 0]]]), 24)
    torch.testing.assert_close(moved[..., :-3], plain[..., 3:], atol=1e-5, rtol=0)
    mirrored = pool.look(index, torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]]), 24)
    torch.testing.assert_close(mirrored, plain.flip(3), atol=1e-5, rtol=0)
    swapped = torch.tensor([[[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0.25]]])
    coloured = pool.look(index, IDENTITY, 24, swapped)
    torch.testing.assert_close(coloured[:, [1, 0]], plain[:, :2], atol=1e-5, rtol=0)
    torch.testing.assert_close(coloured[:, 2], plain[:, 2] + 0.25)


def test_a_distant_look_does_not_alias() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    far = torch.tensor([[[2.0, 0, 0], [0, 2, 0]]])
    shown = ImagePool([sample(stripes)], 64).look(torch.tensor([0]), far, 32)
    assert (shown - 0.5).abs().max() < 0.01


@given(st.integers(0, 10_000), st.floats(0.5, 1), st.floats(1, 2.5), st.booleans())
@settings(max_examples=30, deadline=None)
def test_looks_stay_near_the_image(seed: int, closest: float, farthest: float, turn: bool) -> None:
    spec = LookSpec(64, 32, closest, farthest, turn=turn, jitter=0.3, hues=0.5)
    affine = torch.from_numpy(draw_affine(8, spec, np.random.default_rng(seed)))
    scale = affine[:, :, :2].square().sum((1, 2)).mul(0.5).sqrt()
    assert ((scale >= closest - 1e-5) & (scale <= farthest + 1e-5)).all()
    reach = positions(affine, 32).abs().amax((1, 2, 3))
    assert (reach <= torch.maximum(32 + 0 * scale, 16 * scale + 3.2 + 1e-4)).all()
    color = torch.from_numpy(draw_color(8, spec, np.random.default_rng(seed)))
    grey = (color @ torch.tensor([0.4, 0.4, 0.4, 1.0])).std(1)
    torch.testing.assert_close(grey, torch.zeros(8), atol=1e-5, rtol=0)


def test_composed_maps_apply_one_after_the_other() -> None:
    rng = np.random.default_rng(0)
    spec = LookSpec(64, 32, 0.7, 1.5, turn=True)
    first, second = (torch.from_numpy(draw_affine(3, spec, rng)) for _ in range(2))
    points = positions(second, 8)
    ones = torch.cat((points, torch.ones_like(points[..., :1])), -1)
    wanted = torch.einsum("nij,nhwj->nhwi", first, ones)
    torch.testing.assert_close(positions(compose(first, second), 8), wanted)


def test_damaged_images_are_left_out_and_named() -> None:
    def broken() -> Image.Image:
        raise Damaged("b", "no image")

    pool = ImagePool([sample(ramp()), Sample("b", broken)], 48)
    assert len(pool) == 1
    assert pool.skipped == {"b": "no image"}
    with pytest.raises(UserError, match="none of the images"):
        ImagePool([Sample("b", broken)], 48)


def test_the_middle_square_is_taken() -> None:
    wide = np.concatenate((np.zeros((8, 4, 3)), np.full((8, 8, 3), 200), np.zeros((8, 4, 3))), 1)
    square = middle_square(Image.fromarray(wide.astype(np.uint8)), 8)
    assert (square == 200).all()

"""Frames that move as they were told to."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.objectives import motion


class TestMotion:
    @given(
        right=st.integers(-10, 10),
        down=st.integers(-10, 10),
    )
    @settings(max_examples=25, deadline=None)
    def test_whole_pixels_are_followed_exactly(self, right: int, down: int) -> None:
        image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
        shift = [torch.tensor([float(v)]) for v in (right, down, 1)]
        grid = motion.grid(*shift, 64, 64)
        second, followed = motion.move(image, grid), motion.follow(image, grid)
        shown = motion.visible(grid)
        assert shown.sum() >= (64 - abs(right) - 1) * (64 - abs(down) - 1)
        rolled = image.roll((down, right), (2, 3)).permute(0, 2, 3, 1)[shown]
        assert torch.allclose(second.permute(0, 2, 3, 1)[shown], rolled, atol=1e-4)
        assert motion.flicker_loss(followed, second, shown).item() < 2e-4

    def test_zoom_is_about_the_middle(self) -> None:
        zero = torch.zeros(1)
        grid = motion.grid(zero, zero, torch.tensor([2.0]), 8, 8)
        still = motion.grid(zero, zero, torch.ones(1), 8, 8)
        assert torch.allclose(grid, still / 2)

    def test_flicker_is_the_root_mean_square(self) -> None:
        first = torch.zeros(2, 3, 8, 8)
        second = first + torch.tensor([0.1, 0.3])[:, None, None, None]
        shown = torch.ones(2, 8, 8, dtype=torch.bool)
        wanted = torch.tensor([0.1, 0.3])
        assert torch.allclose(motion.flicker_loss(first, second, shown), wanted, atol=1e-4)
        second[:, :, 0] = 9
        shown[:, 0] = False
        assert torch.allclose(motion.flicker_loss(first, second, shown), wanted, atol=1e-4)

"""Dots in a regular pattern are seen, whatever their distance."""

from __future__ import annotations

import math

import pytest
import torch

from train.objectives import checkerboard

SIDE = 128


class TestCheckerboard:
    @pytest.mark.parametrize("period", [2, 4, 8])
    def test_dots_are_seen(self, period: int) -> None:
        clean = torch.rand(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
        dotted = clean.clone()
        dotted[:, :, ::period, ::period] += 0.2
        assert checkerboard.checkerboard_loss(clean) < 0.02
        assert checkerboard.checkerboard_loss(dotted) > 10 * checkerboard.checkerboard_loss(clean)

    def test_a_peak_of_20_db_at_one_frequency(self) -> None:
        """A wave of a period of 8 along x has its power at two of the 63 frequencies."""
        generator = torch.Generator().manual_seed(0)
        texture = torch.randn(16, 1, SIDE, SIDE, generator=generator).expand(-1, 3, -1, -1)
        wave = torch.cos(2 * math.pi * torch.arange(SIDE) / 8)
        # Of noise with variance 1 the windowed power is (3/8 SIDE^2)^2 ... per bin: 9/64 SIDE^2;
        # of a wave of amplitude a it is (a SIDE^2 / 8)^2 at the peak and a quarter beside it; over
        # the nine bins of the middle (1 + 2/4)^2 / 9 = 1/4 of that.
        amplitude = math.sqrt(99 * 4 * 9) / SIDE
        loss = checkerboard.checkerboard_loss(texture + amplitude * wave).item()
        base = checkerboard.checkerboard_loss(texture).item()
        assert loss - base == pytest.approx(2 * math.log(100) ** 2 / 63, rel=0.15)

    def test_it_can_be_learnt_away(self) -> None:
        dotted = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
        dotted[:, :, ::8, ::8] += 0.3
        dots = torch.zeros_like(dotted, requires_grad=True)
        checkerboard.checkerboard_loss(dotted + dots).backward()
        assert dots.grad is not None
        on, off = dots.grad[:, :, ::8, ::8].mean(), dots.grad.mean()
        assert on > 10 * off.abs()

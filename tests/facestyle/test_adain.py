"""AdaIN: paper 1's Eq. 1-3, its blending, and half precision."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facestyle.adain import (
    FLAT,
    SCALE_FLOOR,
    SHRINK,
    VARIANCE_FLOOR,
    VARIED,
    adain,
    chained_adain,
    normalize,
)
from facestyle.strength import depth_strength


def _features(seed: int, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 4, 9, 7, generator=generator, dtype=torch.float64)
    return (scale * (x * torch.tensor([0.5, 1, 2, 4.0])[None, :, None, None] + 1)).to(dtype)


def _statistics(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(2, 4, 1, 1, generator=generator, dtype=torch.float64)
    std = torch.rand(2, 4, 1, 1, generator=generator, dtype=torch.float64) + 0.5
    return mean, std


ONE = torch.ones(2, 1, 1, 1, dtype=torch.float64)

Adain = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
both = pytest.mark.parametrize("adaptive", [adain, chained_adain])
"""Features of many values, as here, are the same to both."""


def _textbook(x: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    centred = x - x.mean((2, 3), keepdim=True)
    return std * centred / x.std((2, 3), keepdim=True, unbiased=False) + mean


@both
def test_result_has_the_style_statistics(adaptive: Adain) -> None:
    mean, std = _statistics(1)
    y = adaptive(_features(0), mean, std, ONE)
    assert torch.allclose(y.mean((2, 3), keepdim=True), mean, atol=1e-9)
    found = y.std((2, 3), keepdim=True, unbiased=False)
    assert torch.allclose(found, std, rtol=3e-4)


@both
def test_equals_the_textbook_formula(adaptive: Adain) -> None:
    x, (mean, std) = _features(0), _statistics(1)
    assert torch.allclose(adaptive(x, mean, std, ONE), _textbook(x, mean, std), atol=2e-3)


@both
def test_own_statistics_change_nothing(adaptive: Adain) -> None:
    x = _features(0)
    own = normalize(x)
    assert torch.allclose(adaptive(x, own.mean, own.std, ONE), x, atol=1e-9)


def test_only_flat_channels_get_less_of_a_style() -> None:
    """None below ``FLAT``, all above ``VARIED``, linear between."""
    signs = torch.tensor([1.0, -1]).repeat(8).expand(1, 1, 4, 16).double()
    one = ONE[:1]
    for variance, kept in ((2 * VARIED, 1), ((FLAT + VARIED) / 2, 0.5), (FLAT / 2, 0)):
        deviation = SCALE_FLOOR * variance**0.5 / (1 - variance**0.5)
        found = chained_adain(deviation * signs, one, one, one).std(unbiased=False)
        assert found == pytest.approx(kept * (variance / (variance + VARIANCE_FLOOR)) ** 0.5)


@both
def test_strength_zero_is_the_identity(adaptive: Adain) -> None:
    x = _features(0)
    assert torch.allclose(adaptive(x, *_statistics(1), 0 * ONE), x, atol=1e-9)


@both
@given(st.floats(0, 1), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_scalar_and_map_strength_agree(adaptive: Adain, strength: float, seed: int) -> None:
    x, (mean, std) = _features(seed), _statistics(seed + 1)
    scalar = adaptive(x, mean, std, strength * ONE)
    spread = adaptive(x, mean, std, strength * torch.ones(2, 1, 9, 7, dtype=torch.float64))
    blend = (1 - strength) * x + strength * adaptive(x, mean, std, ONE)
    assert torch.allclose(scalar, spread, atol=1e-9)
    assert torch.allclose(scalar, blend, atol=1e-9)


@both
def test_gradients(adaptive: Adain) -> None:
    x = _features(0)[:1, :2, :3, :4].clone().requires_grad_()
    mean, std = (s[:1, :2].clone().requires_grad_() for s in _statistics(1))
    assert torch.autograd.gradcheck(adaptive, (x, mean, std, 0.7 * ONE[:1]))


@both
@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0, 3000.0])
@pytest.mark.parametrize("side", [8, 256])
def test_half_precision_neither_overflows_nor_vanishes(
    adaptive: Adain, scale: float, side: int
) -> None:
    """Activations x3000, whose squares are far beyond fp16's 65504, and small ones (std 0.05)."""
    mean, std = _statistics(1)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, side, side, generator=generator, dtype=torch.float64)
    x = scale * (x.clamp(-3, 3) * torch.tensor([0.5, 1, 2, 4.0])[None, :, None, None] + 1)
    half = adaptive(x.half(), mean.half(), std.half(), ONE.half())
    exact = _textbook(x, mean, std)
    assert torch.isfinite(half).all()
    assert (half.double() - exact).abs().max() < 0.01 * exact.abs().max()


@pytest.mark.parametrize("side", [8, 32, 64, 256, 512])
def test_a_single_bright_pixel_is_squared_within_half_precision(side: int) -> None:
    """In a map that is flat but for it."""
    x = torch.zeros(1, 1, side, side)
    x[..., side // 2, side // 2] = 50
    one = torch.ones(1, 1, 1, 1)
    half, exact = (chained_adain(x.to(t), *[one.to(t)] * 3) for t in (torch.float16, torch.float64))
    assert torch.isfinite(half).all()
    assert (half.double() - exact).abs().max() < 0.01 * exact.abs().max()


def test_squares_are_bounded_in_a_chain_only() -> None:
    """Beyond 6 ``SHRINK`` mean absolute deviations a pixel counts as if it were there."""
    x = torch.ones(1, 1, 20, 20, dtype=torch.float64) * torch.tensor([1.0, -1]).repeat(10)
    x[..., 3, 4] = 100
    found = (chained_adain(x, 0 * ONE[:1], *[ONE[:1]] * 2).std(unbiased=False)).item()
    deviation = (x - x.mean()).abs()
    bound = 6 * SHRINK * (deviation.mean() + SCALE_FLOOR)
    counted = deviation.clamp(max=bound).square().mean() + 1e-4 * (bound / 6 / SHRINK) ** 2
    assert found == pytest.approx((x.var(unbiased=False) / counted).sqrt().item(), rel=1e-6)
    assert found > 1.5
    assert adain(x, 0 * ONE[:1], *[ONE[:1]] * 2).std(unbiased=False).item() == pytest.approx(
        1, 1e-3
    )


def test_plain_formula_does_overflow_there() -> None:
    """The test above tests something: without scaling, half precision fails."""
    x = _features(0, 3000, torch.float16)
    centred = x - x.mean((2, 3), keepdim=True)
    assert torch.isinf(centred * centred).any()


@both
def test_flat_features_stay_finite(adaptive: Adain) -> None:
    mean, std = _statistics(1)
    for dtype in (torch.float16, torch.float32):
        flat = torch.full((2, 4, 9, 7), 7.0, dtype=dtype)
        y = adaptive(flat, mean.to(dtype), std.to(dtype), ONE.to(dtype))
        assert torch.allclose(y, mean.to(dtype).expand_as(y), atol=1e-2)


def test_depth_strength_clips_its_range() -> None:
    depth = torch.tensor([0.0, 0.2, 0.5, 0.8, 1.0])[None, None, None]
    low, high = torch.full((1, 1, 1, 1), 0.2), torch.full((1, 1, 1, 1), 0.8)
    found = depth_strength(torch.full((1, 1, 1, 1), 0.5), depth, low, high)
    assert torch.allclose(found.flatten(), torch.tensor([0, 0, 0.25, 0.5, 0.5]))


@pytest.mark.parametrize("level", [0.0, 0.7, 5.3])
def test_the_noise_of_flat_channels_does_not_grow(level: float) -> None:
    """Through one AdaIN after the other, what a rounding leaves of a flat channel fades."""
    generator = torch.Generator().manual_seed(0)
    x = level + 1e-6 * torch.randn(1, 4, 16, 16, generator=generator)
    before = x.std((2, 3))
    style_mean, style_std = torch.full((1, 4, 1, 1), 0.5), torch.full((1, 4, 1, 1), 1.0)
    for _ in range(6):
        x = chained_adain(x, style_mean, style_std, torch.ones(1, 1, 1, 1))
    assert (x.std((2, 3)) <= before).all()

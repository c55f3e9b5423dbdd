"""Depth losses against values worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from train.objectives.depth import depth_loss, gradient_loss, log_l1, normal_loss, slopes

Loss = Callable[..., Tensor]
LOSSES = (log_l1, gradient_loss, normal_loss, depth_loss)
LOG_HALF = math.log(0.5)


def ramp(x: float, y: float, size: int = 9) -> Tensor:
    """(1, 1, size, size), rising by ``x`` and ``y`` a pixel."""
    steps = torch.arange(float(size))
    return (x * steps[None, :] + y * steps[:, None])[None, None]


def inner(size: int = 9) -> Tensor:
    """All but the border, where the slope of a ramp is halved by replication."""
    known = torch.zeros(1, 1, size, size, dtype=torch.bool)
    known[..., 1:-1, 1:-1] = True
    return known


@pytest.mark.parametrize("loss", LOSSES)
def test_a_perfect_match_is_0_with_a_finite_gradient(loss: Loss) -> None:
    depth = torch.rand(3, 1, 8, 6, requires_grad=True)
    value = loss(depth, depth.detach().clone())
    assert value.shape == (3,) and (value.abs() < 1e-6).all()
    value.sum().backward()
    assert depth.grad is not None and depth.grad.isfinite().all()


@given(st.floats(-20, 20))
@settings(max_examples=20, deadline=None)
def test_a_constant_offset_counts_in_log_l1_only(offset: float) -> None:
    target = torch.rand(2, 1, 6, 7)
    expected = math.log(abs(offset) + 0.5) - LOG_HALF
    torch.testing.assert_close(
        log_l1(target + offset, target), torch.full((2,), expected), rtol=1e-4, atol=1e-5
    )
    for loss in (gradient_loss, normal_loss):
        assert (loss(target + offset, target).abs() < 1e-4).all()


@given(st.floats(-4, 4), st.floats(-4, 4))
@settings(max_examples=20, deadline=None)
def test_a_ramp_against_a_plane(x: float, y: float) -> None:
    tilted, flat = ramp(x, y), torch.zeros(1, 1, 9, 9)
    in_x, in_y = slopes(tilted)
    torch.testing.assert_close(in_x[inner()], torch.full((49,), x), rtol=0, atol=1e-4)
    torch.testing.assert_close(in_y[inner()], torch.full((49,), y), rtol=0, atol=1e-4)
    expected = math.log(abs(x) + 0.5) + math.log(abs(y) + 0.5) - 2 * LOG_HALF
    assert gradient_loss(tilted, flat, inner()).item() == pytest.approx(expected, abs=1e-4)
    cosine = 1 / math.sqrt(1 + x**2 + y**2)
    assert normal_loss(tilted, flat, inner()).item() == pytest.approx(1 - cosine, abs=1e-5)


def test_45_degrees() -> None:
    flat = torch.zeros(1, 1, 9, 9)
    assert gradient_loss(ramp(1, 0), flat, inner()).item() == pytest.approx(math.log(3))
    assert normal_loss(ramp(1, 0), flat, inner()).item() == pytest.approx(1 - 1 / math.sqrt(2))
    # Normals that are at a right angle.
    assert normal_loss(ramp(1, 0), ramp(-1, 0), inner()).item() == pytest.approx(1)


def test_slopes_are_sobels() -> None:
    depth = torch.rand(1, 1, 7, 8)
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    kernels = torch.stack((kernel, kernel.T))[:, None]
    expected = torch.nn.functional.conv2d(depth, kernels)
    found = torch.cat(slopes(depth), 1)[..., 1:-1, 1:-1]
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients(loss: Loss, masked: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    # Steep and one-sided, so that no difference comes near the kink at 0.
    noise = 0.1 * torch.rand(2, 1, 4, 5, dtype=torch.double, generator=generator)
    depth = noise + ramp(1, 2, 5)[..., :4, :].double() + 3
    target = torch.zeros_like(depth)
    known = torch.rand(depth.shape, generator=generator) < 0.5 if masked else None
    assert torch.autograd.gradcheck(lambda d: loss(d, target, known), depth.requires_grad_(True))


@pytest.mark.parametrize("loss", LOSSES)
def test_only_known_pixels_count(loss: Loss) -> None:
    depth = torch.rand(3, 1, 6, 6)
    depth.requires_grad_(True)
    target = torch.rand(3, 1, 6, 6)
    known = torch.ones(3, 1, 6, 6, dtype=torch.bool)
    torch.testing.assert_close(loss(depth, target, known), loss(depth, target))
    known[0, :, :, 3:] = False
    known[1] = False
    changed = target.clone()
    changed[0, :, :, 5:] += 9  # no known pixel's neighbour
    value = loss(depth, changed, known)
    torch.testing.assert_close(value[0], loss(depth, target, known)[0])
    assert value[1] == 0
    value.sum().backward()
    assert depth.grad is not None and depth.grad.isfinite().all()
    assert (depth.grad[1] == 0).all() and (depth.grad[2] != 0).any()
    assert (depth.grad[0, :, :, 5:] == 0).all()


def test_autocast_does_not_round() -> None:
    depth, target = 4 + 0.01 * torch.rand(2, 1, 8, 8), torch.full((2, 1, 8, 8), 4.0)
    expected = depth_loss(depth, target)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(depth_loss(depth, target), expected)
    assert depth_loss(depth.bfloat16(), target.bfloat16()).dtype is torch.float32

"""Layers that networks for phones are made of."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from facestyle.networks.layers import BlurDownsample, ReplicateConv2d

sizes = st.integers(1, 6)
channels = st.integers(1, 4)


@settings(max_examples=30, deadline=None)
@given(channels=channels, rows=sizes, columns=sizes, level=st.floats(-9, 9))
def test_a_blur_keeps_what_is_even(channels: int, rows: int, columns: int, level: float) -> None:
    x = torch.full((1, channels, 2 * rows, 2 * columns), level)
    y = BlurDownsample(channels)(x)
    assert y.shape == (1, channels, rows, columns)
    torch.testing.assert_close(y, torch.full_like(y, level))


def test_a_blur_is_upright_and_centred() -> None:
    """A slope stays the slope, at the middle of two by two pixels; stripes of a pixel vanish."""
    slope = torch.arange(12.0).expand(1, 1, 8, 12)
    for x in (slope, slope.mT):
        y = BlurDownsample(1)(x)[:, :, 1:-1, 1:-1]
        assert torch.equal(y, F.avg_pool2d(x, 2)[:, :, 1:-1, 1:-1])
    stripes = torch.tensor([0.0, 1]).repeat(6).expand(1, 1, 8, 12)
    assert torch.equal(BlurDownsample(1)(stripes), torch.full((1, 1, 4, 6), 0.5))


def test_a_blur_is_saved_but_not_learnt() -> None:
    blur = BlurDownsample(3)
    assert list(blur.state_dict()) == ["weight"]
    assert not any(parameter.requires_grad for parameter in blur.parameters())
    x = torch.rand(1, 3, 8, 8, requires_grad=True)
    blur(x).sum().backward()
    assert x.grad is not None and blur.weight.grad is None


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_repeated_edges_do_not_show(kernel: int) -> None:
    """Every output of an even picture is the same, at the edge as in the middle."""
    y = ReplicateConv2d(2, 3, kernel)(torch.full((1, 2, 12, 8), 0.7))
    torch.testing.assert_close(y, y[:, :, :1, :1].expand_as(y))

"""Colour that follows the photo."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from train.objectives import color


@pytest.fixture
def photo() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 6, 6, generator=generator)
    return torch.nn.functional.interpolate(coarse, (96, 96), mode="bicubic").clamp(0, 1)


FACE = torch.zeros(2, 1, 96, 96)
FACE[:, :, 24:72, 24:72] = 1


def patched(photo: Tensor, amount: float) -> Tensor:
    """A soft patch of yellow on one side of the face."""
    across = torch.linspace(-6, 6, 96).sigmoid()
    return photo + amount * across * torch.tensor([1.0, 1, -1]).view(3, 1, 1)


def test_recolouring_is_free_and_patches_are_not(photo: Tensor) -> None:
    mixed = torch.einsum(
        "ij,njhw->nihw", torch.tensor([[0.2, 0.7, 0], [0.5, 0, 0.3], [0, 0.1, 0.4]]), photo
    )
    assert color.soft_color_loss(photo, photo, FACE).max() < 1e-3
    assert color.soft_color_loss(mixed + 0.1, photo, FACE).max() < 1e-3
    small, large = (color.soft_color_loss(patched(photo, a), photo, FACE) for a in (0.05, 0.1))
    assert (small > 0.004).all()
    torch.testing.assert_close(large / small, torch.full((2,), 2.0), atol=0.1, rtol=0)


def test_patches_cost_more_on_the_face(photo: Tensor) -> None:
    elsewhere = patched(photo, 0.1).clone()
    elsewhere[:, :, 16:80, 16:80] = photo[:, :, 16:80, 16:80]
    on_face = photo.clone()
    on_face[:, :, 30:66, 30:48] += 0.2 * torch.tensor([1.0, 0, -1]).view(3, 1, 1)
    assert (
        color.soft_color_loss(on_face, photo, FACE) > color.soft_color_loss(elsewhere, photo, FACE)
    ).all()


def test_a_photo_of_one_colour_is_no_trouble() -> None:
    grey = torch.full((1, 3, 64, 64), 0.5, requires_grad=True)
    loss = color.soft_color_loss(grey, torch.full((1, 3, 64, 64), 0.5), torch.zeros(1, 1, 64, 64))
    loss.sum().backward()
    assert loss.abs().max() < 1e-3
    assert grey.grad is not None and torch.isfinite(grey.grad).all()


def test_slopes_count_where_the_photo_is_flat() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    ramp = flat + torch.linspace(0, 0.64, 64) - 0.32
    middle = color.flat_slope_loss(ramp, flat)
    # 0.64 over 63 pixels; edges are reflected, so that there is less near them.
    assert 0.006 < middle.item() < 0.0102
    assert color.flat_slope_loss(flat, flat).item() < 1e-4
    # Flat only where the reflected edges are.
    assert color.flat_slope_loss(ramp, ramp).item() < middle.item() / 4


def test_palettes_are_compared_wherever_they_are() -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(1, 3, 32, 32, generator=generator)
    assert color.palette_loss(a, a.flip(2).flip(3)).item() < 1e-6
    # Directions are spread over a half sphere, where a vector's part along one is half of its
    # length on average.
    for shift in ((0.1, 0.1, 0.1), (0.1, 0, 0), (0, -0.1, 0), (0, 0, 0.1), (0.1, -0.1, 0)):
        moved = torch.tensor(shift)
        found = color.palette_loss(a, a + moved[None, :, None, None]).item()
        assert found == pytest.approx(moved.norm().item() / 2, rel=0.05)


def test_detail_is_what_a_blur_takes_out() -> None:
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    assert (color.luminance_detail(ramp)[..., 16:-16] - 0.5).abs().max() < 0.02
    dots = torch.zeros(1, 3, 64, 64)
    dots[..., ::2] = 0.4
    assert color.luminance_detail(dots)[..., 16:-16].std() == pytest.approx(0.2, abs=0.01)

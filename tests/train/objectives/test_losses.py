"""Losses of content, style and smoothness on inputs whose answer is known."""

from __future__ import annotations

import pytest
import torch

from train.objectives import content, smoothness, style


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    return torch.rand(2, 5, 12, 10, generator=torch.Generator().manual_seed(0))


def test_losses_vanish_on_their_target(features: torch.Tensor) -> None:
    mean, std = style.statistics(features)
    zero, image = torch.zeros(2), features[:, :3]
    assert torch.allclose(style.statistics_loss(features, mean, std), zero)
    own = style.gram(features)
    assert torch.allclose(style.gram_loss(own, own), zero)
    assert torch.allclose(content.content_loss(features, features), zero)
    assert torch.allclose(content.structure_loss(features, features), zero)
    assert torch.allclose(content.laplacian_loss(image, image, 2), zero)
    assert torch.allclose(content.edge_structure_loss(image, image), zero, atol=1e-5)
    assert torch.allclose(smoothness.border_loss(image, image, 1, 3), zero)


def test_statistics_loss_is_the_squared_shift(features: torch.Tensor) -> None:
    mean, std = style.statistics(features)
    shifted = style.statistics_loss(features + 0.5, mean, std)
    assert torch.allclose(shifted, torch.tensor(0.25))
    scaled = style.statistics_loss((features - mean[..., None, None]) * 3, mean * 0, std)
    assert torch.allclose(scaled, (2 * std).square().mean(1), rtol=1e-3)


def test_gram_of_a_constant() -> None:
    constant = torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 3, 4)
    assert torch.allclose(style.gram(constant), torch.tensor([[[1.0, 2.0], [2.0, 4.0]]]))


def test_masked_gram_is_that_of_what_the_mask_leaves(features: torch.Tensor) -> None:
    """Whatever the area: paper 4 divides by all positions, and its loss shrinks with the mask."""
    mask = torch.zeros(2, 1, 24, 20)
    mask[..., :8] = 1
    masked = style.gram(features, mask)
    assert torch.allclose(masked, style.gram(features[..., :4]), rtol=1e-4)
    assert torch.isfinite(style.gram(features, torch.zeros_like(mask))).all()


def test_structure_is_blind_to_palette(features: torch.Tensor) -> None:
    repainted = features * torch.tensor([1.0, 3, 0.5, 2, 1])[None, :, None, None] + 4
    assert (content.structure_loss(repainted, features) < 1e-3).all()
    assert (content.structure_loss(features.flip(3), features) > 0.5).all()


def test_laplacian_of_a_parabola() -> None:
    """4 f - (its neighbours) of x^2 is -2 everywhere; of a ramp, 0. Three colours are summed."""
    x = torch.arange(8.0).expand(1, 3, 6, 8)
    assert torch.allclose(content.laplacian(x**2, pool=1), torch.tensor(-6.0))
    assert torch.allclose(content.laplacian(5 * x, pool=1), torch.tensor(0.0))
    assert content.laplacian(x.repeat(1, 1, 4, 4), pool=4).shape == (1, 1, 4, 6)


def test_total_variation_of_a_ramp() -> None:
    ramp = torch.arange(8.0).expand(1, 3, 6, 8) / 8
    assert torch.allclose(smoothness.total_variation(ramp), torch.tensor(1 / 8))


def test_edges_see_lines_not_contrast() -> None:
    photo = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    kept = content.edge_structure_loss(0.5 * photo + 0.3, photo)
    lost = content.edge_structure_loss(photo.flip(2), photo)
    assert kept < 0.05
    assert lost > 0.5


def test_flat_noise_sees_dots_on_skin_but_not_in_hair() -> None:
    generator = torch.Generator().manual_seed(0)
    dots = 0.2 * torch.rand(1, 3, 32, 32, generator=generator)
    skin, hair = torch.full((1, 3, 32, 32), 0.5), torch.rand(1, 3, 32, 32, generator=generator)
    stroke = skin + 0.2 * torch.linspace(0, 1, 32)
    face, elsewhere = torch.ones(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    assert smoothness.flat_noise_loss(skin + dots, skin, face) > 1e-3
    assert smoothness.flat_noise_loss(skin + dots, skin, elsewhere) == 0
    assert smoothness.flat_noise_loss(hair + dots, hair, face) < 1e-6
    assert smoothness.flat_noise_loss(stroke, skin, face) < 1e-5


def test_border_sees_a_glow() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    glow = flat.clone()
    glow[:, :, :4] = 0.9
    assert smoothness.border_loss(glow, flat) > 0.09


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: content.content_loss(x, y),
        lambda x, y: content.structure_loss(x, y),
        lambda x, y: content.laplacian_loss(x, y, 1),
        lambda x, y: style.statistics_loss(x, *style.statistics(y)),
        lambda x, y: style.gram_loss(style.gram(x), style.gram(y)),
    ],
)
def test_gradients_point_downhill(loss) -> None:  # type: ignore[no-untyped-def]
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(2, 1, 3, 8, 8, generator=generator)
    x.requires_grad_()
    value = loss(x, y).sum()
    (slope,) = torch.autograd.grad(value, x)
    step = 1e-3 / slope.norm()
    after = loss((x - step * slope).detach(), y).sum()
    expected = -float(step * slope.square().sum())
    assert float(after - value.detach()) == pytest.approx(expected, rel=0.05)

"""Losses as pure functions of features (N, C, H, W), one value per instance, (N,)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-5


def statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and std of every channel, (N, C) each, in fp32."""
    features = features.float()
    variance, mean = features.var((2, 3), unbiased=False), features.mean((2, 3))
    return mean, (variance + EPSILON).sqrt()


def gram(features: Tensor) -> Tensor:
    """Gram matrix over positions, (N, C, C), divided by their number (Gatys et al., 2016)."""
    flat = features.flatten(2)
    return (flat @ flat.transpose(1, 2)).float() / flat.shape[2]


def squared_error(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared difference."""
    return (a - b).square().flatten(1).mean(1)


def statistics_loss(features: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Distance of channel statistics to a target: AdaIN's style loss (paper 1, Eq. 5)."""
    own_mean, own_std = statistics(features)
    return squared_error(own_mean, mean) + squared_error(own_std, std)


def gram_loss(features: Tensor, target: Tensor) -> Tensor:
    """Squared distance of Gram matrices relative to the target's own size."""
    difference = (gram(features) - target).square().sum((1, 2))
    return difference / (target.square().sum((1, 2)) + EPSILON)


def structure_loss(features: Tensor, content: Tensor) -> Tensor:
    """Distance of instance-normalised features: arrangement, whatever the palette."""

    def normalized(x: Tensor) -> Tensor:
        mean, std = statistics(x)
        return (x.float() - mean[..., None, None]) / std[..., None, None]

    return squared_error(normalized(features), normalized(content))


def total_variation(image: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels."""
    rows = (image[:, :, 1:] - image[:, :, :-1]).abs().flatten(1).mean(1)
    columns = (image[..., 1:] - image[..., :-1]).abs().flatten(1).mean(1)
    return rows + columns


def edge_structure_loss(image: Tensor, content: Tensor, size: int = 7) -> Tensor:
    """One minus the local correlation of luminance with the photo's (SSIM's structure factor).

    Blind to palette and contrast; sees lines that move, vanish or are invented.
    """
    a, b = image.float().mean(1, keepdim=True), content.float().mean(1, keepdim=True)

    def local_mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, size, 2)

    mean_a, mean_b = local_mean(a), local_mean(b)
    var_a, var_b = local_mean(a * a) - mean_a**2, local_mean(b * b) - mean_b**2
    covariance = local_mean(a * b) - mean_a * mean_b
    floor = 4e-4
    correlation = (covariance + floor) / (
        (var_a.clamp_min(0) + floor).sqrt() * (var_b.clamp_min(0) + floor).sqrt()
    )
    return 1 - correlation.flatten(1).mean(1)


def flat_noise_loss(image: Tensor, content: Tensor, flat: float = 0.02) -> Tensor:
    """Fine texture that was invented where the photo has none: dots, weave, grain on skin.

    Mean square of what a 5 x 5 binomial blur removes, weighted by how flat the photo is there
    (1 where its own fine texture is well below ``flat``). Coarser strokes pass the blur.
    """
    taps = torch.tensor([1.0, 4, 6, 4, 1], device=image.device) / 16
    kernel = (taps[:, None] * taps).expand(3, 1, 5, 5)

    def fine(x: Tensor) -> Tensor:
        return x[:, :, 2:-2, 2:-2] - F.conv2d(x, kernel, groups=3)

    own, photo = fine(image.float()), fine(content.float())
    activity = F.avg_pool2d(photo.square().mean(1, keepdim=True), 7, 1, 3)
    weight = torch.exp(-activity / flat**2)
    return (weight * own.square().mean(1, keepdim=True)).flatten(1).mean(1)


def border_loss(image: Tensor, content: Tensor, outer: int = 4, inner: int = 16) -> Tensor:
    """Colour shift from the rim to the band next to it, beyond the photo's own, on each side.

    Zero padding lets a network tell where the image ends; this is what keeps it from showing.
    """

    def shifts(x: Tensor) -> Tensor:
        turned = x.transpose(2, 3)
        sides = (x, x.flip(2), turned, turned.flip(2))
        return torch.stack(
            [s[:, :, :outer].mean((2, 3)) - s[:, :, outer:inner].mean((2, 3)) for s in sides], 1
        )

    return (shifts(image.float()) - shifts(content.float())).abs().flatten(1).mean(1)

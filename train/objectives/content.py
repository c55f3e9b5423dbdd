"""Content: where things are, whatever their colours; one value per instance, (N,)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from facestyle.adain import statistics
from train.objectives.style import squared_error


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared distance of features (N, C, H, W) to a target.

    With the AdaIN output at relu4_1 as target: the content loss of AdaIN (paper 1, section 3).
    """
    return squared_error(features.float(), target.float())


def structure_loss(features: Tensor, content: Tensor) -> Tensor:
    """Distance of instance-normalised features: arrangement, whatever the palette."""

    def normalized(x: Tensor) -> Tensor:
        mean, std = statistics(x)
        return (x.float() - mean[..., None, None]) / std[..., None, None]

    return squared_error(normalized(features), normalized(content))


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


def laplacian(image: Tensor, pool: int = 4) -> Tensor:
    """Laplacian of an image (N, 3, H, W), pooled first and summed over colours.

    (N, 1, H / pool - 2, W / pool - 2): average pooling, then four times a pixel less its four
    neighbours (paper 5, after Li et al., "Laplacian-Steered Neural Style Transfer", 2017).
    """
    x = F.avg_pool2d(image.float(), pool).sum(1, keepdim=True)
    middle = x[:, :, 1:-1, 1:-1]
    around = x[:, :, :-2, 1:-1] + x[:, :, 2:, 1:-1] + x[:, :, 1:-1, :-2] + x[:, :, 1:-1, 2:]
    return 4 * middle - around


def laplacian_loss(image: Tensor, content: Tensor, pool: int = 4) -> Tensor:
    """Mean squared distance of the Laplacians of two images (N, 3, H, W) (paper 5)."""
    return squared_error(laplacian(image, pool), laplacian(content, pool))

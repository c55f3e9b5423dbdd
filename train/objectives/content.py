"""Content: where things are, whatever their colours; one value per instance, (N,)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from facestyle.adain import statistics
from train.objectives.style import squared_error


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared distance of features (N, C, H, W) to a target (N, C, H, W); (N,).

    With the AdaIN output at relu4_1 as target: the content loss of AdaIN (paper 1, section 3).

    >>> import torch
    >>> content_loss(torch.zeros(1, 2, 3, 3), torch.full((1, 2, 3, 3), 2.0)).tolist()
    [4.0]
    """
    return squared_error(features.float(), target.float())


def structure_loss(features: Tensor, content: Tensor) -> Tensor:
    """Mean squared distance of ``(x - mean(x)) / std(x)``, (N, C, H, W); (N,), 0 and more.

    Sees the arrangement, whatever the palette.

    >>> import torch
    >>> features = torch.rand(1, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    >>> structure_loss(5 * features + 3, features).item() < 1e-3
    True
    """

    def normalized(x: Tensor) -> Tensor:
        mean, std = statistics(x)
        return (x.float() - mean[..., None, None]) / std[..., None, None]

    return squared_error(normalized(features), normalized(content))


def edge_structure_loss(image: Tensor, content: Tensor, size: int = 7) -> Tensor:
    """One minus the mean local correlation of luminance with the photo's: SSIM's structure factor.

    ``1 - mean (cov(a, b) + c) / (std(a) std(b) + c)`` over windows of ``size`` pixels, every second
    one. Blind to palette and contrast; sees lines that move, vanish or are invented.

    Args:
        image, content: (N, 3, H, W) in [0, 1], H and W of at least ``size``.
        size: of the windows.

    Returns:
        (N,) in [0, 2].

    >>> import torch
    >>> photo = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    >>> edge_structure_loss(0.5 * photo, photo).item() < 0.05
    True
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
    """Mean squared distance of the Laplacians of two images (N, 3, H, W) (paper 5); (N,).

    >>> import torch
    >>> ramp = torch.arange(12.0).expand(1, 3, 12, 12)
    >>> laplacian_loss(ramp, torch.zeros(1, 3, 12, 12), pool=1).tolist()
    [0.0]
    """
    return squared_error(laplacian(image, pool), laplacian(content, pool))

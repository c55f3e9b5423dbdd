"""How alike two images look where it matters: SSIM and the similarity of gradients.

What the field measures faces by (papers 1 and 4: SSIM, FSIM, GMSD), as losses that may be weighted
from pixel to pixel; one value per instance, (N,). All is computed in float32, under autocast too:
variances would not survive bf16.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Of an image, the photo and the weight of every pixel."""

LUMINANCE_FLOOR, CONTRAST_FLOOR = 0.01**2, 0.03**2
"""SSIM's C1 and C2, of images in [0, 1]."""

GRADIENT_FLOOR = 0.0026
"""GMSD's c (170 / 255^2), of images in [0, 1]."""

LEAST_SHARE = 0.02
"""Of the image: a weight whose sum is less counts for less, in proportion."""


def ssim_loss(image: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """One minus the mean structural similarity (Wang et al., IEEE TIP 2004) of grey values.

    Args:
        image, photo: (N, 3, H, W) in [0, 1].
        weight: (N, 1, H, W) in [0, 1].

    Returns:
        (N,) in [0, 2].

    Three 3 x 3 averages stand for SSIM's Gaussian window (standard deviations 1.4 and 1.5).

    >>> import torch
    >>> photo = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    >>> ssim_loss(photo, photo, torch.ones(1, 1, 16, 16)).abs().item() < 1e-6
    True
    """
    a, b = image.float().mean(1, keepdim=True), photo.float().mean(1, keepdim=True)
    mean_a, mean_b = _local_mean(a), _local_mean(b)
    var_a = _local_mean(a * a) - mean_a**2
    var_b = _local_mean(b * b) - mean_b**2
    covariance = _local_mean(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + LUMINANCE_FLOOR) / (mean_a**2 + mean_b**2 + LUMINANCE_FLOOR)
    structure = (2 * covariance + CONTRAST_FLOOR) / (var_a + var_b + CONTRAST_FLOOR)
    return _average(1 - luminance * structure, weight[:, :, 3:-3, 3:-3])


def gradient_loss(image: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """How far gradient magnitudes are apart, and how unevenly, at full and half resolution.

    The mean of one minus the similarity of gradient magnitudes (part of FSIM, Zhang et al., IEEE
    TIP 2011) plus its standard deviation (GMSD, Xue et al., IEEE TIP 2014), averaged over both.

    Args:
        image, photo: (N, 3, H, W) in [0, 1], H and W even.
        weight: (N, 1, H, W) in [0, 1].

    Returns:
        (N,), 0 and more.

    >>> import torch
    >>> photo = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    >>> abs(gradient_loss(photo, photo, torch.ones(1, 1, 16, 16)).item()) < 1e-6
    True
    """
    a, b = _luma(image), _luma(photo)
    losses = []
    for _ in range(2):
        own, wanted = _gradient(a), _gradient(b)
        similarity = (2 * own * wanted + GRADIENT_FLOOR) / (own**2 + wanted**2 + GRADIENT_FLOOR)
        inner = weight[:, :, 1:-1, 1:-1]
        mean = _average(1 - similarity, inner)
        spread = _average((1 - similarity - mean[:, None, None, None]).square(), inner)
        losses.append(mean + (spread + 1e-4).sqrt() - 1e-2)
        a, b, weight = (F.avg_pool2d(x, 2) for x in (a, b, weight))
    return (losses[0] + losses[1]) / 2


def _luma(image: Tensor) -> Tensor:
    """(N, 1, H, W): what FSIM and GMSD look at. Equal shares, as in SSIM here, are not enough: a
    network that kept those had a FSIM of .85 by them and of .82 by luma."""
    red, green, blue = image.float().split(1, 1)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _local_mean(x: Tensor) -> Tensor:
    """Under a 7 x 7 bell; three pixels less on each side."""
    for _ in range(3):
        x = F.avg_pool2d(x, 3, 1)
    return x


def _gradient(x: Tensor) -> Tensor:
    """Magnitude of the gradient, Prewitt; one pixel less on each side."""
    rows = (x[:, :, :-2] + x[:, :, 1:-1] + x[:, :, 2:]) / 3
    columns = (x[..., :-2] + x[..., 1:-1] + x[..., 2:]) / 3
    across = rows[..., 2:] - rows[..., :-2]
    down = columns[:, :, 2:] - columns[:, :, :-2]
    # Without the floor the slope of the root would be infinite where nothing changes.
    return (across**2 + down**2 + 1e-6).sqrt()


def _average(values: Tensor, weight: Tensor) -> Tensor:
    least = LEAST_SHARE * weight[0].numel()
    return (values * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp_min(least)

"""Colour that follows the photo: no patches on faces, no halos on flat ground, the whole palette.

Means and stds of early layers are cheaply met by clouds of colour that no grey structure sees. One
value per instance, (N,), all in float32.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

FLAT = 0.003
"""Slope of soft colour per pixel below which a photo is flat."""

FLAT_SOFTNESS = 0.0004
"""Over which slope flatness fades."""

ELSEWHERE = 0.1
"""What a place away from the face counts for in ``soft_color_loss``."""

LEAST_SHARE = 0.02
"""Of the image: flat ground that is less counts for less, in proportion."""

DIRECTIONS = 16
"""In the cube of colours, along which palettes are compared."""


def soft(image: Tensor) -> Tensor:
    """Soft colours (N, C, H / 4, W / 4) of (N, C, H, W): blurred by 6 pixels.

    >>> soft(torch.ones(1, 3, 32, 32)).shape
    torch.Size([1, 3, 8, 8])
    """
    return _gaussian(F.avg_pool2d(image.float(), 4), 1.5)


def luminance_detail(image: Tensor) -> Tensor:
    """(N, 3, H, W): luminance less its soft part, around mid grey: marks without palette."""
    grey = image.float().mean(1, keepdim=True)
    low = F.interpolate(soft(grey), grey.shape[-2:], mode="bilinear", align_corners=False)
    return (0.5 + grey - low).clamp(0, 1).expand(-1, 3, -1, -1)


def soft_color_loss(image: Tensor, photo: Tensor, face: Tensor) -> Tensor:
    """Soft colour that no smooth map of the photo's own soft colours explains, RMS.

    Two-coloured foreheads and green cheeks: what is left of the output's soft chroma after its best
    fit by the photo's soft colours, their squares and a constant, less its mean over the face.

    Args:
        image, photo: (N, 3, H, W) in [0, 1], H and W multiples of 4.
        face: (N, 1, H, W) in [0, 1], what counts most.

    Returns:
        (N,), about 0 and more.

    >>> photo = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> round(soft_color_loss(0.5 * photo + 0.1, photo, torch.ones(1, 1, 32, 32)).item(), 4)
    0.0
    """
    red, green, blue = soft(image).flatten(2).unbind(1)
    chroma = torch.stack((red - green, (red + green) / 2 - blue), 1)
    with torch.no_grad():
        colors = soft(photo).flatten(2)
        basis = _orthonormal(torch.cat((torch.ones_like(colors[:, :1]), colors, colors**2), 1))
        weight = F.avg_pool2d(face.float(), 4).flatten(2) + ELSEWHERE
        weight = weight / weight.sum(2, keepdim=True)
    left = chroma - (chroma @ basis.transpose(1, 2)) @ basis
    left = left - (left * weight).sum(2, keepdim=True)
    # Of the mean square over both chroma axes, as over the face's pixels.
    return ((left.square() * weight).sum(2).mean(1) + 1e-8).sqrt() - 1e-4


def flat_slope_loss(image: Tensor, photo: Tensor) -> Tensor:
    """Mean slope of the output's soft colour where the photo is flat: halos and bands.

    Args:
        image, photo: (N, 3, H, W) in [0, 1], H and W even.

    Returns:
        (N,), per pixel, 0 and more.

    >>> flat = torch.full((1, 3, 64, 64), 0.5)
    >>> band = flat + 0.01 * torch.arange(64.0)
    >>> round(flat_slope_loss(band, flat).item(), 3), flat_slope_loss(flat, flat).item() < 1e-4
    (0.009, True)
    """
    own, given = (_slope(_gaussian(F.avg_pool2d(x.float(), 2), 2.0)) / 2 for x in (image, photo))
    flat = ((FLAT - given.detach()) / FLAT_SOFTNESS).sigmoid()
    least = LEAST_SHARE * flat[0].numel()
    return (own * flat).sum((1, 2)) / flat.sum((1, 2)).clamp_min(least)


def palette_loss(image: Tensor, painting: Tensor) -> Tensor:
    """Sliced Wasserstein distance (mean absolute) of the colours of two pictures of one size.

    Args:
        image, painting: (N, 3, H, W) in [0, 1]; averaged over 4 x 4 pixels first, so that it is
            areas of colour that count.

    Returns:
        (N,), 0 and more.

    >>> left = torch.zeros(1, 3, 8, 8)
    >>> left[..., :4] = 1
    >>> palette_loss(left, left.flip(3)).item()  # the same colours elsewhere
    0.0
    """
    directions = _directions(image.device)
    own, wanted = (
        (directions @ F.avg_pool2d(x.float(), 4).flatten(2)).sort(2).values
        for x in (image, painting)
    )
    return (own - wanted).abs().mean((1, 2))


def _directions(device: torch.device) -> Tensor:
    """(DIRECTIONS, 3): unit vectors spread evenly over a half sphere, a spiral of golden angles."""
    # Made on the device: a CUDA graph cannot hold a copy from the CPU.
    number = torch.arange(DIRECTIONS, device=device) + 0.5
    height, angle = 1 - number / DIRECTIONS, number * (math.pi * (3 - math.sqrt(5)))
    radius = (1 - height**2).sqrt()
    return torch.stack((radius * angle.cos(), radius * angle.sin(), height), 1)


def _gaussian(x: Tensor, sigma: float) -> Tensor:
    """Blur of (N, C, H, W), reflected at the edges."""
    radius, channels = int(3 * sigma), x.shape[1]
    radius = min(radius, x.shape[-1] - 1, x.shape[-2] - 1)
    taps = torch.exp(-(torch.arange(-radius, radius + 1, device=x.device) ** 2) / (2 * sigma**2))
    kernel = (taps / taps.sum()).expand(channels, 1, 1, -1)
    x = F.conv2d(F.pad(x, (radius,) * 4, mode="reflect"), kernel, groups=channels)
    return F.conv2d(x, kernel.transpose(2, 3), groups=channels)


def _slope(x: Tensor) -> Tensor:
    """(N, H - 2, W - 2): length of the gradient, averaged over colours."""
    right = x[:, :, 1:-1, 2:] - x[:, :, 1:-1, :-2]
    down = x[:, :, 2:, 1:-1] - x[:, :, :-2, 1:-1]
    return ((right**2 + down**2).mean(1) + 1e-10).sqrt() / 2


def _orthonormal(rows: Tensor) -> Tensor:
    """Rows (N, K, P) made orthonormal one after the other (Gram and Schmidt, twice each).

    What is nearly a sum of those before it becomes nearly zero rather than noise.
    """
    least = 1e-3 * rows.shape[2] ** 0.5
    kept: list[Tensor] = []
    for row in rows.unbind(1):
        for other in (*kept, *kept):
            row = row - (row * other).sum(1, keepdim=True) * other
        kept.append(row / row.norm(dim=1, keepdim=True).clamp_min(least))
    return torch.stack(kept, 1)

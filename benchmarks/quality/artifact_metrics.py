"""What upsampling and padding leave on the surface of a picture: lattices and rims.

Defined as in the public benchmark of portraits that this project is compared on.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

RIM, BAND = 4, 16
"""Pixels from the edge at which the rim ends, and the band that it is compared with."""

PERIODS = 8
"""Lattices repeat every 8 pixels or a divisor of 8: three upsamplings by two."""


def rim_shift(image: Tensor) -> Tensor:
    """Mean colour (3,) of the outermost 4 pixels less that of the next 12.

    Args:
        image: (1, 3, H, W), H and W above 32.
    """
    height, width = image.shape[-2:]
    rim, band = _ring(height, width, 0, RIM), _ring(height, width, RIM, BAND)
    return image[0][:, rim].mean(1) - image[0][:, band].mean(1)


def _ring(height: int, width: int, outer: int, inner: int) -> Tensor:
    """True between two distances from the edge."""
    ring = torch.zeros(height, width, dtype=torch.bool)
    ring[outer : height - outer, outer : width - outer] = True
    ring[inner : height - inner, inner : width - inner] = False
    return ring


def border(image: Tensor, photo_shift: Tensor) -> float:
    """Colour shift of the rim beyond the photo's own, as ``rim_shift`` has it."""
    return (rim_shift(image) - photo_shift).abs().mean().item()


def spectrum(image: Tensor) -> Tensor:
    """Power spectrum (H, W) of the grey values of (1, 3, H, W), windowed."""
    grey = image.mean(1)[0]
    down, across = (torch.hann_window(side, periodic=True) for side in grey.shape)
    return torch.fft.fft2((grey - grey.mean()) * down[:, None] * across).abs().square()


def grid_db(power: Tensor) -> float | None:
    """The strongest peak at a period of 2, 4 or 8 pixels over its surroundings.

    Args:
        power: (H, W), the mean (or sum) of ``spectrum`` over many pictures, so that what they
            show averages out and what the network adds stays.

    Returns:
        Decibels over the median of the 11 x 11 frequencies around; None where these are flat.
    """
    height, width = power.shape
    peaks = []
    for i in range(PERIODS):
        for j in range(PERIODS):
            if i == j == 0:
                continue
            shift = (5 - i * height // PERIODS, 5 - j * width // PERIODS)
            around = torch.roll(power, shift, (0, 1))[:11, :11].clone()
            peak = around[4:7, 4:7].max().item()
            around[3:8, 3:8] = float("nan")
            floor = around.nanmedian().item()
            if peak > 0 and floor > 0:
                peaks.append(10 * math.log10(peak / floor))
    return max(peaks, default=None)

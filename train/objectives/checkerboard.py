"""Checkerboards and lattices of dots, seen in the spectrum: where upsampling networks hide style
statistics (Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016)."""

from __future__ import annotations

import torch
from torch import Tensor

PERIOD = 8
"""Pixels; lattices of 2 and 4 have their peaks among those of 8."""

REACH = 5
"""Bins around a peak that it is compared with."""


def checkerboard_loss(images: Tensor) -> Tensor:
    """How far a lattice stands out of the batch's mean power spectrum, a scalar.

    At each frequency that is a multiple of 1/8 along both axes (but for the mean itself) the log of
    the power there over that of its surroundings, in nats; squared where positive, averaged over
    the 63. A texture without a lattice has about 0 everywhere; one peak of 20 dB gives 0.3.

    Args:
        images: (N, C, H, W), H and W multiples of 8 of at least 128; luminance counts. The batch is
            looked at as a whole, because the spectrum of one image is too rough.

    Returns:
        A scalar, float32, 0 and more.

    >>> clean = torch.rand(4, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    >>> dotted = clean.clone()
    >>> dotted[..., ::4, ::4] += 0.2
    >>> (checkerboard_loss(dotted) > 10 * checkerboard_loss(clean)).item()
    True
    """
    grey = images.float().mean(1)
    height, width = grey.shape[-2:]
    window = torch.hann_window(height, device=grey.device)[:, None] * torch.hann_window(
        width, device=grey.device
    )
    spectrum = torch.fft.fft2((grey - grey.mean((1, 2), keepdim=True)) * window)
    power = torch.view_as_real(spectrum).square().sum(-1).mean(0)
    near = torch.arange(-REACH, REACH + 1, device=grey.device)
    steps = torch.arange(PERIOD, device=grey.device)[:, None]
    rows = ((steps * (height // PERIOD) + near) % height).flatten()
    columns = ((steps * (width // PERIOD) + near) % width).flatten()
    side = 2 * REACH + 1
    boxes = power.index_select(0, rows).index_select(1, columns)
    boxes = boxes.view(PERIOD, side, PERIOD, side).transpose(1, 2)
    middle = slice(REACH - 1, REACH + 2)
    peaks = boxes[:, :, middle, middle].mean((2, 3))
    moat = slice(REACH - 2, REACH + 3)
    around = boxes.sum((2, 3)) - boxes[:, :, moat, moat].sum((2, 3))
    around = around / (side**2 - 25)
    floor = 1e-6
    excess = ((peaks + floor).log() - (around + floor).log()).clamp_min(0).square()
    return (excess.sum() - excess[0, 0]) / (PERIOD**2 - 1)

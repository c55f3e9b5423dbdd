"""Soft colour: patches on a face that no recolouring explains, bands where the photo is flat.

Defined as in the public benchmark of portraits that this project is compared on. Distances are in
pixels of pictures of 256 x 256; larger ones are blurred by as many pixels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.quality.boxes import Box

SOFT = 6.0
"""Standard deviation, in pixels, of the blur that parts soft colour from strokes."""

WEAKEST = 2**-7
"""Of a fit: what is weaker, against the strongest part of the photo's colours, explains nothing.
The benchmark's own limit at 256 x 256; it keeps a pale photo from explaining strong colours."""

CALM = 4.0
"""That of the blur under which slopes are looked at."""

FLAT = 0.003
"""Slope a pixel below which a photo is flat; pictures are in [0, 1]."""

FEWEST = 500
"""Flat pixels: with no more than these a photo has no place to judge."""


def blur(image: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (N, C, H, W), cut off at three sigma and reflected at the edges."""
    radius, channels = int(3 * sigma), image.shape[1]
    steps = torch.arange(-radius, radius + 1).to(image)
    weights = torch.exp(-(steps**2) / (2 * sigma**2))
    weights = (weights / weights.sum()).repeat(channels, 1, 1, 1)
    padded = F.pad(image, (radius,) * 4, mode="reflect")
    across = F.conv2d(padded, weights.view(channels, 1, 1, -1), groups=channels)
    return F.conv2d(across, weights.view(channels, 1, -1, 1), groups=channels)


def unexplained(image: Tensor, photo: Tensor) -> Tensor:
    """What a smooth map of the photo's colours to the picture's leaves of soft chroma.

    Args:
        image, photo: (1, 3, H, W) in [0, 1].

    Returns:
        (2, H, W): red less green, and their mean less blue, both blurred, less their least-squares
        fit by the photo's blurred colours, their squares and a constant, up to ``WEAKEST``.
    """
    own, seen = blur(image.double(), SOFT)[0], blur(photo.double(), SOFT)[0]
    chroma = torch.stack([own[0] - own[1], (own[0] + own[1]) / 2 - own[2]])
    basis = torch.cat([seen, seen.square(), torch.ones_like(seen[:1])]).flatten(1).T
    wanted = chroma.flatten(1).T
    fit = torch.linalg.lstsq(basis, wanted, rcond=WEAKEST, driver="gelsy").solution
    fitted = basis @ fit
    return (wanted - fitted).T.view_as(chroma)


def face_patch(image: Tensor, photo: Tensor, face: Box) -> float:
    """Root mean square x 100 of ``unexplained`` in a face's box, less its mean there.

    0 for a linear map of a colourful photo's colours, and .4 for photos themselves, whose weakest
    colours are not fitted: what remains are foreheads in two colours and green cheeks.
    """
    patch = face.cut(unexplained(image, photo))
    return 100 * (patch - patch.mean((1, 2), keepdim=True)).square().mean().sqrt().item()


def slope(image: Tensor) -> Tensor:
    """Root mean square over channels of (1, C, H, W)'s change a pixel, (H - 2, W - 2)."""
    across = image[..., 1:-1, 2:] - image[..., 1:-1, :-2]
    down = image[..., 2:, 1:-1] - image[..., :-2, 1:-1]
    return (across.square() + down.square()).mean(1).sqrt()[0] / 2


def calm(photo: Tensor) -> Tensor:
    """Where a photo (1, 3, H, W) is flat, (H - 2, W - 2) bool."""
    return slope(blur(photo, CALM)) < FLAT


def flat(image: Tensor, where: Tensor) -> float | None:
    """Mean slope x 1000 of the picture's soft colour where its photo is flat: halos and bands.

    Args:
        image: (1, 3, H, W) in [0, 1].
        where: ``calm`` of its photo.

    Returns:
        None where too little of the photo is flat.
    """
    if where.sum() <= FEWEST:
        return None
    return 1000 * slope(blur(image, CALM))[where].mean().item()

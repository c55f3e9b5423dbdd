"""Whether a painted video would flicker, from one photo and a motion that is known exactly.

The photo is moved and zoomed, a little noise is added, and both frames are painted. The first
painted frame, moved alike, should be the second one. After Wang et al., "Consistent Video Style
Transfer via Relaxation and Regularization" (IEEE TIP 2020), whose training data is made so.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

LONGEST_SHIFT = 10.0
"""Pixels, along each axis."""

ZOOM = 0.05
"""Most that the second frame is nearer or farther."""

NOISE = 0.001
"""Standard deviation; pictures are in [0, 1]."""


@dataclass(frozen=True)
class Motion:
    """From the first frame to the second.

    Attributes:
        right, down: shift in pixels.
        zoom: about the middle; above 1 is nearer.
        seed: of the noise.
    """

    right: float
    down: float
    zoom: float
    seed: int


def motion_of(name: str) -> Motion:
    """A motion of its own for every photo's name, always the same one."""
    seed = zlib.crc32(name.encode())
    right, down, zoom = np.random.default_rng(seed).uniform(-1, 1, 3)
    return Motion(LONGEST_SHIFT * right, LONGEST_SHIFT * down, 1 + ZOOM * zoom, seed)


def move(image: Tensor, motion: Motion) -> Tensor:
    """The second frame of a photo (1, 3, H, W) in [0, 1]; beyond its edges it is reflected.

    Bicubic, where ``warp_error`` is bilinear, so that the photo has an error of its own: as with
    a camera, what moves by parts of a pixel cannot be followed exactly, least where it is sharp.
    """
    grid = _grid(motion, *image.shape[-2:])
    moved = F.grid_sample(
        image, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    noise = np.random.default_rng(motion.seed).normal(0, NOISE, moved.shape)
    return (moved + torch.from_numpy(noise).float()).clamp(0, 1)


def warp_error(first: Tensor, second: Tensor, motion: Motion) -> float:
    """Root mean square of the second frame less the first one moved, where both show the same.

    Args:
        first, second: (1, 3, H, W).
        motion: from the first to the second.
    """
    height, width = first.shape[-2:]
    grid = _grid(motion, height, width)
    warped = F.grid_sample(first, grid, mode="bilinear", align_corners=False)
    edge = torch.tensor([1 - 1 / width, 1 - 1 / height])
    visible = (grid.abs() <= edge).all(-1)
    difference = (second - warped).permute(0, 2, 3, 1)[visible]
    return difference.double().square().mean().sqrt().item()


def _grid(motion: Motion, height: int, width: int) -> Tensor:
    """(1, H, W, 2): for every pixel of the second frame where it was in the first, x and y, in
    [-1, 1] from edge to edge."""
    sides = ((height, motion.down), (width, motion.right))
    down, across = (
        ((torch.arange(n) + 0.5 - n / 2) / motion.zoom - shift) * 2 / n for n, shift in sides
    )
    return torch.stack(torch.broadcast_tensors(across, down[:, None]), -1)[None]

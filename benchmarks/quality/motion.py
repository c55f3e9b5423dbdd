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
from torch import Tensor

from train.objectives import motion as motions
from train.objectives.motion import LONGEST_SHIFT, NOISE, ZOOM


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
    """The second frame of a photo (1, 3, H, W) in [0, 1]; beyond its edges it is reflected."""
    moved = motions.move(image, _grid(motion, *image.shape[-2:]))
    noise = np.random.default_rng(motion.seed).normal(0, NOISE, moved.shape)
    return (moved + torch.from_numpy(noise).float()).clamp(0, 1)


def warp_error(first: Tensor, second: Tensor, motion: Motion) -> float:
    """Root mean square of the second frame less the first one moved, where both show the same.

    Args:
        first, second: (1, 3, H, W).
        motion: from the first to the second.
    """
    grid = _grid(motion, *first.shape[-2:])
    followed, visible = motions.follow(first, grid), motions.visible(grid)
    difference = (second - followed).permute(0, 2, 3, 1)[visible]
    return difference.double().square().mean().sqrt().item()


def floor_error(first: Tensor, motion: Motion) -> float:
    """``warp_error`` of a painter whose paint sticks: its first frame moved as the photo was.

    A picture of more contrast has a larger error for the same unsteadiness; this one has none.

    Args:
        first: painted, (1, 3, H, W) in [0, 1].
    """
    return warp_error(first, move(first, motion), motion)


def _grid(motion: Motion, height: int, width: int) -> Tensor:
    right, down, zoom = (
        torch.tensor([value], dtype=torch.float32)
        for value in (motion.right, motion.down, motion.zoom)
    )
    return motions.grid(right, down, zoom, height, width)

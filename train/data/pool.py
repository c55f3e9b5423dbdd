"""Images that live on the training device, and looks at them by affine sampling.

Decoding and cropping on the CPU would keep a GPU waiting. Here every image is decoded once, to
one size, and a look (a crop at any scale, by parts of a pixel, turned, mirrored, recoloured) is one
call of ``grid_sample``. What it shows is a pure function of small arrays that are drawn by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from facestyle.errors import UserError
from train.data.samples import Damaged, Sample

COARSE_FROM = 1.4
"""Pixels of the image per pixel of a look from which on the image is looked at in half size."""


class ImagePool(nn.Module):
    """The middle squares of images, in one size.

    Attributes:
        images: (N, 3, S, S) uint8.
        kept: (N,), which of the samples they are of.
        skipped: of damaged images, the name and what is wrong.
    """

    images: Tensor

    def __init__(self, samples: Sequence[Sample], side: int, workers: int = 2) -> None:
        """Decode the images.

        Args:
            samples: of which images are taken.
            side: S, in pixels.
            workers: threads.

        Raises:
            UserError: when none can be decoded.
        """
        super().__init__()
        self.skipped: dict[str, str] = {}
        with ThreadPoolExecutor(workers) as threads:
            found = list(threads.map(lambda sample: self._decode(sample, side), samples))
        self.kept = np.array([i for i, square in enumerate(found) if square is not None], np.intp)
        squares = [square for square in found if square is not None]
        if not squares:
            raise UserError("none of the images can be decoded; name a folder or tar of images")
        images = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2)
        self.register_buffer("images", images, persistent=False)

    def __len__(self) -> int:
        return len(self.images)

    def _decode(self, sample: Sample, side: int) -> np.ndarray | None:
        try:
            image = sample.reduced(side) if sample.reduced else sample.image()
        except Damaged as error:
            self.skipped[error.name] = error.reason
            return None
        return middle_square(image, side)

    def look(self, index: Tensor, affine: Tensor, size: int, color: Tensor | None = None) -> Tensor:
        """What looks at images show.

        Args:
            index: which images, (n,).
            affine: (n, 2, 3), from a pixel of the look to one of the image, both counted from
                the middle. Beyond its edges an image is reflected.
            size: of the looks.
            color: (n, 3, 4), from colours (and 1) to colours.

        Returns:
            (n, 3, size, size) in [0, 1], channels last in memory.
        """
        images = self.images.index_select(0, index).float() / 255
        grid = positions(affine, size) * (2 / images.shape[-1])
        shown = _sample(images, grid)
        scale = affine[:, :, :2].square().sum((1, 2)).mul(0.5).sqrt()
        coarse = _sample(F.avg_pool2d(images, 2), grid)
        shown = torch.where((scale > COARSE_FROM)[:, None, None, None], coarse, shown)
        if color is not None:
            shown = (
                torch.einsum("nij,njhw->nihw", color[:, :, :3], shown) + color[:, :, 3, None, None]
            )
        return shown.clamp(0, 1).contiguous(memory_format=torch.channels_last)


def middle_square(image: Image.Image, side: int) -> np.ndarray:
    """The largest square in the middle of an image, (side, side, 3) uint8."""
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    box = (left, top, left + short, top + short)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=box))


def positions(affine: Tensor, size: int) -> Tensor:
    """(n, size, size, 2): where ``affine`` takes the pixels of a look, from the middle."""
    line = torch.arange(size, device=affine.device, dtype=affine.dtype) + 0.5 - size / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack((x, y, torch.ones_like(x)), -1)
    return torch.einsum("nij,hwj->nhwi", affine, points)


def _sample(images: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(
        images, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )


@dataclass(frozen=True)
class LookSpec:
    """Which looks are drawn.

    Attributes:
        side: of the images, in pixels.
        size: of the looks, in pixels.
        closest, farthest: pixels of the image per pixel of the look, evenly on a logarithmic scale.
        turn: whether looks are turned by multiples of 90 degrees.
        jitter: brightness, contrast and saturation are scaled by up to 1 +- this.
        hues: part of the looks whose hues are turned, by any angle.
    """

    side: int
    size: int
    closest: float
    farthest: float
    turn: bool = False
    jitter: float = 0.0
    hues: float = 0.0


def draw_affine(count: int, spec: LookSpec, rng: np.random.Generator) -> np.ndarray:
    """Random affine maps (count, 2, 3) for ``ImagePool.look``; inside the image where it fits."""
    scale = spec.closest * (spec.farthest / spec.closest) ** rng.random(count)
    room = np.maximum(spec.side - scale * spec.size, 0.1 * spec.side) / 2
    shift = rng.uniform(-1, 1, (count, 2)) * room[:, None]
    angle = rng.integers(0, 4, count) * (np.pi / 2) * spec.turn
    mirrored = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack((np.stack((cos, -sin), -1), np.stack((sin, cos), -1)), 1)
    linear = turn * (scale[:, None, None] * np.stack((mirrored, np.ones(count)), -1)[:, None, :])
    return np.concatenate((linear, shift[:, :, None]), 2).astype(np.float32)


def draw_color(count: int, spec: LookSpec, rng: np.random.Generator) -> np.ndarray:
    """Random maps of colours (count, 3, 4) for ``ImagePool.look``."""
    bright, contrast, saturation = 1 + spec.jitter * rng.uniform(-1, 1, (3, count))
    angle = rng.uniform(-np.pi, np.pi, count) * (rng.random(count) < spec.hues)
    grey = np.full((3, 3), 1 / 3)
    # A turn about the axis of greys (Rodrigues' formula), of what is left beside them.
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turned = (
        np.cos(angle)[:, None, None] * (np.eye(3) - grey) + np.sin(angle)[:, None, None] * cross
    )
    linear = contrast[:, None, None] * (grey + saturation[:, None, None] * turned)
    constant = 0.5 * (1 - contrast) + 0.5 * (bright - 1)
    constant = np.broadcast_to(constant[:, None, None], (count, 3, 1))
    return np.concatenate((linear, constant), 2).astype(np.float32)


def compose(first: Tensor, second: Tensor) -> Tensor:
    """The affine maps (n, 2, 3) that apply ``second``, then ``first``."""
    linear = first[:, :, :2] @ second[:, :, :2]
    shift = first[:, :, :2] @ second[:, :, 2:] + first[:, :, 2:]
    return torch.cat((linear, shift), 2)

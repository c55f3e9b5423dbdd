"""Photo in, painted photo out: what the command line and the exporter's checks both call."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from facestyle import images
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError
from facestyle.image_range import from_unit, to_unit
from facestyle.strength import depth_strength
from facestyle.style import LONGEST_NAME, StyleCode

PAINTING_SIZE = 256
"""Height and width at which the style encoder looks at a painting's middle."""

PAINT_LIMIT = 4096
"""The longest side that is painted as it is; larger photos are painted at this size and the
result is enlarged to theirs. The network's first layers need some 250 bytes a pixel, so a
phone's photo of 49 megapixels would otherwise ask for 12 GB."""


def _scalar(value: float) -> Tensor:
    return torch.full((1, 1, 1, 1), float(value))


def check_unit(name: str, value: float) -> float:
    """``value`` if it lies in [0, 1].

    Raises:
        UserError: if not (NaN included).
    """
    if not 0 <= value <= 1:
        raise UserError(f"{name} must lie between 0 and 1, not {value:g}")
    return value


class Painter:
    """A network ready to paint photos of any size."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.network = checkpoint.network

    @torch.inference_mode()
    def encode_style(self, painting: Tensor) -> Tensor:
        """Style code (1, K, 1, 1) of a painting (1, 3, H, W) of any size, in [0, 1]."""
        square = images.cover(painting, PAINTING_SIZE, PAINTING_SIZE)
        return self.network.encode_style(from_unit(square))

    def read_style(self, path: Path, name: str | None = None, title: str = "") -> StyleCode:
        """The style of a painting's file, named after it by default.

        Raises:
            UserError: when the file cannot be read.
        """
        code = self.encode_style(images.load(path))
        return StyleCode.from_tensor(name or style_name(path), code, title)

    @torch.inference_mode()
    def paint(
        self,
        photo: Tensor,
        code: Tensor,
        strength: float = 1.0,
        depth: Tensor | None = None,
        depth_range: tuple[float, float] = (0.0, 1.0),
    ) -> Tensor:
        """Paint a photo.

        Args:
            photo: (1, 3, H, W) in [0, 1], any size; painted at ``PAINT_LIMIT`` at most.
            code: (1, K, 1, 1).
            strength: 0 keeps the photo, 1 paints it fully.
            depth: (1, 1, h, w) in [0, 1], 0 keeps, 1 paints; resized to the photo.
            depth_range: what of ``depth`` counts as fully kept and fully painted.

        Returns:
            (1, 3, H, W) in [0, 1].
        """
        check_unit("strength", strength)
        height, width = photo.shape[-2:]
        shrink = PAINT_LIMIT / max(height, width)
        if shrink < 1:
            tall, wide = max(1, round(height * shrink)), max(1, round(width * shrink))
            smaller = images.resize(photo, tall, wide)
            painted = self.paint(smaller, code, strength, depth, depth_range)
            return images.resize(painted, height, width)
        padded, (rows, columns) = images.pad(photo, self.network.stride, self.network.minimum_size)
        amount = _scalar(strength)
        if depth is not None:
            low, high = depth_range
            fitted = images.resize(depth, height, width)
            fitted, _ = images.pad(fitted, self.network.stride, self.network.minimum_size)
            amount = depth_strength(amount, fitted, _scalar(low), _scalar(high))
        painted = self.network.stylize(from_unit(padded), code, amount)
        return to_unit(painted)[..., rows, columns]


def style_name(path: Path) -> str:
    """A legal style name from a file's name.

    >>> style_name(Path("La Mer (1905).jpg"))
    'la_mer__1905'
    """
    kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in path.stem.lower())
    return kept.strip("_")[:LONGEST_NAME] or "style"

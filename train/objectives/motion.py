"""A motion that is known exactly, shift and zoom, for what must not flicker in a video.

After Wang et al., "Consistent Video Style Transfer via Relaxation and Regularization" (IEEE TIP
2020): a photo is moved, both frames are painted, and the first painted frame, moved alike, should
be the second one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

LONGEST_SHIFT = 10.0
"""Pixels, along each axis."""

ZOOM = 0.05
"""Most that the second frame is nearer or farther."""

NOISE = 0.001
"""Standard deviation that the second frame gains; pictures are in [0, 1]."""


def grid(right: Tensor, down: Tensor, zoom: Tensor, height: int, width: int) -> Tensor:
    """For every pixel of the second frames where it was in the first.

    Args:
        right, down: shifts in pixels, (N,).
        zoom: about the middle, (N,); above 1 is nearer.

    Returns:
        (N, H, W, 2): x and y in [-1, 1] from edge to edge.

    >>> one, still = torch.tensor([1.0]), torch.tensor([0.0])
    >>> grid(one, still, one, 2, 4)[0, 0, :, 0].tolist()  # a pixel is 0.5 wide
    [-1.25, -0.75, -0.25, 0.25]
    """
    rows, columns = (
        ((torch.arange(n, device=zoom.device) + 0.5 - n / 2) / zoom[:, None] - shift[:, None])
        * 2
        / n
        for n, shift in ((height, down), (width, right))
    )
    return torch.stack(torch.broadcast_tensors(columns[:, None, :], rows[:, :, None]), -1)


def move(images: Tensor, grid: Tensor) -> Tensor:
    """The second frames of photos (N, 3, H, W); beyond the edges they are reflected.

    Bicubic, where ``follow`` is bilinear, so that a photo has an error of its own: as with a
    camera, what moves by parts of a pixel cannot be followed exactly, least where it is sharp.
    """
    return F.grid_sample(
        images, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )


def follow(images: Tensor, grid: Tensor) -> Tensor:
    """First frames (N, 3, H, W) moved alike, as an error is measured. Training moves them by
    ``move``: it would else ask for second frames as blurred as a bilinear shift is."""
    return F.grid_sample(images, grid, mode="bilinear", align_corners=False)


def visible(grid: Tensor) -> Tensor:
    """(N, H, W), true where both frames show the same.

    >>> one, still = torch.tensor([1.0]), torch.tensor([0.0])
    >>> visible(grid(one, still, one, 1, 4)).tolist()
    [[[False, True, True, True]]]
    """
    height, width = grid.shape[1:3]
    x, y = grid.abs().unbind(-1)
    return (x <= 1 - 1 / width) & (y <= 1 - 1 / height)


def flicker_loss(followed: Tensor, second: Tensor, shown: Tensor) -> Tensor:
    """Root mean square of what a motion does not explain; one value per instance, (N,).

    Args:
        followed: first painted frames, moved; (N, 3, H, W).
        second: second painted frames.
        shown: (N, H, W), where they can be compared.

    >>> black, grey = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.2)
    >>> round(flicker_loss(black, grey, torch.ones(1, 4, 4)).item(), 3)
    0.2
    """
    squares = (second.float() - followed.float()).square().mean(1) * shown
    mean = squares.sum((1, 2)) / shown.sum((1, 2)).clamp_min(1)
    return (mean + 1e-8).sqrt() - 1e-4

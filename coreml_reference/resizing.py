"""Resampling along one axis: where to sample, and linear or nearest values there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SAMPLING_MODES = (
    "DEFAULT",
    "STRICT_ALIGN_CORNERS",
    "ALIGN_CORNERS",
    "OFFSET_CORNERS",
    "UNALIGN_CORNERS",
)
"""Ways to lay ``new`` points over ``old`` pixels, named as Core ML names them."""

ALIGN_CORNERS = {"UNALIGN_CORNERS": False, "STRICT_ALIGN_CORNERS": True}
"""``align_corners`` of ``torch.nn.functional.interpolate``, for modes that sample as it does."""


def scaled(size: int, factor: float) -> int:
    """How many pixels become of ``size``.

    In single precision 0.7 times ten is seven, in double precision a little less.
    """
    return int(np.float32(size) * np.float32(factor))


def positions(mode: str, old: int, new: int) -> Tensor:
    """Where along an axis of ``old`` pixels each of ``new`` is sampled.

    Args:
        mode: one of ``SAMPLING_MODES``.
        old: pixels there are, at least 1.
        new: pixels wanted, at least 1.

    Returns:
        Float64, (new,), in 0..old - 1.
    """
    steps = torch.arange(new, dtype=torch.float64)
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        if new > 1:
            points = steps * ((old - 1) / (new - 1))
        else:
            points = steps + ((old - 1) / 2 if mode == "ALIGN_CORNERS" else 0)
    elif mode == "OFFSET_CORNERS":
        points = (steps + 0.5) * (max(1, old - 1) / new)
    elif mode == "UNALIGN_CORNERS":
        points = (steps + 0.5) * (old / new) - 0.5
    elif mode == "DEFAULT":
        points = steps * (old / new)
    else:
        raise ValueError(f"unknown sampling mode {mode}")
    return points.clamp(0, old - 1)


def bilinear(x: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """The last two dimensions resampled, one after the other, at ``positions``.

    Args:
        x: (..., H, W), of a floating-point type, in which this is computed.
        size: the new (H, W), at least 1 each.
        mode: one of ``SAMPLING_MODES``.
    """
    if x.dim() == 4 and mode in ALIGN_CORNERS:  # several times as fast
        return F.interpolate(x, list(size), mode="bilinear", align_corners=ALIGN_CORNERS[mode])
    for axis, new in zip((-2, -1), size, strict=True):
        x = linear(x, axis, positions(mode, x.shape[axis], new))
    return x


def linear(x: Tensor, axis: int, points: Tensor) -> Tensor:
    """Values between pixels, by linear interpolation.

    Args:
        x: of a floating-point type, in which this is computed.
        axis: along which to sample.
        points: float64, (new,), in 0..size - 1.
    """
    size = x.shape[axis]
    left = points.floor().long().clamp(0, size - 1)
    right = (left + 1).clamp(max=size - 1)
    shape = [1] * x.dim()
    shape[axis] = -1
    weight = (points - left).to(x.dtype).reshape(shape)
    if not weight.any():
        return x.index_select(axis, left)
    return torch.lerp(x.index_select(axis, left), x.index_select(axis, right), weight)


def nearest(x: Tensor, axis: int, points: Tensor) -> Tensor:
    """The pixels at ``points``, rounded down; add a half before for the nearest.

    Args:
        x: of any type.
        axis: along which to sample.
        points: (new,); what is outside becomes the first or last pixel.
    """
    return x.index_select(axis, points.floor().long().clamp(0, x.shape[axis] - 1))

"""Depth-controlled strength (paper 2, AdaIN-DCS)."""

from __future__ import annotations

from torch import Tensor


def depth_strength(strength: Tensor, depth: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Strength at every pixel: paper 2's ``D``, its range clipped to tune the impact.

    Args:
        strength: (N, 1, 1, 1) in [0, 1].
        depth: (N, 1, H, W) in [0, 1]; 0 is nearest and kept, 1 farthest and painted.
        low, high: (N, 1, 1, 1); depths at or below ``low`` are kept, at or above ``high``
            painted, linear between. ``high`` is above ``low``.

    Returns:
        (N, 1, H, W) in [0, 1].

    >>> import torch
    >>> strength, low, high = (torch.full((1, 1, 1, 1), v) for v in (0.5, 0.25, 0.75))
    >>> depth_strength(strength, torch.tensor([[[[0.0, 0.5, 1.0]]]]), low, high).tolist()
    [[[[0.0, 0.25, 0.5]]]]
    """
    return strength * ((depth - low) / (high - low)).clamp(0, 1)

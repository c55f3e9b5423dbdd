"""Convolutions padded by reflection, as the networks of paper 1 use them.

They are ``nn.Conv2d`` with another padding, so their state dict is just ``weight`` and
``bias``. Phones run neither reflection padding nor nearest upsampling on their fast paths:
``export.rewrite`` puts exact twins in their place.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class ReflectConv2d(nn.Conv2d):
    """3x3 convolution over an input reflected by one pixel.

    (N, inputs, H, W) to (N, outputs, H, W); H and W of at least 2.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1, padding_mode="reflect")


class UpsampleReflectConv2d(nn.Conv2d):
    """Nearest upsampling by 2, then as ``ReflectConv2d``.

    (N, inputs, H, W) to (N, outputs, 2H, 2W). No subclass of ``ReflectConv2d``: who replaces
    that one must not take this one for it.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1, padding_mode="reflect")

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.interpolate(input, scale_factor=2.0, mode="nearest"))

"""Convolutions that phones cannot run as they are.

They are subclasses of ``nn.Conv2d``, so their state dict is just ``weight`` and ``bias``. Phones
run neither reflected or repeated edges nor nearest upsampling on their fast paths, and order the
channels of depth to space their own way: ``export.rewrite`` puts exact twins in their place.
"""

from __future__ import annotations

import torch
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


class ReplicateDepthwiseConv2d(nn.Conv2d):
    """Depthwise 5x5 convolution over an input whose edge pixels are repeated twice.

    (N, C, H, W) to the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(
            channels, channels, 5, padding=2, padding_mode="replicate", groups=channels
        )


class DepthToSpaceConv2d(nn.Conv2d):
    """3x3 convolution that gives the four pixels of every cell, then depth to space.

    (N, inputs, H, W) to (N, outputs, 2H, 2W). The four start alike, as if upsampled by copying
    (Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, 4 * outputs, 3, padding=1)
        with torch.no_grad():
            self.weight.copy_(self.weight[::4].repeat_interleave(4, 0))
            nn.init.zeros_(self.bias)  # type: ignore[arg-type]

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(super().forward(input), 2)

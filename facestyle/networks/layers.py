"""Convolutions that phones cannot run as they are.

They are subclasses of ``nn.Conv2d``, so their state dict is ``weight`` and, mostly, ``bias``.
Phones run neither reflected or repeated edges nor nearest upsampling on their fast paths:
``export.convert.rewrites`` puts exact twins in their place.
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


class ReplicateConv2d(nn.Conv2d):
    """Convolution over an input whose edge pixels are repeated: nothing tells where it ends.

    (N, inputs, H, W) to (N, outputs, H, W).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, groups: int = 1) -> None:
        """Random weights; ``kernel``, its height and width, is odd."""
        border = (kernel - 1) // 2
        super().__init__(
            inputs, outputs, kernel, padding=border, groups=groups, padding_mode="replicate"
        )


class BlurDownsample(nn.Conv2d):
    """Half the height and width without aliasing: (1, 3, 3, 1) / 8 along both axes.

    (N, C, H, W) to (N, C, H / 2, W / 2), H and W even. Its outputs lie in the middle of two by two
    pixels, where bilinear upsampling expects them. What a stride would fold back into the
    picture, and so make dance as the picture moves, is removed first (Zhang, "Making
    convolutional networks shift-invariant again", ICML 2019). The kernel is not learnt. Beyond
    the edges the picture is reflected without its edge pixels: the finest stripes and checkerboards
    vanish there too, where repeated edges would leave corners that AdaIN blows up.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(
            channels,
            channels,
            4,
            stride=2,
            padding=1,
            groups=channels,
            bias=False,
            padding_mode="reflect",
        )
        taps = torch.tensor([1.0, 3, 3, 1]) / 8
        with torch.no_grad():
            self.weight.copy_((taps[:, None] * taps).expand_as(self.weight))
        self.weight.requires_grad_(False)

"""The frozen network whose features the losses compare.

A VGG-19 compressed 16 times by collaborative distillation (Wang et al., CVPR 2020): narrow
trunk, and 1x1 heads that predict the features of the real VGG-19 at relu1_1 .. relu4_1.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

STAGES = (
    ("conv1_1",),
    ("conv1_2", "pool", "conv2_1"),
    ("conv2_2", "pool", "conv3_1"),
    ("conv3_2", "conv3_3", "conv3_4", "pool", "conv4_1"),
)
HEAD_STRIDES = (4, 2, 2, 1)
"""Every how many positions a head is evaluated: enough for statistics, a quarter the cost.
The caller shifts its crops at random, so no lattice of positions is favoured."""


class Features(NamedTuple):
    """What one stage (relu1_1, relu2_1, relu3_1 or relu4_1) sees of an image."""

    trunk: Tensor
    """(N, c, H', W'), narrow features of the compressed network."""
    vgg: Tensor
    """(N, C, H'/s, W'/s), predicted features of the real VGG-19."""


class DistilledVGG(nn.Module):
    """Frozen; expects RGB in [0, 1], normalises it itself.

    Pads with zeros where the original reflects: a third off the cost of a step, and all the
    images that a loss compares are padded alike.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        for name, tensor in load_file(path).items():
            if tensor.dim() == 4:
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            self.register_buffer(name.replace(".", "_"), tensor, persistent=False)

    def _conv(self, name: str, x: Tensor, padding: int = 0) -> Tensor:
        weight, bias = getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias")
        return F.conv2d(x, weight, bias, padding=padding)

    def forward(self, image: Tensor) -> list[Features]:
        y, stages = self._conv("preprocess", image), []
        for number, (layers, stride) in enumerate(zip(STAGES, HEAD_STRIDES), 1):
            for layer in layers:
                if layer == "pool":
                    y = F.max_pool2d(y, 2)
                else:
                    y = F.relu(self._conv(layer, y, padding=1))
            vgg = F.relu(self._conv(f"head{number}_1", y[:, :, ::stride, ::stride]))
            stages.append(Features(y, vgg))
        return stages

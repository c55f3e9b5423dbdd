"""Depth from one photo: DepthV1, V2 and V3 (paper 1, section 4.1.2), one class for all.

A ResNet encoder, then a decoder of four stages that double the size and halve the channels.
DepthV1's stages are pyramid pooling modules (Zhao et al., CVPR 2017), DepthV2's up-projection
blocks (Laina et al., 3DV 2016). DepthV3 adds what all four encoder scales see, brought to one
size and fused with the decoder's output (after Hu et al., WACV 2019).

All begin with Laina's 1x1 convolution, which halves the encoder's channels, and end in the same
head, so that what is compared is the decoders.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.errors import unknown
from train.auxiliary.resnet import STRIDE, ResNetConfig, ResNetEncoder, initialise

STAGES = 4

LEAST_CHANNELS = 16
"""Where halving would leave a stage with fewer, as in narrow networks."""

GRIDS = (1, 2, 3, 6)
"""Cells along each side that a pyramid pooling module averages over."""

INITIAL_METRES = 0.5
"""Depth that an untrained network sees everywhere: a selfie's."""

LEAST_METRES = 0.001
"""No result is below it: metrics divide by depth and take its logarithm."""


@dataclass(frozen=True)
class DepthConfig:
    """Which depth network.

    Attributes:
        encoder: its ResNet.
        decoder: what its stages are made of.
        multi_scale: whether all encoder scales are fused into the result (DepthV3).
    """

    encoder: ResNetConfig
    decoder: Literal["pyramid", "up_projection"]
    multi_scale: bool = False


_SMALL = ResNetConfig(18, width=24)

DEPTH_NETWORKS: dict[str, DepthConfig] = {
    "depth_v1": DepthConfig(ResNetConfig(18), "pyramid"),
    "depth_v2": DepthConfig(ResNetConfig(18), "up_projection"),
    "depth_v3": DepthConfig(ResNetConfig(50), "up_projection", multi_scale=True),
    "depth_v1_small": DepthConfig(_SMALL, "pyramid"),
    "depth_v2_small": DepthConfig(_SMALL, "up_projection"),
    "depth_v3_small": DepthConfig(_SMALL, "up_projection", multi_scale=True),
}
"""By name: the paper's sizes, and small ones that share one encoder."""


def create_depth(name: str) -> DepthNetwork:
    """A depth network with fresh random weights, in training mode.

    Raises:
        UserError: for a name that is not among ``DEPTH_NETWORKS``.
    """
    if name not in DEPTH_NETWORKS:
        raise unknown("depth network", name, DEPTH_NETWORKS)
    return DepthNetwork(DEPTH_NETWORKS[name])


class DepthNetwork(nn.Module):
    """Photo to depth in metres at half its size."""

    metric = True

    def __init__(self, config: DepthConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = ResNetEncoder(config.encoder)
        first = self.encoder.channels[-1] // 2
        widths = [max(first >> stage, LEAST_CHANNELS) for stage in range(STAGES + 1)]
        last = widths[-1]
        block = {"pyramid": PyramidPooling, "up_projection": UpProjection}[config.decoder]
        self.reduce = _convolution(self.encoder.channels[-1], first, 1)
        self.decoder = nn.Sequential(*(block(a, b) for a, b in itertools.pairwise(widths)))
        self.multi_scale = MultiScale(self.encoder.channels, last) if config.multi_scale else None
        self.head = nn.Conv2d(last, 1, 3, padding=1)
        _initialise_decoder(self)

    def forward(self, image: Tensor) -> Tensor:
        """Depth at every second pixel.

        Args:
            image: (N, 3, H, W), RGB in [0, 1], normalised inside. H and W of at least 32;
                where they are no multiples of 32 the image is reflected at its right and lower
                border and the result cropped.

        Returns:
            (N, 1, H / 2, W / 2), sizes rounded up, metres, at least ``LEAST_METRES``,
            float32.

        Raises:
            ValueError: for smaller images.
        """
        height, width = image.shape[-2:]
        if min(height, width) < STRIDE:
            raise ValueError(f"depth needs images of {STRIDE} x {STRIDE} at least")
        missing = (0, -width % STRIDE, 0, -height % STRIDE)
        if any(missing):
            image = F.pad(image, missing, mode="reflect")
        scales = self.encoder(image)
        x = self.decoder(self.reduce(scales[-1]))
        if self.multi_scale is not None:
            x = self.multi_scale(scales, x)
        # bf16 would round half a metre to the next 2 mm: as much as the bridge of a nose varies.
        with torch.autocast(image.device.type, enabled=False):
            depth = F.softplus(self.head(x.float())) + LEAST_METRES
        return depth[..., : (height + 1) // 2, : (width + 1) // 2]


class PyramidPooling(nn.Module):
    """Pyramid pooling that doubles the size (paper 1, figure 4).

    The input is averaged over grids of several sizes, each result convolved (1x1) to a share of
    the channels, enlarged to the input's size and put beside it; all of it is enlarged and
    convolved.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        share = inputs // len(GRIDS)
        # No batch normalisation here: one cell of one image has no statistics.
        self.grids = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(grid), nn.Conv2d(inputs, share, 1), nn.ReLU())
            for grid in GRIDS
        )
        self.fuse = _convolution(inputs + share * len(GRIDS), outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2H, 2W), not negative."""
        height, width = x.shape[-2:]
        parts = [_enlarge(grid(x), (height, width)) for grid in self.grids]
        return self.fuse(_enlarge(torch.cat([x, *parts], 1), (2 * height, 2 * width)))


class UpProjection(nn.Module):
    """Up-projection that doubles the size (paper 1, figure 5; Laina et al., section 3.2).

    Every value goes to the upper left of a 2x2 cell of zeros. Two branches convolve that (5x5),
    one of them once more (3x3); their sum is the result. The transposed convolution computes
    both branches' first step exactly, without the products with zeros.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.unpool = nn.ConvTranspose2d(
            inputs, 2 * outputs, 5, stride=2, padding=2, output_padding=1, bias=False
        )
        self.norm = nn.BatchNorm2d(2 * outputs)
        self.residual = nn.Sequential(
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2H, 2W), not negative."""
        branch, shortcut = self.norm(self.unpool(x)).chunk(2, 1)
        return F.relu(self.residual(F.relu(branch)) + shortcut)


class MultiScale(nn.Module):
    """Features of all encoder scales, brought to the decoder's size and fused with its output.

    Paper 1, figure 6. Every scale is up-projected to few channels before it is enlarged the rest
    of the way: convolving at the full size, as Hu et al. do, costs up to 64 times as much.
    """

    def __init__(self, channels: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        share = max(outputs // len(channels), LEAST_CHANNELS // 2)
        self.scales = nn.ModuleList(UpProjection(inputs, share) for inputs in channels)
        self.fuse = nn.Sequential(
            _convolution(share * len(channels) + outputs, 2 * outputs, 3),
            _convolution(2 * outputs, outputs, 3),
        )

    def forward(self, scales: tuple[Tensor, ...], decoded: Tensor) -> Tensor:
        """Encoder features and decoder output (N, outputs, H, W) to (N, outputs, H, W)."""
        height, width = decoded.shape[-2:]
        parts = [_enlarge(scale(x), (height, width)) for scale, x in zip(self.scales, scales)]
        return self.fuse(torch.cat([decoded, *parts], 1))


def _enlarge(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=False)


def _convolution(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _initialise_decoder(network: DepthNetwork) -> None:
    initialise(network)
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose2d):
            # A quarter of the 25 taps meets a value, the others zeros.
            taps = module.in_channels * 25 / 4
            nn.init.normal_(module.weight, std=math.sqrt(2 / taps))
    nn.init.normal_(network.head.weight, std=0.001)
    bias = network.head.bias
    assert bias is not None
    nn.init.constant_(bias, math.log(math.expm1(INITIAL_METRES - LEAST_METRES)))

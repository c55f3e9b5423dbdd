"""``mobile``: the default network, small enough to paint a camera preview.

An encoder and a decoder of inverted residual blocks over three scales, AdaIN twice at each of them
in the decoder, and a style encoder that runs once per painting and leaves one short vector.

What keeps it clean and fast on a phone:

* Nothing with channels lives at full resolution: the first convolution halves it, and the last one
  gives the four pixels of a cell at once (depth to space). Eight channels at full
  resolution would be a quarter of all instructions.
* Depth to space could treat one pixel of a cell unlike its neighbours and hide style statistics
  in a lattice of dots: it starts with the four alike, and the loss looks at the spectrum
  (``lattice`` in ``train.objectives``). Other upsampling is bilinear.
* Content skips at 1/2 and 1/4 carry the face's fine structure; depthwise 5x5 kernels at 1/8 see
  far enough to tell a face from what is around it. They repeat the edge: padded with zeros they
  told the network where the picture ends, and it drew frames there.
* Every operator runs in one XNNPACK partition: zero padding, slices and concatenations, global
  average pooling, 1x1 / 3x3 / depthwise convolutions, bilinear resize, depth to space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.adain import adain, normalize
from facestyle.networks.layers import DepthToSpaceConv2d, ReplicateDepthwiseConv2d


@dataclass(frozen=True)
class MobileConfig:
    """Sizes of a ``mobile`` network.

    Attributes:
        channels: features at 1/2, 1/4 and 1/8 resolution.
        style_channels: features of the style encoder at 1/2 .. 1/16 resolution.
        style_hidden: width of the perceptron that ends the style encoder.
        code_size: length of a style code.
        expansion: widening inside the inverted residual blocks below 1/2 resolution.
    """

    channels: tuple[int, int, int] = (16, 32, 64)
    style_channels: tuple[int, int, int, int] = (16, 40, 80, 128)
    style_hidden: int = 160
    code_size: int = 128
    expansion: int = 2


class InvertedResidual(nn.Module):
    """MobileNetV2 block (Sandler et al., CVPR 2018): expand 1x1, depthwise, project 1x1.

    The depthwise convolution is 3x3, or 5x5 where it is ``wide``.
    """

    def __init__(
        self, inputs: int, outputs: int, *, stride: int = 1, wide: bool = False, expansion: int = 2
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = nn.Conv2d(inputs, hidden, 1)
        self.depthwise = (
            ReplicateDepthwiseConv2d(hidden)
            if wide
            else nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden)
        )
        self.project = nn.Conv2d(hidden, outputs, 1)
        self.residual = stride == 1 and inputs == outputs
        keep_scale(self.expand, self.depthwise)
        nn.init.kaiming_normal_(self.project.weight, nonlinearity="linear")

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(F.relu6(self.depthwise(F.relu6(self.expand(x)))))
        return x + y if self.residual else y


def keep_scale(*layers: nn.Conv2d) -> None:
    """Random weights that leave what passes them and a ReLU at its scale (He et al., 2015).

    There is no normalisation on the way to the first AdaIN, whose floor fades what is too small.
    """
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


class Modulation(nn.Module):
    """AdaIN whose style statistics are affine in the style code (as in StyleGAN).

    Two 1x1 convolutions rather than one split in half: slicing the code along its channels
    is what TFLite converters get wrong.
    """

    def __init__(self, code_size: int, channels: int) -> None:
        super().__init__()
        self.mean = nn.Conv2d(code_size, channels, 1)
        self.std = nn.Conv2d(code_size, channels, 1)
        nn.init.ones_(self.std.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, code: Tensor, strength: Tensor) -> Tensor:
        return adain(x, self.mean(code), self.std(code), strength)


class ContentEncoder(nn.Module):
    """Photo (N, 3, H, W) in [0, 1] to features at 1/2, 1/4 and 1/8 resolution."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.channels
        e = config.expansion
        self.stem = nn.Conv2d(3, half, 3, 2, 1)
        self.down_quarter = nn.Conv2d(half, quarter, 3, 2, 1)
        self.quarter_1 = InvertedResidual(quarter, quarter, expansion=e)
        self.down_eighth = InvertedResidual(quarter, eighth, stride=2, expansion=e)
        self.eighth_1 = InvertedResidual(eighth, eighth, wide=True, expansion=e)
        self.eighth_2 = InvertedResidual(eighth, eighth, wide=True, expansion=e)
        keep_scale(self.stem, self.down_quarter)
        with torch.no_grad():
            self.stem.weight *= PHOTO_SCALE

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half = F.relu6(self.stem(photo - 0.5))
        quarter = self.quarter_1(F.relu6(self.down_quarter(half)))
        eighth = self.eighth_2(self.eighth_1(self.down_eighth(quarter)))
        return half, quarter, eighth


PHOTO_SCALE = 3
"""What brings photos less 0.5 to about unit variance."""


class StyleEncoder(nn.Module):
    """Painting (N, 3, H, W) in [0, 1] to its style code (N, code_size, 1, 1).

    Mean and std of every stage, as AdaIN reads a style, through a two-layer perceptron. Stages end
    without a ReLU: with one, two of the four died in training.
    """

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        first, *others = config.style_channels
        self.stem = nn.Conv2d(3, first, 3, 2, 1)
        keep_scale(self.stem)
        with torch.no_grad():
            self.stem.weight *= PHOTO_SCALE
        self.stages = nn.ModuleList(
            nn.Sequential(
                InvertedResidual(inputs, outputs, stride=2), InvertedResidual(outputs, outputs)
            )
            for inputs, outputs in zip(config.style_channels, others)
        )
        # One layer in parts that are added up: XNNPACK cannot concatenate eight statistics. It has
        # one bias: converters would add up several, and nobody could tell where the sum is from.
        hidden = config.style_hidden
        self.from_mean = nn.ModuleList(
            nn.Conv2d(c, hidden, 1, bias=index == 0)
            for index, c in enumerate(config.style_channels)
        )
        self.from_std = nn.ModuleList(
            nn.Conv2d(c, hidden, 1, bias=False) for c in config.style_channels
        )
        self.code = nn.Conv2d(config.style_hidden, config.code_size, 1)

    def forward(self, painting: Tensor) -> Tensor:
        stages = [F.relu6(self.stem(painting - 0.5))]
        for stage in self.stages:
            stages.append(stage(stages[-1]))
        parts = []
        for x, from_mean, from_std in zip(stages, self.from_mean, self.from_std):
            statistics = normalize(x)
            parts.append(from_mean(statistics.mean) + from_std(statistics.std))
        first, second, third, fourth = parts
        return self.code(F.relu((first + second) + (third + fourth)))


class Decoder(nn.Module):
    """Content features and a style code to the stylised image (N, 3, H, W) in [0, 1]."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.channels
        e, code = config.expansion, config.code_size
        self.style_eighth_1 = Modulation(code, eighth)
        self.eighth_1 = InvertedResidual(eighth, eighth, wide=True, expansion=e)
        self.style_eighth_2 = Modulation(code, eighth)
        self.eighth_2 = InvertedResidual(eighth, eighth, wide=True, expansion=e)
        self.up_quarter = nn.Conv2d(eighth, quarter, 1)
        self.skip_quarter = nn.Conv2d(quarter, quarter, 1)
        self.style_quarter_1 = Modulation(code, quarter)
        self.quarter_1 = InvertedResidual(quarter, quarter, expansion=e)
        self.style_quarter_2 = Modulation(code, quarter)
        self.quarter_2 = InvertedResidual(quarter, quarter, expansion=e)
        self.up_half = nn.Conv2d(quarter, half, 1)
        self.skip_half = nn.Conv2d(half, half, 1)
        self.style_half_1 = Modulation(code, half)
        self.half_1 = InvertedResidual(half, half, expansion=1)
        self.style_half_2 = Modulation(code, half)
        self.image = DepthToSpaceConv2d(half, 3)

    def forward(
        self,
        features: tuple[Tensor, Tensor, Tensor],
        code: Tensor,
        strengths: tuple[Tensor, Tensor, Tensor],
    ) -> Tensor:
        half, quarter, x = features
        at_half, at_quarter, at_eighth = strengths
        x = self.eighth_1(self.style_eighth_1(x, code, at_eighth))
        x = self.eighth_2(self.style_eighth_2(x, code, at_eighth))
        x = upsample(self.up_quarter(x)) + self.skip_quarter(quarter)
        x = self.quarter_1(self.style_quarter_1(x, code, at_quarter))
        x = self.quarter_2(self.style_quarter_2(x, code, at_quarter))
        x = upsample(self.up_half(x)) + self.skip_half(half)
        x = self.half_1(self.style_half_1(x, code, at_half))
        x = F.relu6(self.style_half_2(x, code, at_half))
        return torch.sigmoid(cast(Tensor, self.image(x)))


def upsample(x: Tensor) -> Tensor:
    """Twice the height and width, bilinear with half-pixel centres."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class MobileNetwork(nn.Module):
    """The whole network."""

    stride = 8
    minimum_size = 8

    def __init__(self, config: MobileConfig | None = None) -> None:
        super().__init__()
        self.config = config or MobileConfig()
        self.code_size = self.config.code_size
        self.encoder = ContentEncoder(self.config)
        self.style_encoder = StyleEncoder(self.config)
        self.decoder = Decoder(self.config)

    def encode_style(self, painting: Tensor) -> Tensor:
        """Style code (N, code_size, 1, 1) of a painting (N, 3, H, W) in [0, 1]."""
        return self.style_encoder(painting)

    def stylize(self, photo: Tensor, code: Tensor, strength: Tensor) -> Tensor:
        """Paint a photo.

        Args:
            photo: (N, 3, H, W) in [0, 1], H and W multiples of ``stride``.
            code: (N, code_size, 1, 1).
            strength: (N, 1, 1, 1), or a map (N, 1, H, W), in [0, 1].

        Returns:
            (N, 3, H, W) in [0, 1].
        """
        if strength.shape[-2:] == (1, 1):
            strengths = (strength,) * 3
        else:
            strengths = (
                F.avg_pool2d(strength, 2),
                F.avg_pool2d(strength, 4),
                F.avg_pool2d(strength, 8),
            )
        return self.decoder(self.encoder(photo), code, strengths)

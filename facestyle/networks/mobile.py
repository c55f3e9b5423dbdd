"""``mobile``: the default network, small enough to paint a camera preview.

A depthwise-separable encoder and decoder over four scales with AdaIN in the decoder at all
of them, and a style encoder that runs once per painting and leaves one short vector.

What keeps it clean and fast on a phone:

* Upsampling is bilinear, never depth-to-space or transposed convolution: no pixel phase is
  treated unlike its neighbours, so no lattice of dots can hide style statistics.
* Content skips at every scale, the full one included, carry the face's fine structure.
* Every operator runs in one XNNPACK partition and on the GPU delegate: zero padding, global
  average pooling, 1x1 / 3x3 / depthwise convolutions, bilinear resize.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.adain import adain, normalize


@dataclass(frozen=True)
class MobileConfig:
    """Sizes of a ``mobile`` network.

    Attributes:
        channels: features at full, 1/2, 1/4 and 1/8 resolution.
        style_channels: features of the style encoder at 1/2 .. 1/16 resolution.
        style_hidden: width of the perceptron that ends the style encoder.
        code_size: length of a style code.
        expansion: widening inside the inverted residual blocks.
    """

    channels: tuple[int, int, int, int] = (8, 16, 32, 64)
    style_channels: tuple[int, int, int, int] = (32, 64, 128, 192)
    style_hidden: int = 192
    code_size: int = 128
    expansion: int = 2


class InvertedResidual(nn.Module):
    """MobileNetV2 block (Sandler et al., CVPR 2018): expand 1x1, depthwise 3x3, project 1x1."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = nn.Conv2d(inputs, hidden, 1)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden)
        self.project = nn.Conv2d(hidden, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(F.relu6(self.depthwise(F.relu6(self.expand(x)))))
        return x + y if self.residual else y


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
    """Photo (N, 3, H, W) in [0, 1] to features at full, 1/2, 1/4 and 1/8 resolution."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        full, half, quarter, eighth = config.channels
        e = config.expansion
        self.stem = nn.Conv2d(3, full, 3, 1, 1)
        self.down_half = nn.Conv2d(full, half, 3, 2, 1)
        self.half_1 = InvertedResidual(half, half, expansion=e)
        self.down_quarter = InvertedResidual(half, quarter, stride=2, expansion=e)
        self.quarter_1 = InvertedResidual(quarter, quarter, expansion=e)
        self.down_eighth = InvertedResidual(quarter, eighth, stride=2, expansion=e)
        self.eighth_1 = InvertedResidual(eighth, eighth, expansion=e)
        self.eighth_2 = InvertedResidual(eighth, eighth, expansion=e)

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        full = F.relu6(self.stem(photo - 0.5))
        half = self.half_1(F.relu6(self.down_half(full)))
        quarter = self.quarter_1(self.down_quarter(half))
        eighth = self.eighth_2(self.eighth_1(self.down_eighth(quarter)))
        return full, half, quarter, eighth


class StyleEncoder(nn.Module):
    """Painting (N, 3, H, W) in [0, 1] to its style code (N, code_size, 1, 1).

    Mean and std of every stage, as AdaIN reads a style, through a two-layer perceptron.
    """

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        first, *others = config.style_channels
        stages: list[nn.Module] = [nn.Sequential(nn.Conv2d(3, first, 3, 2, 1), nn.ReLU())]
        for inputs, outputs in zip(config.style_channels, others):
            stages.append(
                nn.Sequential(*separable(inputs, outputs, 2), *separable(outputs, outputs, 1))
            )
        self.stages = nn.ModuleList(stages)
        # One layer in parts that are added up: XNNPACK cannot concatenate eight statistics.
        hidden = config.style_hidden
        self.from_mean = nn.ModuleList(nn.Conv2d(c, hidden, 1) for c in config.style_channels)
        self.from_std = nn.ModuleList(
            nn.Conv2d(c, hidden, 1, bias=False) for c in config.style_channels
        )
        self.code = nn.Conv2d(config.style_hidden, config.code_size, 1)

    def forward(self, painting: Tensor) -> Tensor:
        x, parts = painting - 0.5, []
        for stage, from_mean, from_std in zip(self.stages, self.from_mean, self.from_std):
            x = stage(x)
            statistics = normalize(x)
            parts.append(from_mean(statistics.mean) + from_std(statistics.std))
        first, second, third, fourth = parts
        return self.code(F.relu((first + second) + (third + fourth)))


class Decoder(nn.Module):
    """Content features and a style code to the stylised image (N, 3, H, W) in [0, 1]."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        full, half, quarter, eighth = config.channels
        e, code = config.expansion, config.code_size
        self.style_eighth_1 = Modulation(code, eighth)
        self.eighth_1 = InvertedResidual(eighth, eighth, expansion=e)
        self.style_eighth_2 = Modulation(code, eighth)
        self.eighth_2 = InvertedResidual(eighth, eighth, expansion=e)
        self.up_quarter = nn.Conv2d(eighth, quarter, 1)
        self.skip_quarter = nn.Conv2d(quarter, quarter, 1)
        self.style_quarter_1 = Modulation(code, quarter)
        self.quarter_1 = InvertedResidual(quarter, quarter, expansion=e)
        self.style_quarter_2 = Modulation(code, quarter)
        self.quarter_2 = InvertedResidual(quarter, quarter, expansion=e)
        self.up_half = nn.Conv2d(quarter, half, 1)
        self.skip_half = nn.Conv2d(half, half, 1)
        self.style_half_1 = Modulation(code, half)
        self.half_1 = InvertedResidual(half, half, expansion=e)
        self.style_half_2 = Modulation(code, half)
        self.up_full = nn.Conv2d(half, full, 1)
        self.skip_full = nn.Conv2d(full, full, 1)
        self.style_full = Modulation(code, full)
        self.refine = nn.Conv2d(full, full, 3, 1, 1, groups=full)
        self.image = nn.Conv2d(full, 3, 1)

    def forward(
        self,
        features: tuple[Tensor, Tensor, Tensor, Tensor],
        code: Tensor,
        strengths: tuple[Tensor, Tensor, Tensor, Tensor],
    ) -> Tensor:
        full, half, quarter, x = features
        at_full, at_half, at_quarter, at_eighth = strengths
        x = self.eighth_1(self.style_eighth_1(x, code, at_eighth))
        x = self.eighth_2(self.style_eighth_2(x, code, at_eighth))
        x = upsample(self.up_quarter(x)) + self.skip_quarter(quarter)
        x = self.quarter_1(self.style_quarter_1(x, code, at_quarter))
        x = self.quarter_2(self.style_quarter_2(x, code, at_quarter))
        x = upsample(self.up_half(x)) + self.skip_half(half)
        x = self.half_1(self.style_half_1(x, code, at_half))
        x = F.relu6(self.style_half_2(x, code, at_half))
        x = upsample(self.up_full(x)) + self.skip_full(full)
        x = F.relu6(self.style_full(x, code, at_full))
        x = F.relu6(self.refine(x))
        return torch.sigmoid(self.image(x))


def separable(inputs: int, outputs: int, stride: int) -> tuple[nn.Module, ...]:
    """Depthwise 3x3 and pointwise convolution with a ReLU (MobileNetV1)."""
    return (
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs),
        nn.Conv2d(inputs, outputs, 1),
        nn.ReLU(),
    )


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
            strengths = (strength,) * 4
        else:
            strengths = (
                strength,
                F.avg_pool2d(strength, 2),
                F.avg_pool2d(strength, 4),
                F.avg_pool2d(strength, 8),
            )
        return self.decoder(self.encoder(photo), code, strengths)

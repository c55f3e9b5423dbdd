"""``mobile``: the default network, small enough to paint a camera preview.

An encoder and a decoder of inverted residual blocks over three scales, AdaIN before every block
of the decoder, and a style encoder that runs once per painting and leaves one short vector.
``studio`` is the same with larger sizes (``MobileConfig``).

What keeps it clean, steady and fast on a phone:

* Nothing with channels lives at full resolution: a photo is split into one of half the size, which
  is painted and enlarged, and the detail that this lacks, which a style only scales (``Detail``). A
  network that paints every pixel meets style statistics with weave and dots, the cheapest marks.
* Photo and features are blurred before every stride (``BlurDownsample``), so that nothing aliases
  and dances as the camera moves; the loss compares frames that are parts of a pixel apart.
* Every convolution repeats the edge. Padded with zeros, the network knew where the picture
  ends, and drew frames there.
* A style also scales the features inside every block of the decoder (``scale``), which costs one
  multiplication and makes the block's projection a kernel of the style's own.
* Every operator runs in one XNNPACK partition: slices and concatenations, global average pooling,
  1x1 / 3x3 / depthwise convolutions, bilinear resize.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, cast

import msgspec
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.adain import chained_adain, normalize
from facestyle.errors import UserError
from facestyle.networks.base import State, StyleNetwork, register
from facestyle.networks.layers import BlurDownsample, ReplicateConv2d


@dataclass(frozen=True)
class MobileConfig:
    """Sizes of a ``mobile`` network.

    Attributes:
        channels: features at 1/2, 1/4 and 1/8 resolution.
        encoder_blocks: blocks of the content encoder at 1/4 and 1/8 resolution.
        decoder_blocks: blocks of the decoder at 1/2, 1/4 and 1/8 resolution.
        expansions: widening inside the blocks at 1/2, 1/4 and 1/8 resolution.
        style_channels: features of the style encoder at 1/2 .. 1/16 resolution.
        style_hidden: width of the perceptron that ends the style encoder.
        code_size: length of a style code.
    """

    channels: tuple[int, int, int] = (16, 32, 64)
    encoder_blocks: tuple[int, int] = (1, 2)
    decoder_blocks: tuple[int, int, int] = (2, 2, 2)
    expansions: tuple[int, int, int] = (1, 2, 2)
    style_channels: tuple[int, int, int, int] = (16, 40, 80, 128)
    style_hidden: int = 160
    code_size: int = 128


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
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden)
            if stride > 1
            else ReplicateConv2d(hidden, hidden, 5 if wide else 3, groups=hidden)
        )
        self.project = nn.Conv2d(hidden, outputs, 1)
        self.residual = stride == 1 and inputs == outputs
        keep_scale(self.expand, self.depthwise)
        nn.init.kaiming_normal_(self.project.weight, nonlinearity="linear")

    def forward(self, x: Tensor, scale: Tensor | None = None) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride).

        Args:
            scale: of the hidden features, broadcast to (N, hidden, H, W).
        """
        hidden = F.relu6(self.depthwise(F.relu6(self.expand(x))))
        y = self.project(hidden if scale is None else hidden * scale)
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
        return chained_adain(x, self.mean(code), self.std(code), strength)


class StyledBlock(nn.Module):
    """AdaIN, then an inverted residual block whose hidden features the style scales."""

    def __init__(self, code_size: int, channels: int, *, wide: bool, expansion: int) -> None:
        super().__init__()
        self.style = Modulation(code_size, channels)
        self.block = InvertedResidual(channels, channels, wide=wide, expansion=expansion)
        self.scale = nn.Conv2d(code_size, channels * expansion, 1)
        nn.init.zeros_(self.scale.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, code: Tensor, strength: Tensor) -> Tensor:
        """(N, C, H, W) to the same; strength (N, 1, 1 or H, 1 or W)."""
        return cast(
            Tensor, self.block(self.style(x, code, strength), 1 + strength * self.scale(code))
        )


class ContentEncoder(nn.Module):
    """Photo in half size (N, 3, H / 2, W / 2) to features at 1/2, 1/4 and 1/8 resolution."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.channels
        _, expand_quarter, expand_eighth = config.expansions
        blocks_quarter, blocks_eighth = config.encoder_blocks
        self.stem = ReplicateConv2d(3, half, 3)
        self.blur_half = BlurDownsample(half)
        self.down_quarter = nn.Conv2d(half, quarter, 1)
        self.quarter = nn.Sequential(
            *(
                InvertedResidual(quarter, quarter, expansion=expand_quarter)
                for _ in range(blocks_quarter)
            )
        )
        self.blur_quarter = BlurDownsample(quarter)
        self.down_eighth = nn.Conv2d(quarter, eighth, 1)
        self.eighth = nn.Sequential(
            *(
                InvertedResidual(eighth, eighth, wide=True, expansion=expand_eighth)
                for _ in range(blocks_eighth)
            )
        )
        keep_scale(self.stem, self.down_quarter, self.down_eighth)
        with torch.no_grad():
            self.stem.weight *= PHOTO_SCALE

    def forward(self, low: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half = F.relu6(self.stem(low - 0.5))
        quarter = self.quarter(F.relu6(self.down_quarter(self.blur_half(half))))
        eighth = self.eighth(F.relu6(self.down_eighth(self.blur_quarter(quarter))))
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


class Detail(nn.Module):
    """What of the photo is finer than half its size, times a gain of the style.

    A painting that leaves the photo's own finest lines where they are is sharp and steady, and
    costs a resize and two passes over three channels.
    """

    PLAIN = 4.0
    """Gain at strength 0: what undoes a sigmoid's slope at grey."""

    def __init__(self, code_size: int) -> None:
        super().__init__()
        self.gain = nn.Conv2d(code_size, 3, 1)
        nn.init.constant_(self.gain.bias, self.PLAIN / 2)  # type: ignore[arg-type]

    def forward(
        self, image: Tensor, photo: Tensor, low: Tensor, code: Tensor, strength: Tensor
    ) -> Tensor:
        """An enlarged image with the photo's detail.

        Args:
            image: (N, 3, H / 2, W / 2), about zero.
            photo: (N, 3, H, W).
            low: the photo in half size.
            code: (N, code_size, 1, 1).
            strength: (N, 1, 1, 1) or (N, 1, H, W).

        Returns:
            (N, 3, H, W), about zero.
        """
        gain = (1 - strength) * self.PLAIN + strength * self.gain(code)
        if strength.shape[-2:] == (1, 1):
            # The same with one resize: enlarging is linear, and the gain alike everywhere.
            return upsample(image - low * gain) + photo * gain
        return upsample(image) + (photo - upsample(low)) * gain


class Decoder(nn.Module):
    """Content features and a style code to the stylised image (N, 3, H, W) in [0, 1]."""

    def __init__(self, config: MobileConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.channels
        code = config.code_size

        def blocks(count: int, channels: int, expansion: int, wide: bool) -> nn.ModuleList:
            return nn.ModuleList(
                StyledBlock(code, channels, wide=wide, expansion=expansion) for _ in range(count)
            )

        count_half, count_quarter, count_eighth = config.decoder_blocks
        expand_half, expand_quarter, expand_eighth = config.expansions
        self.blocks_eighth = blocks(count_eighth, eighth, expand_eighth, wide=True)
        self.up_quarter = nn.Conv2d(eighth, quarter, 1)
        self.skip_quarter = nn.Conv2d(quarter, quarter, 1)
        self.blocks_quarter = blocks(count_quarter, quarter, expand_quarter, wide=False)
        self.up_half = nn.Conv2d(quarter, half, 1)
        self.skip_half = nn.Conv2d(half, half, 1)
        self.blocks_half = blocks(count_half, half, expand_half, wide=False)
        self.style_image = Modulation(code, half)
        self.image = ReplicateConv2d(half, 3, 3)
        self.detail = Detail(code)

    def forward(
        self,
        photo: Tensor,
        low: Tensor,
        features: tuple[Tensor, Tensor, Tensor],
        code: Tensor,
        strengths: tuple[Tensor, Tensor, Tensor, Tensor],
    ) -> Tensor:
        half, quarter, x = features
        at_full, at_half, at_quarter, at_eighth = strengths
        for block in self.blocks_eighth:
            x = block(x, code, at_eighth)
        x = upsample(self.up_quarter(x)) + self.skip_quarter(quarter)
        for block in self.blocks_quarter:
            x = block(x, code, at_quarter)
        x = upsample(self.up_half(x)) + self.skip_half(half)
        for block in self.blocks_half:
            x = block(x, code, at_half)
        x = F.relu6(self.style_image(x, code, at_half))
        return torch.sigmoid(self.detail(self.image(x), photo, low, code, at_full))


def upsample(x: Tensor) -> Tensor:
    """Twice the height and width, bilinear with half-pixel centres."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


EARLIER = ("decoder.style_full.mean.weight", "decoder.eighth_1.expand.weight")
"""Keys that only earlier networks named ``mobile`` have: that of before 2026-11-26, with AdaIN at
full resolution, and that of before 2026-11-27, whose strides were not blurred."""


@register("mobile")
class MobileNetwork(StyleNetwork):
    """The whole network."""

    stride = 8
    minimum_size = 8
    default = MobileConfig()
    # A small network learns its own encoder and its strength slider too: it starts from the
    # shipped weights and practises strengths below 1.
    training_defaults: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {
            "start": "shipped",
            "average": 0.999,
            "strength.full": 0.7,
            "strength.none": 0.15,
            "data.shift": 4,
            "terms.reconstruction.weight": 10,
            "optimizer.rate": 3e-4,
            "optimizer.clip": 5,
            "engine.compile": "auto",
        }
    )

    def __init__(self, config: MobileConfig | None = None) -> None:
        super().__init__()
        self.config = config or self.default
        self.code_size = self.config.code_size
        self.halve = BlurDownsample(3)
        self.encoder = ContentEncoder(self.config)
        self.style_encoder = StyleEncoder(self.config)
        self.decoder = Decoder(self.config)

    def configuration(self) -> dict[str, Any]:
        """The fields of ``MobileConfig``."""
        return asdict(self.config)

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> MobileNetwork:
        """A network of the sizes that a checkpoint states.

        Raises:
            ValueError: for values that are no ``MobileConfig``.
        """
        if not configuration:
            return cls()
        if unknown := configuration.keys() - MobileConfig.__dataclass_fields__.keys():
            raise ValueError(f"{min(unknown)!r} is no size of this network")
        return cls(msgspec.convert(dict(configuration), MobileConfig))

    @classmethod
    def adopt(cls, state: State, source: Path, encoder: Path | None) -> State:
        """The tensors as they are.

        Raises:
            UserError: for weights of an earlier network of this name.
        """
        if any(key in state for key in EARLIER):
            raise UserError(
                f"{source} holds weights of an earlier {cls.name} network, which is replaced; "
                "train again, or use the version of facestyle that it was trained with"
            )
        return super().adopt(state, source, encoder)

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
        low = self.halve(photo)
        return self.decoder(photo, low, self.encoder(low), code, strengths)

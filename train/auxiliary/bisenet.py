"""BiSeNet: the parts of a face from a photo (paper 1, section 5.1; Yu et al., ECCV 2018).

A *spatial path* of three strided convolutions keeps fine detail at 1/8 of the resolution. A
*context path*, a ResNet-18 with global average pooling at its tail, sees the whole face; its
features at 1/16 and 1/32 are reweighted by *attention refinement modules*. A *feature fusion
module* joins the two. Two auxiliary heads on the context path help in training only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.checkpoint import read_tensors
from facestyle.errors import UserError, unknown
from train.auxiliary.face_classes import CLASSES
from train.auxiliary.resnet import ResNetConfig, ResNetEncoder, initialise


@dataclass(frozen=True)
class BiSeNetConfig:
    """Sizes of a BiSeNet.

    Attributes:
        encoder: the context path's ResNet.
        spatial: channels of the spatial path; its first two layers have half as many.
        context: channels of the context path after the encoder.
        fused: channels after the feature fusion module.
        classes: number of logits.
        spatial_path: without one, the encoder's features at 1/8 take its place and ``spatial``
            means nothing, as in the widely used public weights.
    """

    encoder: ResNetConfig
    spatial: int
    context: int
    fused: int
    classes: int = len(CLASSES)
    spatial_path: bool = True


PARSING_NETWORKS: Mapping[str, BiSeNetConfig] = MappingProxyType(
    {
        "bisenet": BiSeNetConfig(ResNetConfig(18, 64), spatial=128, context=128, fused=256),
        "bisenet_small": BiSeNetConfig(ResNetConfig(18, 24), spatial=32, context=64, fused=64),
    }
)
"""By name: paper 1's size, and one that two processor cores can train."""


class BiSeNet(nn.Module):
    """Photo to logits of its parts; see the module's docstring.

    Global pooling leaves batch normalisation one value per image and channel, so training needs
    batches of two images or more.
    """

    def __init__(self, config: BiSeNetConfig) -> None:
        super().__init__()
        self.encoder = ResNetEncoder(config.encoder)
        _, at8, at16, at32 = self.encoder.channels
        if config.spatial_path:
            half = config.spatial // 2
            self.spatial: nn.Sequential | None = nn.Sequential(
                _convolution(3, half, 3, stride=2),
                _convolution(half, half, 3, stride=2),
                _convolution(half, config.spatial, 3, stride=2),
            )
        else:
            self.spatial = None
        self.tail = nn.Sequential(nn.AdaptiveAvgPool2d(1), _convolution(at32, config.context, 1))
        self.refine32 = AttentionRefinement(at32, config.context)
        self.refine16 = AttentionRefinement(at16, config.context)
        self.smooth32 = _convolution(config.context, config.context, 3)
        self.smooth16 = _convolution(config.context, config.context, 3)
        spatial = config.spatial if config.spatial_path else at8
        self.fusion = FeatureFusion(spatial + config.context, config.fused)
        self.main_head = _head(config.fused, config.fused, config.classes)
        self.head16 = _head(config.context, config.context // 2, config.classes)
        self.head32 = _head(config.context, config.context // 2, config.classes)
        initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        """The main head's logits.

        Args:
            image: (N, 3, H, W), RGB in [0, 1], H and W of at least 32.

        Returns:
            (N, classes, H/8, W/8), sizes rounded up.
        """
        fused, _, _ = self._features(image)
        return self.main_head(fused)

    def heads(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the main head and, for training, of the two auxiliary ones.

        Returns:
            (N, classes, h, w) at 1/8, 1/8 and 1/16 of the resolution, sizes rounded up.
        """
        fused, context8, context16 = self._features(image)
        return self.main_head(fused), self.head16(context8), self.head32(context16)

    def _features(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, at8, at16, at32 = self.encoder(image)
        x = self.refine32(at32) + self.tail(at32)
        context16 = self.smooth32(_enlarge(x, at16))
        x = self.refine16(at16) + context16
        context8 = self.smooth16(_enlarge(x, at8))
        # Centred, so that the zeros around the image are grey rather than black.
        detail = at8 if self.spatial is None else self.spatial(image - 0.5)
        return self.fusion(detail, context8), context8, context16


class AttentionRefinement(nn.Module):
    """(N, inputs, h, w) to (N, outputs, h, w), channels weighted by what the whole map shows."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = _convolution(inputs, outputs, 3)
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(outputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The refined features."""
        x = self.convolution(x)
        return x * self.attention(x)


class FeatureFusion(nn.Module):
    """Detail and context, (N, C, h, w) each, C summing to ``inputs``, to (N, outputs, h, w)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = _convolution(inputs, outputs, 1)
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(outputs, outputs // 4, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(outputs // 4, outputs, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, detail: Tensor, context: Tensor) -> Tensor:
        """The fused features."""
        x = self.convolution(torch.cat((detail, context), 1))
        return x + x * self.attention(x)


def create_parsing(name: str) -> BiSeNet:
    """A parsing network with fresh random weights, in eval mode.

    Raises:
        UserError: for an unknown name.
    """
    if name not in PARSING_NETWORKS:
        raise unknown("parsing network", name, PARSING_NETWORKS)
    return BiSeNet(PARSING_NETWORKS[name]).eval()


PUBLIC_CLASSES = (
    *("background", "skin", "l_brow", "r_brow", "l_eye", "r_eye", "glasses", "l_ear", "r_ear"),
    *("earring", "nose", "mouth", "u_lip", "l_lip", "neck", "necklace", "cloth", "hair", "hat"),
)
"""Order of the public weights' logits."""

_PUBLIC_NAMES = MappingProxyType(
    {
        "encoder": "cp.resnet",
        "tail.1.0": "cp.conv_avg.conv",
        "tail.1.1": "cp.conv_avg.bn",
        **{
            name: public
            for n in (16, 32)
            for name, public in {
                f"refine{n}.convolution.0": f"cp.arm{n}.conv.conv",
                f"refine{n}.convolution.1": f"cp.arm{n}.conv.bn",
                f"refine{n}.attention.1": f"cp.arm{n}.conv_atten",
                f"refine{n}.attention.2": f"cp.arm{n}.bn_atten",
                f"smooth{n}.0": f"cp.conv_head{n}.conv",
                f"smooth{n}.1": f"cp.conv_head{n}.bn",
            }.items()
        },
        "fusion.convolution.0": "ffm.convblk.conv",
        "fusion.convolution.1": "ffm.convblk.bn",
        "fusion.attention.1": "ffm.conv1",
        "fusion.attention.3": "ffm.conv2",
        **{
            name: public
            for head, theirs in (("main_head", ""), ("head16", "16"), ("head32", "32"))
            for name, public in {
                f"{head}.0.0": f"conv_out{theirs}.conv.conv",
                f"{head}.0.1": f"conv_out{theirs}.conv.bn",
                f"{head}.1": f"conv_out{theirs}.conv_out",
            }.items()
        },
    }
)
"""Modules here and in the public weights."""


def load_public(path: Path) -> BiSeNet:
    """The widely used public CelebAMask-HQ weights, ``79999_iter.pth``.

    They are of zllrunning's face-parsing.PyTorch: a BiSeNet of paper 1's size that takes the
    ResNet's features at 1/8 for its spatial path, and has another order of classes.

    Args:
        path: a state dict, as published or as safetensors.

    Returns:
        The network in eval mode; its logits are in the order of ``face_classes.CLASSES``.

    Raises:
        UserError: when the file is missing, damaged or of another layout.
    """
    state, _ = read_tensors(path)
    network = BiSeNet(
        BiSeNetConfig(ResNetConfig(18, 64), spatial=0, context=128, fused=256, spatial_path=False)
    )
    order = torch.tensor([PUBLIC_CLASSES.index(name) for name in CLASSES])
    ours = {}
    for key, value in network.state_dict().items():
        if key.endswith(".num_batches_tracked"):
            ours[key] = value
            continue
        public = _public_key(key)
        if public not in state:
            raise UserError(f"{path} is not the public face parser: {public!r} is missing")
        found = state[public].float()
        if found.shape != value.shape:
            raise UserError(
                f"{path} is not the public face parser: {public!r} is {tuple(found.shape)}, "
                f"expected {tuple(value.shape)}"
            )
        ours[key] = found[order] if public.endswith(".conv_out.weight") else found
    network.load_state_dict(ours)
    return network.eval()


def _public_key(key: str) -> str:
    for name, public in _PUBLIC_NAMES.items():
        if key.startswith(f"{name}."):
            return public + key.removeprefix(name)
    raise AssertionError(f"{key!r} has no public name")


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _head(inputs: int, hidden: int, classes: int) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, hidden, 3), nn.Conv2d(hidden, classes, 1, bias=False))


def _enlarge(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode="nearest")

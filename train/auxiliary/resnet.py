"""ResNet without its classifier: the encoder of the depth networks and of BiSeNet.

He et al., "Deep Residual Learning for Image Recognition", 2015, built from torchvision's own
blocks under torchvision's own names, so that its ImageNet weights load as they are.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, ResNet50_Weights
from torchvision.models.resnet import BasicBlock, Bottleneck

from facestyle.errors import UserError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of RGB in [0, 1], as torchvision's weights want it."""

STRIDE = 32
"""Of the deepest features; networks on this encoder take no smaller images."""

PUBLISHED_WIDTH = 64

_BLOCKS: dict[int, tuple[type[BasicBlock | Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    50: (Bottleneck, (3, 4, 6, 3)),
}
"""Kind of block and how many of them in each stage, by depth."""

_IMAGENET_URLS = {
    18: ResNet18_Weights.IMAGENET1K_V1.url,
    50: ResNet50_Weights.IMAGENET1K_V1.url,
}


@dataclass(frozen=True)
class ResNetConfig:
    """Which ResNet.

    Attributes:
        depth: 18 or 50 layers.
        width: channels of the first stage, 64 in the published nets; every stage doubles them.

    Raises:
        ValueError: for another depth or a width below 1.
    """

    depth: int = 18
    width: int = PUBLISHED_WIDTH

    def __post_init__(self) -> None:
        if self.depth not in _BLOCKS:
            raise ValueError(f"depth must be one of {', '.join(map(str, _BLOCKS))}: {self.depth}")
        if self.width < 1:
            raise ValueError(f"width must be at least 1: {self.width}")


class ResNetEncoder(nn.Module):
    """An image as features of four scales.

    Attributes:
        channels: of the features of strides 4, 8, 16 and 32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: ResNetConfig = ResNetConfig()) -> None:
        super().__init__()
        self.config = config
        block, counts = _BLOCKS[config.depth]
        width = config.width
        self.conv1 = nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        widths = tuple(width * 2**stage for stage in range(4))
        outputs = tuple(planes * block.expansion for planes in widths)
        self.layer1 = _stage(block, width, widths[0], counts[0], stride=1)
        self.layer2 = _stage(block, outputs[0], widths[1], counts[1], stride=2)
        self.layer3 = _stage(block, outputs[1], widths[2], counts[2], stride=2)
        self.layer4 = _stage(block, outputs[2], widths[3], counts[3], stride=2)
        self.channels: tuple[int, int, int, int] = (outputs[0], outputs[1], outputs[2], outputs[3])
        # Not among the weights: they belong to every net of this kind, trained here or not.
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        initialise(self)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features of strides 4, 8, 16 and 32.

        Args:
            image: (N, 3, H, W), RGB in [0, 1]; normalised with ImageNet's mean and std here.

        Returns:
            Four tensors (N, C, H / stride, W / stride), sizes rounded up, C as in ``channels``.
        """
        x = self.relu(self.bn1(self.conv1((image - self.mean) / self.std)))
        x4 = self.layer1(self.maxpool(x))
        x8 = self.layer2(x4)
        x16 = self.layer3(x8)
        return x4, x8, x16, self.layer4(x16)

    def load_imagenet(self) -> None:
        """Take over torchvision's ImageNet weights, downloaded on first use and checked.

        Raises:
            UserError: for another width than 64, of which no weights are published; when the
                file cannot be downloaded or arrives damaged.
        """
        if self.config.width != PUBLISHED_WIDTH:
            raise UserError(
                f"ImageNet weights exist for ResNets of width {PUBLISHED_WIDTH} only, "
                f"not {self.config.width}; train this one from scratch"
            )
        url = _IMAGENET_URLS[self.config.depth]
        try:
            state = torch.hub.load_state_dict_from_url(
                url, map_location="cpu", check_hash=True, weights_only=True
            )
            self.load_state_dict({k: v for k, v in state.items() if not k.startswith("fc.")})
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(
                f"cannot get ImageNet weights from {url} ({reason}); go online once, put the file "
                f"into {torch.hub.get_dir()}/checkpoints, or train from scratch"
            ) from error


def initialise(network: nn.Module) -> None:
    """He's initialisation of all convolutions; batch normalisation starts as the identity."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def _stage(
    block: type[BasicBlock | Bottleneck], inputs: int, planes: int, count: int, stride: int
) -> nn.Sequential:
    outputs = planes * block.expansion
    shortcut = None
    if stride != 1 or inputs != outputs:
        shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False),
            nn.BatchNorm2d(outputs),
        )
    first = block(inputs, planes, stride, shortcut)
    return nn.Sequential(first, *(block(outputs, planes) for _ in range(1, count)))

"""The AdaIN training loop as it is commonly published, for comparison with ours.

Written from the method's description (Huang & Belongie, ICCV 2017, section 6; paper 1, section
3) in plain PyTorch: networks as sequences of layers, the encoder run on its own for painting,
photo and output, images decoded, resized and cropped anew each time. It sees the same files as
the recipe ``adain`` and computes the same losses, but for the floor under the variance that
``facestyle.adain`` has for half precision (below 0.1 %).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from facestyle.networks.vgg19 import DECODER, ENCODER, POOLED, UPSAMPLED, VGG19Network
from train.data.samples import Sample

EPSILON = 1e-5
"""Added to the variance."""

STYLE_WEIGHT = 10.0


class PlainEncoder(nn.Module):
    """VGG-19 up to relu4_1 in four stages, each ending where the style loss looks."""

    def __init__(self, network: VGG19Network) -> None:
        super().__init__()
        encoder = network.encoder
        preprocess = nn.Conv2d(3, 3, 1)
        preprocess.load_state_dict(encoder.preprocess.state_dict())
        stage: list[nn.Module] = [preprocess]
        stages = []
        for name in ENCODER:
            if name in POOLED:
                stage.append(nn.MaxPool2d(2))
            stage += [*_padded(encoder, name), nn.ReLU()]
            if name.endswith("_1"):
                stages.append(nn.Sequential(*stage))
                stage = []
        self.stages = nn.ModuleList(stages)
        self.requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """relu1_1, relu2_1, relu3_1 and relu4_1 of (N, 3, H, W) in [0, 1]."""
        found = []
        for stage in self.stages:
            image = stage(image)
            found.append(image)
        return found


class PublishedLoop:
    """Networks, optimiser and one step."""

    def __init__(self, network: VGG19Network, device: torch.device) -> None:
        """Begin with copies of a network's weights."""
        self.device = device
        self.encoder = PlainEncoder(network).to(device)
        self.decoder = plain_decoder(network).to(device)
        self.optimizer = torch.optim.Adam(self.decoder.parameters(), 1e-4)

    def losses(self, photo: Tensor, painting: Tensor) -> tuple[Tensor, Tensor]:
        """Content and style loss of a batch (N, 3, H, W) in [0, 1]."""
        style = self.encoder(painting)
        content = self.encoder(photo)[-1]
        target = adaptive_normalization(content, style[-1])
        output = self.encoder(self.decoder(target))
        loss_content = F.mse_loss(output[-1], target)
        loss_style = torch.zeros((), device=self.device)
        for own, wanted in zip(output, style):
            for a, b in zip(mean_and_std(own), mean_and_std(wanted)):
                loss_style = loss_style + F.mse_loss(a, b)
        return loss_content, loss_style

    def step(self, photo: Tensor, painting: Tensor) -> None:
        """Learn from a batch on the CPU."""
        content, style = self.losses(photo.to(self.device), painting.to(self.device))
        self.optimizer.zero_grad()
        (content + STYLE_WEIGHT * style).backward()
        self.optimizer.step()


def plain_decoder(network: VGG19Network) -> nn.Sequential:
    """The decoder as a sequence of layers, with a network's weights."""
    layers: list[nn.Module] = []
    for name in DECODER:
        if name in UPSAMPLED:
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        layers += [*_padded(network.decoder, name), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def mean_and_std(features: Tensor) -> tuple[Tensor, Tensor]:
    """Of every channel of (N, C, H, W), (N, C, 1, 1) each."""
    flat = features.flatten(2)
    mean, std = flat.mean(2), (flat.var(2, unbiased=False) + EPSILON).sqrt()
    return mean[..., None, None], std[..., None, None]


def adaptive_normalization(content: Tensor, style: Tensor) -> Tensor:
    """Content features with the style's mean and std (paper 1, Eq. 1)."""
    mean, std = mean_and_std(content)
    style_mean, style_std = mean_and_std(style)
    return (content - mean) / std * style_std + style_mean


class Crops(Dataset[Tensor]):
    """Random crops; each image is decoded and resized whenever its turn comes."""

    def __init__(self, samples: Sequence[Sample], short_side: int, size: int) -> None:
        self.samples, self.short_side, self.size = samples, short_side, size

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Tensor:
        """(3, size, size) in [0, 1]."""
        image = self.samples[index].image()
        scale = self.short_side / min(image.size)
        width, height = (max(self.short_side, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BILINEAR)
        left, top = (int(torch.randint(side - self.size + 1, ())) for side in (width, height))
        image = image.crop((left, top, left + self.size, top + self.size))
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float() / 255


class Turns:
    """Which images make up the batches of the next steps; a new order after every epoch."""

    def __init__(self, count: int, batch: int) -> None:
        self.count, self.batch = count, batch
        self.steps = 0
        self._left: list[int] = []

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        for _ in range(self.steps):
            while len(self._left) < self.batch:
                self._left += torch.randperm(self.count).tolist()
            yield self._left[: self.batch]
            del self._left[: self.batch]


class Loader:
    """Batches of crops for so many steps at a time.

    None is made before it is asked for: a loader that ran ahead while another loop is being
    timed would disturb that one and get its own batches for nothing.
    """

    def __init__(self, crops: Crops, batch: int, workers: int) -> None:
        """Decode in ``workers`` processes, or in this one for 0."""
        self.turns = Turns(len(crops), batch)
        self.loader = DataLoader(
            crops,
            batch_sampler=self.turns,
            num_workers=workers,
            persistent_workers=workers > 0,
        )

    def batches(self, steps: int) -> Iterator[Tensor]:
        """(N, 3, size, size) for every step."""
        self.turns.steps = steps
        return iter(self.loader)


def _padded(part: nn.Module, name: str) -> tuple[nn.Module, nn.Module]:
    """A layer of ours as padding and convolution, with a copy of its weights."""
    own = part.get_submodule(name)
    assert isinstance(own, nn.Conv2d)
    plain = nn.Conv2d(own.in_channels, own.out_channels, 3)
    plain.load_state_dict(own.state_dict())
    return nn.ReflectionPad2d(1), plain

"""The frozen network whose features the losses compare: a VGG-19, whole or distilled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.errors import UserError
from facestyle.networks.vgg19 import TORCHVISION_VGG19, Encoder, NoDownload, load_encoder
from facestyle.tensor_files import read_tensors

STAGES = (
    ("conv1_1",),
    ("conv1_2", "pool", "conv2_1"),
    ("conv2_2", "pool", "conv3_1"),
    ("conv3_2", "conv3_3", "conv3_4", "pool", "conv4_1"),
)
HEAD_STRIDES = (4, 2, 2, 1)
"""Every how many positions a head is evaluated: enough for statistics, a quarter the cost.
Recipes shift the crops at random (``data.shift``), so no lattice of positions is favoured."""


class Features(NamedTuple):
    """What one layer sees of an image."""

    narrow: Tensor
    """(N, c, H', W'), for terms that need many positions but not VGG's own channels."""
    full: Tensor
    """(N, C, H'', W''), features of VGG-19 itself, or predictions of them."""


class Perceptual(nn.Module, ABC):
    """A network whose features losses and metrics compare.

    Attributes:
        encoder: VGG-19's own encoder, where the network is made of one; else None.
    """

    encoder: Encoder | None

    @abstractmethod
    def forward(self, image: Tensor, layers: Iterable[str]) -> dict[str, Features]:
        """What the named layers (``relu1_1`` .. ``relu4_1``) see of (N, 3, H, W) in [0, 1]."""

    @abstractmethod
    def everywhere(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """The same features of VGG-19 at every position, borders padded by reflection.

        What training leaves out for speed counts where a picture is judged.
        """


class WholeVGG(Perceptual):
    """VGG-19 itself, padded by reflection."""

    encoder: Encoder

    def __init__(self, encoder: nn.Module) -> None:
        """Look with an ``Encoder``, which may be part of another network."""
        super().__init__()
        self.encoder = cast(Encoder, encoder)

    def forward(self, image: Tensor, layers: Iterable[str]) -> dict[str, Features]:
        """What the named layers (``relu1_1`` .. ``relu4_1``) see of (N, 3, H, W) in [0, 1]."""
        found = self.everywhere(image, layers)
        return {layer: Features(value, value) for layer, value in found.items()}

    def everywhere(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """See ``Perceptual``."""
        return self.encoder.features(image, layers)


class DistilledVGG(Perceptual):
    """A VGG-19 compressed 16 times: narrow trunk, 1x1 heads that predict the real features.

    Collaborative distillation (Wang et al., CVPR 2020). Expects RGB in [0, 1], normalises it
    itself. Pads with zeros where the original reflects: a third off the cost of a step, and
    all the images that a loss compares are padded alike.
    """

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.encoder = None
        for name, tensor in state.items():
            self.register_buffer(name.replace(".", "_"), tensor, persistent=False)

    def _conv(self, name: str, x: Tensor, padding: int = 0) -> Tensor:
        weight, bias = getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias")
        return F.conv2d(x, weight, bias, padding=padding)

    def forward(self, image: Tensor, layers: Iterable[str]) -> dict[str, Features]:
        """What the named layers (of relu1_1, relu2_1, relu3_1, relu4_1) see of an image."""

        def convolve(name: str, x: Tensor) -> Tensor:
            return self._conv(name, x, padding=1)

        return {
            layer: Features(y, F.relu(self._conv(head, y[:, :, ::stride, ::stride])))
            for layer, head, stride, y in self._stages(image, layers, convolve)
        }

    def everywhere(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """See ``Perceptual``."""

        def convolve(name: str, x: Tensor) -> Tensor:
            return self._conv(name, F.pad(x, (1, 1, 1, 1), mode="reflect"))

        return {
            layer: F.relu(self._conv(head, y))
            for layer, head, _, y in self._stages(image, layers, convolve)
        }

    def _stages(
        self, image: Tensor, layers: Iterable[str], convolve: Callable[[str, Tensor], Tensor]
    ) -> Iterator[tuple[str, str, int, Tensor]]:
        """Each wanted layer with its head's name and stride, and the trunk's features there.

        Args:
            image: (N, 3, H, W) in [0, 1].
            layers: wanted ones.
            convolve: a named 3x3 convolution of the trunk, of the size of its input.
        """
        wanted = set(layers)
        known = [f"relu{number}_1" for number in range(1, 5)]
        if missing := wanted - set(known):
            raise UserError(f"the distilled VGG-19 has no layers {sorted(missing)}")
        y = self._conv("preprocess", image)
        for number, (layer, names, stride) in enumerate(zip(known, STAGES, HEAD_STRIDES), 1):
            if not wanted:
                break
            for name in names:
                y = F.max_pool2d(y, 2) if name == "pool" else F.relu(convolve(name, y))
            if layer in wanted:
                wanted.remove(layer)
                yield layer, f"head{number}_1", stride, y


def load_perceptual(file: str) -> Perceptual:
    """The perceptual network of a file; torchvision's VGG-19 where none is named.

    Raises:
        UserError: when the file is missing or something else, or nothing can be downloaded.
    """
    if file:
        state, _ = read_tensors(Path(file))
        if "head1_1.weight" in state:
            return DistilledVGG(state)
    try:
        weights = load_encoder(Path(file) if file else None)
    except NoDownload as error:
        raise UserError(
            "torchvision's VGG-19 could not be downloaded; give a file with --perceptual FILE "
            f"({TORCHVISION_VGG19} or the normalised VGG of public AdaIN code)"
        ) from error
    encoder = Encoder()
    encoder.load_state_dict({k.removeprefix("encoder."): v.float() for k, v in weights.items()})
    return WholeVGG(encoder)

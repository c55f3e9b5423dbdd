"""``vgg19``: the network of paper 1, a VGG-19 up to relu4_1 and the decoder that inverts it.

The encoder comes from public weights and stays frozen, the decoder is trained (paper 1,
section 3; AdaIN after Huang & Belongie, ICCV 2017). Both go by VGG's layer names: the layer
``decoder.conv3_4`` undoes what ``encoder.conv3_4`` did.

The functions at the end turn weights published in other layouts into this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.adain import adain, normalize, statistics
from facestyle.errors import UserError
from facestyle.networks.base import StyleNetwork, register
from facestyle.networks.layers import ReflectConv2d, UpsampleReflectConv2d
from facestyle.tensor_files import read_tensors

Shape = tuple[int, ...]
State = Mapping[str, Tensor]

TORCHVISION_VGG19 = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"

ENCODER = {
    "conv1_1": (3, 64),
    "conv1_2": (64, 64),
    "conv2_1": (64, 128),
    "conv2_2": (128, 128),
    "conv3_1": (128, 256),
    "conv3_2": (256, 256),
    "conv3_3": (256, 256),
    "conv3_4": (256, 256),
    "conv4_1": (256, 512),
}
"""Input and output channels of the encoder's convolutions, first to last."""

DECODER = {name: (outputs, inputs) for name, (inputs, outputs) in reversed(ENCODER.items())}
"""The same for the decoder, its mirror, first to last."""

POOLED = ("conv2_1", "conv3_1", "conv4_1")
"""Encoder layers that max-pooling by 2 precedes."""

UPSAMPLED = ("conv3_4", "conv2_2", "conv1_2")
"""Decoder layers that upsampling by 2 precedes: those that mirror the ones before a pool."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Of the RGB values in [0, 1] that torchvision's VGG-19 was trained on."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""See ``IMAGENET_MEAN``."""


class Encoder(nn.Module):
    """VGG-19 up to relu4_1, padded by reflection.

    ``preprocess`` is a 1x1 convolution that turns RGB in [0, 1] into the colours the weights
    were trained on; until weights are loaded it is ImageNet's mean and std.
    """

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = nn.Conv2d(3, 3, 1)
        for name, (inputs, outputs) in ENCODER.items():
            self.add_module(name, ReflectConv2d(inputs, outputs))
        initialize(self)
        self.preprocess.load_state_dict(imagenet_preprocess())

    def features(self, image: Tensor, layers: Iterable[str] = ("relu4_1",)) -> dict[str, Tensor]:
        """What the named layers see of an image; computes nothing beyond the deepest of them.

        Args:
            image: (N, 3, H, W) in [0, 1], H and W of at least ``VGG19Network.minimum_size``
                for relu4_1.
            layers: of ``relu1_1``, ``relu1_2``, ``relu2_1`` .. ``relu4_1``.

        Returns:
            (N, C, H/s, W/s) of each, non-negative, in the order of the network; C is 64, 128,
            256, 512 and s is 1, 2, 4, 8 in blocks 1 to 4.
        """
        wanted = set(layers)
        if unknown := wanted - {name.replace("conv", "relu") for name in ENCODER}:
            raise ValueError(f"the encoder has no layers {sorted(unknown)}")
        x = self.preprocess(image)
        found: dict[str, Tensor] = {}
        for name in ENCODER:
            if found.keys() == wanted:
                break
            if name in POOLED:
                x = F.max_pool2d(x, 2)
            x = F.relu(self.get_submodule(name)(x))
            layer = name.replace("conv", "relu")
            if layer in wanted:
                found[layer] = x
        return found

    def forward(self, image: Tensor) -> Tensor:
        """relu4_1, (N, 512, H/8, W/8), of an image (N, 3, H, W) in [0, 1]."""
        return self.features(image)["relu4_1"]


class Decoder(nn.Module):
    """Features like relu4_1, (N, 512, H, W), to an image (N, 3, 8H, 8W).

    The image is not clamped: no activation follows the last convolution, so that training
    sees by how much a pixel leaves [0, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        for name, (inputs, outputs) in DECODER.items():
            layer = UpsampleReflectConv2d if name in UPSAMPLED else ReflectConv2d
            self.add_module(name, layer(inputs, outputs))
        initialize(self)
        # An untrained decoder should draw around mid-grey, not clamp to black and white.
        last = self.get_submodule("conv1_1")
        nn.init.normal_(last.weight, std=0.01)  # type: ignore[arg-type]
        nn.init.constant_(last.bias, 0.5)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        x = features
        for name in DECODER:
            x = self.get_submodule(name)(x)
            if name != "conv1_1":
                x = F.relu(x)
        return x


@register("vgg19")
class VGG19Network(StyleNetwork):
    """The whole network; a style code is the mean and the std of a painting's relu4_1."""

    style_encoder_name = "encoder"
    learns_style_encoder = False
    perceptual_layer = "relu4_1"
    reads_published_weights = True
    # Paper 1's own: what its recipes were written for.
    training_defaults: ClassVar[Mapping[str, Any]] = {}

    stride = 8
    code_size = 1024
    minimum_size = 16
    """Least H and W of an image: reflection at 1/8 resolution needs two positions."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    @classmethod
    def adopt(cls, state: State, source: Path, encoder: Path | None) -> dict[str, Tensor]:
        """Weights in any layout of ``recognize``, with those of an encoder where they lack one.

        Args:
            state: all tensors of the file: decoder, or decoder and encoder.
            source: the file, for messages.
            encoder: see ``load_encoder``.

        Raises:
            UserError: when a file is missing, damaged or something else, or the encoder would not
                be used.
        """
        own = _recognize(state, source)
        if not any(key.startswith("encoder.") for key in own):
            return own | load_encoder(encoder)
        if encoder is not None:
            raise UserError(f"{source} brings its own encoder; leave --encoder out")
        return own

    def paint_encoded(
        self, photo: Tensor, painting: Tensor, strength: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paint in training from relu4_1 of both, (N, 512, H/8, W/8); not clamped."""
        mean, std = (value[..., None, None] for value in statistics(painting))
        return self.decoder(adain(photo, mean, std, strength)), torch.cat((mean, std), 1)

    def encode_style(self, painting: Tensor) -> Tensor:
        """Style code (N, code_size, 1, 1) of a painting (N, 3, H, W) in [0, 1]."""
        style = normalize(self.encoder(painting))
        return torch.cat((style.mean, style.std), 1)

    def stylize(self, photo: Tensor, code: Tensor, strength: Tensor) -> Tensor:
        """Paint a photo (paper 1, Eq. 1; with a map, paper 2's depth-controlled strength).

        Args:
            photo: (N, 3, H, W) in [0, 1], H and W multiples of ``stride``, not below
                ``minimum_size``.
            code: (N, code_size, 1, 1).
            strength: (N, 1, 1, 1), or a map (N, 1, H, W), in [0, 1].

        Returns:
            (N, 3, H, W) in [0, 1].
        """
        if strength.shape[-2:] != (1, 1):
            strength = F.avg_pool2d(strength, self.stride)
        # Equal chunks convert to TFLite unharmed; unequal ones become an operator phones lack.
        mean, std = torch.chunk(code, 2, 1)
        return self.decoder(adain(self.encoder(photo), mean, std, strength)).clamp(0, 1)


def initialize(module: nn.Module) -> None:
    """Random weights that keep activations in scale through ReLUs (He et al., ICCV 2015)."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def imagenet_preprocess() -> dict[str, Tensor]:
    """``(x - IMAGENET_MEAN) / IMAGENET_STD`` as the state dict of a 1x1 convolution."""
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    return {"weight": torch.diag(1 / std).reshape(3, 3, 1, 1), "bias": -mean / std}


TORCHVISION = dict(zip(ENCODER, (0, 2, 5, 7, 10, 12, 14, 16, 19)))
"""Where torchvision's ``vgg19().features`` has the encoder's layers."""

NORMALISED = dict(zip(("preprocess", *ENCODER), (0, 2, 5, 9, 12, 16, 19, 22, 25, 29)))
"""Where the public "normalised" VGG-19, a Sequential with padding layers, has them."""

SEQUENTIAL_DECODER = dict(zip(DECODER, (1, 5, 8, 11, 14, 18, 21, 25, 28)))
"""Where AdaIN decoders published as a Sequential with padding layers have ours."""


def from_torchvision(state: State) -> dict[str, Tensor]:
    """Encoder weights from torchvision's VGG-19, keys with or without ``features.``.

    Layers beyond relu4_1 are ignored. Raises ``ValueError`` if ``state`` is something else.
    """
    layers = _pick("torchvision VGG-19", _bare(state, "features."), "encoder", TORCHVISION)
    # Double and half weights get a preprocess of their own kind.
    like = layers["encoder.conv1_1.weight"]
    preprocess = {
        f"encoder.preprocess.{key}": value.to(like) for key, value in imagenet_preprocess().items()
    }
    return preprocess | layers


def from_normalised(state: State) -> dict[str, Tensor]:
    """Encoder weights from the "normalised" VGG-19 that AdaIN's authors published.

    Layers beyond relu4_1 are ignored. Raises ``ValueError`` if ``state`` is something else.
    """
    return _pick("normalised VGG-19", _bare(state), "encoder", NORMALISED)


def decoder_from_sequential(state: State) -> dict[str, Tensor]:
    """Decoder weights from an AdaIN decoder, keys with or without ``decoder.``.

    Raises ``ValueError`` if ``state`` is something else.
    """
    return _pick("AdaIN decoder", _bare(state, "decoder."), "decoder", SEQUENTIAL_DECODER)


def recognize(state: State) -> dict[str, Tensor]:
    """Weights in any known layout, or already in this network's own, under our keys.

    Returns:
        All of ``encoder.*``, or all of ``decoder.*``, or both: what ``state`` holds.

    Raises:
        ValueError: no layout fits; says what each of them misses.
    """
    layouts: tuple[Callable[[State], dict[str, Tensor]], ...] = (
        _own,
        from_torchvision,
        from_normalised,
        decoder_from_sequential,
    )
    reasons = []
    for layout in layouts:
        try:
            return layout(state)
        except ValueError as reason:
            reasons.append(str(reason))
    raise ValueError("these weights fit no known layout: " + "; ".join(reasons))


def _own(state: State) -> dict[str, Tensor]:
    """The encoder and the decoder, or the one of them that is there, under their own keys."""
    bare = _bare(state)
    parts: dict[str, Iterable[str]] = {"encoder": ("preprocess", *ENCODER), "decoder": DECODER}
    found: dict[str, Tensor] = {}
    for part, names in parts.items():
        # A foreign decoder may be called "decoder." too, but then its layers are numbers.
        if any(key.startswith(f"{part}.conv") for key in bare):
            places = {name: f"{part}.{name}" for name in names}
            found |= _pick("facestyle vgg19", bare, part, places)
    if not found:
        raise ValueError("not facestyle vgg19 weights: no key begins encoder.conv or decoder.conv")
    return found


def _bare(state: State, prefix: str = "") -> dict[str, Tensor]:
    """The state dict without ``prefix`` and without the ``module.`` of ``DataParallel``."""
    return {key.removeprefix("module.").removeprefix(prefix): state[key] for key in state}


def _pick(
    layout: str, state: State, part: str, places: Mapping[str, int | str]
) -> dict[str, Tensor]:
    """Weight and bias of every layer of our ``part``, found in ``state`` at its place."""
    channels = {"preprocess": (3, 3)} | (ENCODER if part == "encoder" else DECODER)
    picked = {}
    for name, place in places.items():
        inputs, outputs = channels[name]
        size = 1 if name == "preprocess" else 3
        shapes: dict[str, Shape] = {"weight": (outputs, inputs, size, size), "bias": (outputs,)}
        for kind, shape in shapes.items():
            tensor = state.get(f"{place}.{kind}")
            if not isinstance(tensor, Tensor):
                raise ValueError(f"not {layout} weights: no tensor {place}.{kind}")
            if tensor.shape != shape:
                raise ValueError(
                    f"not {layout} weights: {place}.{kind} is {tuple(tensor.shape)}, not {shape}"
                )
            picked[f"{part}.{name}.{kind}"] = tensor
    return picked


class NoDownload(UserError):
    """Weights that are fetched on first use could not be."""


def load_encoder(path: Path | None = None) -> dict[str, Tensor]:
    """Weights of the frozen encoder, keys ``encoder.*``.

    Args:
        path: any layout that ``recognize`` knows; torchvision's VGG-19 by default,
            downloaded once by PyTorch's hub and checked against its hash.

    Raises:
        NoDownload: when nothing can be downloaded.
        UserError: when the file is missing, damaged or holds no encoder.
    """
    if path is not None:
        # Only the part asked for: a decoder beside it must not replace the checkpoint's.
        read = _recognize(read_tensors(path)[0], path)
        found = {key: value for key, value in read.items() if key.startswith("encoder.")}
        if not found:
            raise UserError(f"{path} holds a decoder, but no encoder")
        return found
    try:
        state = torch.hub.load_state_dict_from_url(
            TORCHVISION_VGG19, map_location="cpu", check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise NoDownload(
            "torchvision's VGG-19 could not be downloaded; give the encoder's weights "
            "with --encoder FILE"
        ) from error
    return recognize(state)


def _recognize(state: State, source: Path) -> dict[str, Tensor]:
    try:
        return recognize(state)
    except ValueError as error:
        raise UserError(f"{source}: {error}") from error

"""How near a picture is to a painting's style and to a photo's content, by VGG-19's features.

Defined as in the public benchmark of portraits that this project is compared on: features of
relu1_1..relu4_1 at every position, padded by reflection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from benchmarks.quality.colour_metrics import SOFT, blur
from train.auxiliary.frozen import Frozen
from train.auxiliary.perceptual import Perceptual
from train.objectives.style import gram, squared_error

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")

FLAT = 1e-5
"""Added to a channel's std before it divides."""


@dataclass(frozen=True)
class Style:
    """What the style losses compare of a picture.

    Attributes:
        means, stds: of every channel, (1, C) each, layer by layer.
        grams: (1, C, C) each.
    """

    means: tuple[Tensor, ...]
    stds: tuple[Tensor, ...]
    grams: tuple[Tensor, ...]


def features(perceptual: Frozen, image: Tensor) -> list[Tensor]:
    """relu1_1..relu4_1 of a picture, every position of each.

    Training looks at a distilled VGG-19's layers at every fourth position, padded with zeros,
    which is cheaper. To judge, all positions count, and borders are reflected as in VGG-19.

    Args:
        perceptual: as ``train.auxiliary.registry.load`` gives it.
        image: (1, 3, H, W) in [0, 1], H and W at least 32.
    """
    found = cast(Perceptual, perceptual.network).everywhere(image, LAYERS)
    return [found[layer] for layer in LAYERS]


def style_of(layers: list[Tensor]) -> Style:
    """What the style losses compare, of features (1, C, H, W) layer by layer."""
    return Style(
        tuple(layer.mean((2, 3)) for layer in layers),
        tuple(layer.std((2, 3), unbiased=False) for layer in layers),
        tuple(gram(layer) for layer in layers),
    )


def style_loss(own: Style, target: Style) -> float:
    """Sum over layers of the squared distances of channel means and of stds (paper 1, Eq. 4)."""
    pairs = (*zip(own.means, target.means), *zip(own.stds, target.stds))
    return sum(squared_error(a, b).item() for a, b in pairs)


def gram_distance(own: Style, target: Style) -> float:
    """Mean over layers of |Gram - target| / |target| (Gatys et al., 2016): texture as well."""
    shares = [((a - b).norm() / b.norm()).item() for a, b in zip(own.grams, target.grams)]
    return sum(shares) / len(shares)


def arrangement(deepest: Tensor) -> Tensor:
    """Instance-normalised relu4_1 (1, C, h, w): what is where, whatever its colours."""
    mean = deepest.mean((2, 3), keepdim=True)
    return (deepest - mean) / (deepest.std((2, 3), keepdim=True, unbiased=False) + FLAT)


def content_loss(own: Tensor, photo: Tensor) -> float:
    """Mean squared distance of two arrangements; 0 for the photo itself, about 2 at random."""
    return squared_error(own, photo).item()


def detail(image: Tensor) -> Tensor:
    """Detail of grey values around mid grey: a picture without palette and shading.

    Args:
        image: (1, 3, H, W) in [0, 1].

    Returns:
        Of the same shape and range, all three channels alike.
    """
    grey = image.mean(1, keepdim=True)
    return (0.5 + grey - blur(grey, SOFT)).clamp(0, 1).repeat(1, 3, 1, 1)


@torch.inference_mode()
def marks(perceptual: Frozen, image: Tensor) -> Style:
    """Style of the ``detail`` of a picture (1, 3, H, W): its strokes alone."""
    return style_of(features(perceptual, detail(image)))


@torch.inference_mode()
def look(perceptual: Frozen, image: Tensor) -> tuple[Style, Tensor]:
    """Style and arrangement of a picture (1, 3, H, W)."""
    layers = features(perceptual, image)
    return style_of(layers), arrangement(layers[-1])

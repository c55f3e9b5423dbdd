"""What a term of the loss may look at: three images and all that frozen networks see in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from train.perceptual import Features


@dataclass(frozen=True)
class View:
    """One image as the frozen networks see it.

    Attributes:
        image: (N, 3, H, W), about [0, 1].
        features: of the perceptual network, by layer name.
        depth: (N, 1, h, w) in metres, where a term needs it.
        parts: (N, 19, h, w) logits of face parts, where a term needs them.
    """

    image: Tensor
    features: Mapping[str, Features]
    depth: Tensor | None = None
    parts: Tensor | None = None


@dataclass(frozen=True)
class Scene:
    """One step's batch.

    Attributes:
        output: the stylised photo; gradients flow through it.
        photo: the content.
        painting: the style; only its features are looked at.
        strength: (N,), how far from photo to painting the output should be.
    """

    output: View
    photo: View
    painting: View
    strength: Tensor

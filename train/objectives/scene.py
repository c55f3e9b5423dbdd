"""What a term of the loss may look at: three images and all that frozen networks see in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
        face: (N, 1, H, W) in [0, 1], where the face is and what is just around it; of the photo
            only, where a term needs it.
        coarse: features of the image in half size, where a term needs them.
        marks: features of its luminance detail, where a term needs them.
    """

    image: Tensor
    features: Mapping[str, Features]
    depth: Tensor | None = None
    parts: Tensor | None = None
    face: Tensor | None = None
    coarse: Mapping[str, Features] = field(default_factory=dict)
    marks: Mapping[str, Features] = field(default_factory=dict)


@dataclass(frozen=True)
class Frames:
    """Two painted frames of some of the photos under a known motion.

    Attributes:
        followed: the output, moved; (n, 3, H, W).
        second: what the network made of the moved photos.
        shown: (n, H, W), where they can be compared.
    """

    followed: Tensor
    second: Tensor
    shown: Tensor


@dataclass(frozen=True)
class Scene:
    """One step's batch.

    Attributes:
        output: the stylised photo; gradients flow through it.
        photo: the content.
        painting: the style; only its features are looked at.
        strength: (N,), how far from photo to painting the output should be.
        frames: of the first n of the photos, where a term needs them.
        rounded: (m, 3, H, W), the last m of the photos painted as an 8-bit file would, likewise.
    """

    output: View
    photo: View
    painting: View
    strength: Tensor
    frames: Frames | None = None
    rounded: Tensor | None = None

"""What a term of the loss may look at: three images and all that auxiliary networks see in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from train.auxiliary.perceptual import Features
from train.auxiliary.registry import FACE

FACE_MASK, FRAMES, QUANTIZED = "face_mask", "frames", "quantized"
COARSE, MARKS = "coarse", "marks"
"""What a term can need beside what auxiliary networks see: attributes of the classes below."""

MADE_BY: Mapping[str, str] = {FACE_MASK: FACE}
"""Which auxiliary network makes one of these."""


@dataclass(frozen=True)
class ImageFeatures:
    """One image as the auxiliary networks see it.

    Attributes:
        image: (N, 3, H, W), about [0, 1].
        features: of the perceptual network, by layer name.
        seen: what the other auxiliary networks that terms need make of it, by kind: ``depth``
            (N, 1, h, w) in metres, ``face`` (N, 19, h, w) logits of face parts.
        face_mask: (N, 1, H, W) in [0, 1], where the face is and what is just around it; of the
            photo only, where a term needs it.
        coarse: features of the image in half size, where a term needs them.
        marks: features of its luminance detail, where a term needs them.
    """

    image: Tensor
    features: Mapping[str, Features]
    seen: Mapping[str, Tensor] = field(default_factory=dict)
    face_mask: Tensor | None = None
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
class LossInputs:
    """One step's batch.

    Attributes:
        output: the stylised photo; gradients flow through it.
        photo: the content.
        painting: the style; only its features are looked at.
        strength: (N,), how far from photo to painting the output should be.
        frames: of the first n of the photos, where a term needs them.
        quantized: (m, 3, H, W), the last m of the photos painted as an 8-bit file would, likewise.
    """

    output: ImageFeatures
    photo: ImageFeatures
    painting: ImageFeatures
    strength: Tensor
    frames: Frames | None = None
    quantized: Tensor | None = None

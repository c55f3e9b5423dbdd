"""Whether the stylised photo still shows the photo's face parts (paper 1, sections 5 and 9).

Pure functions of the logits (N, 19, h, w) that a frozen parsing network gives for both images,
in fp32, left and right merged. One value per image, (N,).
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from train.auxiliary.face_classes import MERGED, merge_logits

FREE = ("background", "hat", "earring", "necklace", "cloth")
"""What is not the face and may turn into anything."""

FACE = ("skin", "nose", "glasses", "eyes", "brows", "ears", "mouth", "u_lip", "l_lip")
"""What ``face_mask`` is made of."""

AREA_FLOOR = 1 / 2048
"""Share of the positions below which a part counts for less, in proportion: half a cell of the 1024
at which a photo of 256 x 256 is parsed. The eyes of a portrait have six times this, those of a
face half as wide two thirds of it; specks, of which a division by their own area would make whole
parts, have less."""


def probability_l2(output: Tensor, photo: Tensor) -> Tensor:
    """Squared L2 distance of the two probability maps (paper 1, section 5).

    Args:
        output: logits of the stylised photo.
        photo: logits of the photo.

    Returns:
        The sum over classes, mean over positions, in [0, 2].

    >>> import torch
    >>> skin, hair = torch.zeros(2, 1, 19, 4, 4)
    >>> skin[:, 1], hair[:, 13] = 99.0, 99.0
    >>> probability_l2(hair, skin).item(), probability_l2(skin, skin).item()
    (2.0, 0.0)
    """
    difference = merge_logits(output.float()).softmax(1) - merge_logits(photo.float()).softmax(1)
    return difference.square().sum(1).mean((1, 2))


def face_mask(photo: Tensor, height: int, width: int) -> Tensor:
    """Where the face is, with a rim of about an eighth of a face around it.

    Args:
        photo: logits of the photo (N, 19, h, w).
        height, width: of the mask.

    Returns:
        (N, 1, height, width) in [0, 1], without gradient.
    """
    probability = merge_logits(photo.detach().float()).softmax(1)
    face = probability[:, [MERGED.index(name) for name in FACE]].sum(1, keepdim=True)
    # One cell of the parser's grid on each side: hair line, chin, the ears' outlines.
    wide = F.max_pool2d(face, 3, 1, 1)
    return F.interpolate(wide, (height, width), mode="bilinear", align_corners=False)


def feature_margin(output: Tensor, photo: Tensor, confidence: float = 0.9) -> Tensor:
    """How far the photo's face parts are from being recognised: a hinge, each part alike.

    Paper 1 finds that the L2 loss mutes the style and asks for another one (sections 5.4, 9).
    L2 also pulls at what is recognised well enough and at all that surrounds the face, counts
    every part by its area, and has no gradient left where the output is surely wrong. Here, with
    p and q the photo's and the output's probability of a part at a position::

        cost   = max(0, log(confidence * p) - log q)
        weight = max(0, p - 1/4) * 4/3

    averaged over positions by their weight, then over the parts of the face that the photo
    shows. So a position costs nothing, and the style is free, as long as each part is recognised
    about as surely as in the photo; a photo costs nothing against itself; eyes weigh as much as
    the skin; and the gradient with respect to a logit stays bounded.

    Parts are sought by their probability rather than where they are the likeliest, because an
    eye of a small face may be the likeliest nowhere on the parser's coarse grid. A quarter is
    where they start to count, because an output may well be surer than the photo along outlines.
    Not seen: a part that appears outside the face, or as a spot on a large one.

    Args:
        output: logits of the stylised photo.
        photo: logits of the photo; no gradient flows into them.
        confidence: in (0, 1]; less asks for less and leaves more to the style.

    Returns:
        Nats, 0 and more; 0 for a photo without a face.

    >>> import torch
    >>> skin, unsure = torch.zeros(2, 1, 19, 4, 4)
    >>> skin[:, 1] = 99.0
    >>> feature_margin(skin, skin).item()
    0.0
    >>> round(feature_margin(unsure, skin).item(), 2)  # log(0.9 * 19): one of 19 classes
    2.84
    """
    face = [i for i, name in enumerate(MERGED) if name not in FREE]
    sought = merge_logits(photo.detach().float()).log_softmax(1)[:, face]
    seen = merge_logits(output.float()).log_softmax(1)[:, face]
    cost = F.relu(math.log(confidence) + sought - seen)
    weight = F.relu(sought.exp() - 1 / 4) * 4 / 3
    area = weight.mean((2, 3))
    costs = (weight * cost).mean((2, 3)) / area.clamp(min=AREA_FLOOR)
    shown = (area / AREA_FLOOR).clamp(max=1).sum(1)
    # Specks alone must not be divided up to a whole part.
    return costs.sum(1) / shown.clamp(min=1)

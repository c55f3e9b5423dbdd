"""The 19 parts of a face that CelebAMask-HQ labels (paper 1, section 5.2); 16 are told apart.

Left and right mean the wearer's side in most of its items and the viewer's in the others, so
losses and scores look at both sides as one part: eyes, brows, ears.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CLASSES = (
    *("background", "skin", "nose", "glasses", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear"),
    *("r_ear", "mouth", "u_lip", "l_lip", "hair", "hat", "earring", "necklace", "neck", "cloth"),
)
"""Names by id."""

IGNORE = 255
"""Label of pixels nobody labelled."""

MERGED = (
    *("background", "skin", "nose", "glasses", "eyes", "brows", "ears", "mouth", "u_lip"),
    *("l_lip", "hair", "hat", "earring", "necklace", "neck", "cloth"),
)
"""Names by merged id."""

_PAIRS = slice(4, 10)
"""Ids of the three pairs, left before right."""

_MERGED_IDS = (0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
"""Merged id by id."""

_COLOURS = (
    *((0, 0, 0), (255, 205, 170), (225, 135, 85), (60, 60, 200), (40, 160, 255), (120, 70, 20)),
    *((255, 150, 200), (150, 0, 40), (255, 60, 60), (200, 30, 110), (110, 60, 150)),
    *((150, 150, 0), (255, 220, 0), (0, 220, 200), (100, 190, 90), (0, 110, 90)),
)
"""RGB by merged id."""

_IGNORE_COLOUR = (128, 128, 128)


def merge_logits(logits: Tensor) -> Tensor:
    """Logits (N, 19, h, w) to (N, 16, h, w), whose softmax sums the probabilities of each pair."""
    pairs = logits[:, _PAIRS]
    both = torch.logaddexp(pairs[:, 0::2], pairs[:, 1::2])
    return torch.cat((logits[:, : _PAIRS.start], both, logits[:, _PAIRS.stop :]), 1)


def merge_labels(labels: Tensor) -> Tensor:
    """Ids of any shape, integers in 0..255, to merged ids, int64.

    255 stays, and any other number that is no class becomes 255.
    """
    table = torch.full((256,), IGNORE)
    table[: len(CLASSES)] = torch.tensor(_MERGED_IDS)
    return table.to(labels.device)[labels.long()]


def most_likely(logits: Tensor, height: int, width: int) -> Tensor:
    """Every pixel's likeliest part.

    Args:
        logits: (N, 19, h, w).
        height, width: of the image; the logits are upsampled to it bilinearly.

    Returns:
        ids (N, height, width), int64 in 0..18; a pair is given as its left one, because which
        side a network calls left is undetermined after training on merged classes.
    """
    merged = upsample(merge_logits(logits.float()), height, width).argmax(1)
    first = torch.tensor([_MERGED_IDS.index(i) for i in range(len(MERGED))], device=logits.device)
    return first[merged]


def upsample(logits: Tensor, height: int, width: int) -> Tensor:
    """Logits (N, C, h, w) to the size of the labels, bilinearly."""
    # On CPUs the gradient of this takes four times as long with channels first.
    logits = logits.contiguous(memory_format=torch.channels_last)
    return F.interpolate(logits, (height, width), mode="bilinear", align_corners=False)


def palette() -> Tensor:
    """RGB by merged id, (256, 3) uint8; grey where there is no class."""
    colours = torch.tensor([_IGNORE_COLOUR], dtype=torch.uint8).repeat(256, 1)
    colours[: len(_COLOURS)] = torch.tensor(_COLOURS, dtype=torch.uint8)
    return colours


def colorize(labels: Tensor) -> Tensor:
    """Ids (N, H, W) as a picture, (N, 3, H, W) uint8 RGB, both sides of a pair alike."""
    return palette().to(labels.device)[merge_labels(labels)].permute(0, 3, 1, 2)

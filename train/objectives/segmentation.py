"""What a parsing network is trained with: cross-entropy of the pixels it finds hard."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from train.auxiliary.face_classes import IGNORE, merge_labels, merge_logits, upsample


def ohem_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    threshold: float = 0.7,
    ignore: int = IGNORE,
    kept_fraction: float = 1 / 16,
) -> Tensor:
    """Online hard example mining (Shrivastava et al., CVPR 2016) as BiSeNet is trained with.

    The mean cross-entropy of all pixels whose true class has a probability below the threshold;
    if they are few, of the hardest ones.

    Args:
        logits: (N, C, H, W).
        labels: (N, H, W), int64 in 0..C-1, or ``ignore``.
        threshold: of the true class's probability, in (0, 1].
        ignore: label of pixels that do not count.
        kept_fraction: at least this share of the labelled pixels counts.

    Returns:
        A scalar, fp32; 0 with zero gradient where no pixel is labelled.

    >>> logits, labels = torch.zeros(1, 4, 2, 2), torch.zeros(1, 2, 2, dtype=torch.int64)
    >>> round(ohem_cross_entropy(logits, labels).item(), 4)  # log 4: one of four classes
    1.3863
    """
    logits = logits.float()
    losses = F.cross_entropy(logits, labels, ignore_index=ignore, reduction="none")
    losses = losses[labels != ignore]
    if not losses.numel():
        return (logits * 0).sum()
    hard = losses[losses > -math.log(threshold)]
    kept = math.ceil(kept_fraction * losses.numel())
    if hard.numel() < kept:
        hard = losses.topk(kept).values
    return hard.mean()


def parsing_loss(heads: Iterable[Tensor], labels: Tensor) -> Tensor:
    """The sum over BiSeNet's heads (Yu et al., Eq. 2), left and right merged.

    Args:
        heads: logits (N, 19, h, w) each, of any resolution.
        labels: (N, H, W), ids of CelebAMask-HQ; 255 is ignored.

    Returns:
        A scalar, fp32.
    """
    merged = merge_labels(labels)
    height, width = labels.shape[-2:]
    losses = [
        ohem_cross_entropy(upsample(merge_logits(head.float()), height, width), merged)
        for head in heads
    ]
    return torch.stack(losses).sum()

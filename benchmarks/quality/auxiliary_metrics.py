"""What our own auxiliary networks see of photo and painted photo.

They may have trained the model that they judge, which then pleases them more than it should:
reports say so beside the figures.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.quality.boxes import LEAST_PART, LEAST_SIDE
from train.auxiliary.depth_metrics import align
from train.auxiliary.face_classes import MERGED, most_likely
from train.auxiliary.frozen import Frozen
from train.auxiliary.parsing_metrics import confusion, scores

DEPTH, PARSING = "depth_v3_small", "bisenet_small"
"""The networks that come with the package."""


@torch.inference_mode()
def depth_map(network: Frozen, image: Tensor) -> Tensor:
    """Depth (1, 1, H, W) in metres of a picture (1, 3, H, W)."""
    found = network(image).float()
    return F.interpolate(found, image.shape[-2:], mode="bilinear", align_corners=False)


@torch.inference_mode()
def part_ids(network: Frozen, image: Tensor) -> Tensor:
    """The part (H, W) that every pixel of (1, 3, H, W) is likeliest of."""
    return most_likely(network(image), *image.shape[-2:])[0]


def depth_error_mm(own: Tensor, photo: Tensor, face: Tensor) -> float | None:
    """RMSE in millimetres over the face, scale and shift fitted there: its relief alone.

    The face only, because our network never learnt what surrounds one.

    Args:
        own, photo: (1, 1, H, W), metres.
        face: where the photo shows it, (H, W) bool.

    Returns:
        None if that is too little to fit to.
    """
    if face.sum() < LEAST_SIDE**2:
        return None
    wanted = photo.double()
    error = align(own, wanted, face[None, None]) - wanted
    return 1000 * error[..., face].square().mean().sqrt().item()


def parsing_agreement(own: Tensor, photo: Tensor) -> float:
    """Mean IoU over the parts that the photo shows, left and right as one.

    Args:
        own, photo: ids (H, W).
    """
    counts = confusion(photo, own)
    shown = counts.sum(1) >= LEAST_PART * counts.sum()
    found = scores(counts).iou
    parts = [found[name] for name, there in zip(MERGED, shown.tolist()) if there]
    return sum(parts) / len(parts)

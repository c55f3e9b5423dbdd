"""What a clean image lacks: noise, dots, a rim; one value per instance, (N,)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def total_variation(image: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels of an image (N, 3, H, W)."""
    rows = (image[:, :, 1:] - image[:, :, :-1]).abs().flatten(1).mean(1)
    columns = (image[..., 1:] - image[..., :-1]).abs().flatten(1).mean(1)
    return rows + columns


def flat_noise_loss(
    image: Tensor, content: Tensor, where: Tensor | None = None, flat: float = 0.02
) -> Tensor:
    """Fine texture that was invented where the photo has none: dots, weave, grain on skin.

    Mean square of what a 5 x 5 binomial blur removes, weighted by how flat the photo is there
    (1 where its own fine texture is well below ``flat``) and, if given, by ``where``
    (N, 1, H, W). Coarser strokes pass the blur.
    """

    def fine(x: Tensor) -> Tensor:
        blurred = x
        for _ in range(4):
            blurred = F.avg_pool2d(blurred, 2, 1)
        return x[:, :, 2:-2, 2:-2] - blurred

    own, photo = fine(image.float()), fine(content.float())
    activity = F.avg_pool2d(photo.square().mean(1, keepdim=True), 7, 1, 3)
    weight = torch.exp(-activity / flat**2)
    if where is not None:
        weight = weight * where[:, :, 2:-2, 2:-2]
    return (weight * own.square().mean(1, keepdim=True)).flatten(1).mean(1)


def border_loss(image: Tensor, content: Tensor, outer: int = 4, inner: int = 16) -> Tensor:
    """Colour shift from the rim to the band next to it, beyond the photo's own, on each side.

    Zero padding lets a network tell where the image ends; this is what keeps it from showing.
    """

    def shifts(x: Tensor) -> Tensor:
        turned = x.transpose(2, 3)
        sides = (x, x.flip(2), turned, turned.flip(2))
        return torch.stack(
            [s[:, :, :outer].mean((2, 3)) - s[:, :, outer:inner].mean((2, 3)) for s in sides], 1
        )

    return (shifts(image.float()) - shifts(content.float())).abs().flatten(1).mean(1)

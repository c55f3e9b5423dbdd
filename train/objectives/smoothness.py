"""What a clean image lacks: noise, dots, a rim; one value per instance, (N,)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def total_variation(image: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, down plus right, of (N, 3, H, W); (N,).

    >>> total_variation(torch.arange(4.0).expand(1, 3, 4, 4)).tolist()
    [1.0]
    """
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

    Args:
        image, content: (N, 3, H, W) in [0, 1].
        where: (N, 1, H, W) in [0, 1]; everywhere by default.
        flat: standard deviation of a photo's own fine texture, above which it is not flat.

    Returns:
        (N,), 0 and more.

    >>> skin = torch.full((1, 3, 16, 16), 0.5)
    >>> dots = skin.clone()
    >>> dots[..., ::2, ::2] += 0.1
    >>> flat_noise_loss(skin, skin).item() < 1e-9 < 1e-3 < flat_noise_loss(dots, skin).item()
    True
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

    Args:
        image, content: (N, 3, H, W) in [0, 1].
        outer, inner: widths in pixels of the rim, and of the rim and the band.

    Returns:
        (N,): mean over sides and colours of the absolute shift.

    >>> flat = torch.full((1, 3, 32, 32), 0.5)
    >>> framed = flat.clone()
    >>> framed[:, :, :4] = 0.9  # one side of four
    >>> round(border_loss(framed, flat).item(), 3)
    0.1
    """

    def shifts(x: Tensor) -> Tensor:
        turned = x.transpose(2, 3)
        sides = (x, x.flip(2), turned, turned.flip(2))
        return torch.stack(
            [s[:, :, :outer].mean((2, 3)) - s[:, :, outer:inner].mean((2, 3)) for s in sides], 1
        )

    return (shifts(image.float()) - shifts(content.float())).abs().flatten(1).mean(1)

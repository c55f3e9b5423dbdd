"""How far two depth maps (N, 1, H, W) are apart; one value per instance, (N,).

Paper 1, section 4.1.1, with log(x + 0.5) - log 0.5 in place of log(x + 0.5), so that a perfect
match is 0, and with the + 0.5 that its Eq. 5 lost in print (without it a perfect match would be
minus infinity).

The 0.5 is a length: errors well below it count in proportion, larger ones less and less. Depth is
in metres, so within a face the losses are linear. (Tried: decimetres, which make it 5 cm, what a
nose stands out by. An error of 2 m then pulls 40 times less than one of 1 cm, and networks that
learnt faces and rooms together never learnt rooms.)

Targets must be finite everywhere, holes filled: slopes look at neighbours. Where ``known``
(N, 1, H, W) is given, only the pixels where it is true are averaged; an instance without any
has the loss 0 and no gradient. All is computed in float32 at least, under autocast too.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

SOFTENING = 0.5
"""Errors well below it count linearly, those above logarithmically. In the maps' unit."""


def log_l1(depth: Tensor, target: Tensor, known: Tensor | None = None) -> Tensor:
    """Mean of log(|d - g| + 0.5) - log 0.5: l_logL1. (N,), 0 and more.

    >>> near, far = torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.5)
    >>> round(log_l1(far, near).item(), 4)  # log 2
    0.6931
    """
    return _mean(_log(_precise(depth) - _precise(target)), known)


def gradient_loss(depth: Tensor, target: Tensor, known: Tensor | None = None) -> Tensor:
    """The same of both slopes, added: l_grad, Eq. 5. Sees edges that are blurred or moved.

    >>> near, far = torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.5)
    >>> gradient_loss(far, near).item()
    0.0
    """
    own, wanted = slopes(depth), slopes(target)
    return _mean(_log(own[0] - wanted[0]) + _log(own[1] - wanted[1]), known)


def normal_loss(depth: Tensor, target: Tensor, known: Tensor | None = None) -> Tensor:
    """Mean of 1 - cos of the angle between surface normals: l_normal. Sees ripples.

    Normals are (-slope in x, -slope in y, 1); what is 45 degrees thus depends on the unit and on
    the size of a pixel. (N,) in [0, 2].

    >>> flat, ramp = torch.zeros(1, 1, 8, 8), torch.arange(8.0).expand(1, 1, 8, 8)
    >>> inner = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    >>> inner[..., 1:-1] = True
    >>> round(normal_loss(ramp, flat, inner).item(), 4)  # 1 - cos 45 degrees
    0.2929
    """
    # 1 - cos = half the squared distance of unit vectors, but exactly 0 for equal ones.
    difference = _normals(depth) - _normals(target)
    return _mean(difference.square().sum(1, keepdim=True) / 2, known)


def depth_loss(depth: Tensor, target: Tensor, known: Tensor | None = None) -> Tensor:
    """l_total: the sum of the three; (N,).

    >>> depth = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    >>> depth_loss(depth, depth).item()
    0.0
    """
    return (
        log_l1(depth, target, known)
        + gradient_loss(depth, target, known)
        + normal_loss(depth, target, known)
    )


def slopes(depth: Tensor) -> tuple[Tensor, Tensor]:
    """Slope in x and in y, (N, 1, H, W) each: Sobel 3x3, border replicated.

    The kernels are divided by 8, so that a ramp of one unit a pixel has the slope 1.
    """
    # Slices instead of a convolution, which autocast would take to bf16.
    padded = F.pad(_precise(depth), (1, 1, 1, 1), mode="replicate")
    upper, middle, lower = padded[:, :, :-2], padded[:, :, 1:-1], padded[:, :, 2:]
    column = (upper + 2 * middle + lower) / 4
    left, centre, right = padded[..., :-2], padded[..., 1:-1], padded[..., 2:]
    row = (left + 2 * centre + right) / 4
    return (column[..., 2:] - column[..., :-2]) / 2, (row[:, :, 2:] - row[:, :, :-2]) / 2


def _normals(depth: Tensor) -> Tensor:
    x, y = slopes(depth)
    return torch.cat((-x, -y, torch.ones_like(x)), 1) / (x.square() + y.square() + 1).sqrt()


def _log(error: Tensor) -> Tensor:
    return (error.abs() + SOFTENING).log() - math.log(SOFTENING)


def _precise(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _mean(values: Tensor, known: Tensor | None) -> Tensor:
    if known is None:
        return values.flatten(1).mean(1)
    counted = (values * known).flatten(1).sum(1)
    return counted / known.flatten(1).sum(1).clamp_min(1)

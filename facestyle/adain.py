"""Adaptive instance normalisation that is safe in half precision.

Paper 1, Eq. 1-3 (after Huang & Belongie, ICCV 2017)::

    AdaIN(x, y) = std(y) * (x - mean(x)) / std(x) + mean(y)

Squaring raw features overflows fp16 beyond 256 and vanishes below 2.4e-4, which is how
style transfer turns grey on phones. Here features are first divided by their own mean
absolute deviation, so what is squared is of order one whatever the scale of the input.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

SCALE_FLOOR = 0.1
"""Added to the mean absolute deviation, so that a flat channel is not divided by zero."""

VARIANCE_FLOOR = 1e-4
"""Added to the variance of the scaled features: moves the std by less than 0.1 % where it is above
0.05, and lets what is much smaller (below 0.001, so noise) fade instead of being blown up."""

FLAT, VARIED = 0.03, 0.1
"""For ``chained_adain``: variances of the scaled features (stds of about 0.02 and 0.045; photos
have 0.3). Below the first a channel is flat and gets none of a style's std, from the second on it
gets all, linear between."""

SHRINK = 2.0
"""What ``chained_adain`` divides by besides, so that a ReLU6 bounds squares at those of 6 x 2 mean
absolute deviations: a single bright pixel would be squared beyond half precision."""


STATISTICS_FLOOR = 1e-5
"""Added to the variance of plain ``statistics``."""


def statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and std of every channel, as training compares them (paper 1, Eq. 2 and 3).

    ``std = sqrt(mean((x - mean(x))^2) + 1e-5)``. Not for exported graphs: see ``normalize``.

    Args:
        features: (N, C, H, W), any finite range.

    Returns:
        (N, C) each, float32.

    >>> mean, std = statistics(torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2))
    >>> mean.item(), round(std.item(), 3)
    (2.0, 1.0)
    """
    # Channels lie side by side in memory: averaged so, this takes a third of what var() does.
    positions = features.permute(0, 2, 3, 1).flatten(1, 2).float()
    mean = positions.mean(1)
    variance = (positions - mean[:, None]).square().mean(1)
    return mean, (variance + STATISTICS_FLOOR).sqrt()


class Normalized(NamedTuple):
    """Instance-normalised features and what was taken out of them."""

    features: Tensor
    """(N, C, H, W), zero mean and unit std per instance and channel."""
    mean: Tensor
    """(N, C, 1, 1)."""
    std: Tensor
    """(N, C, 1, 1), population standard deviation."""


def normalize(x: Tensor) -> Normalized:
    """Take mean and std out of every channel of every instance.

    Args:
        x: features, (N, C, H, W), any finite range.

    Global average pooling rather than ``mean`` keeps the exported graph in operators
    that every mobile delegate takes.

    >>> found = normalize(torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2))
    >>> [round(value.item(), 2) for value in (found.mean, found.std)]
    [2.0, 1.0]
    """
    scaled = _scale(x)
    return Normalized(scaled.features * scaled.inverse, scaled.mean, scaled.std)


class _Scaled(NamedTuple):
    features: Tensor
    """Centred."""
    inverse: Tensor
    """What makes the features' std one."""
    mean: Tensor
    """Of the input."""
    std: Tensor
    """Of the input."""


def _scale(x: Tensor) -> _Scaled:
    """Centred features with what ``normalize`` and ``adain`` make of them.

    What is as large as the features is never divided: a reciprocal costs a value a channel, a
    division one a pixel.
    """
    mean = F.adaptive_avg_pool2d(x, 1)
    centred = x - mean
    scale = F.adaptive_avg_pool2d(centred.abs(), 1) + SCALE_FLOOR
    scaled = centred * (1 / scale)
    variance = F.adaptive_avg_pool2d(scaled * scaled, 1) + VARIANCE_FLOOR
    inverse = torch.rsqrt(variance)
    # The product of two small numbers first would vanish where half precision has no subnormals.
    return _Scaled(scaled, inverse, mean, scale * (variance * inverse))


def adain(x: Tensor, style_mean: Tensor, style_std: Tensor, strength: Tensor) -> Tensor:
    """AdaIN blended with its input.

    ``strength * AdaIN(x) + (1 - strength) * x`` (paper 1, Eq. 1; paper 2, section 3.3).

    Args:
        x: content features, (N, C, H, W).
        style_mean, style_std: target statistics, (N, C, 1, 1).
        strength: 0 keeps ``x``, 1 gives it the style's statistics. Either (N, 1, 1, 1), or
            (N, 1, H, W) for strength that varies over the image (paper 2's ``D``).

    Returns:
        (N, C, H, W).

    >>> x = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)
    >>> mean, std, full = (torch.full((1, 1, 1, 1), v) for v in (5.0, 2.0, 1.0))
    >>> [round(value, 2) for value in adain(x, mean, std, full).flatten().tolist()]
    [3.0, 7.0]
    >>> [round(value, 2) for value in adain(x, mean, std, 0 * full).flatten().tolist()]
    [1.0, 3.0]
    """
    return _blend(x, _scale(x), style_mean, style_std, strength)


def chained_adain(x: Tensor, style_mean: Tensor, style_std: Tensor, strength: Tensor) -> Tensor:
    """``adain`` for networks that apply it again and again.

    Equal to ``adain`` but for channels that are nearly flat, which get less of the style's std
    (``FLAT``): each further AdaIN would blow up the rounding noise that the one before let
    through. And what is squared is bounded at 6 ``SHRINK`` mean absolute deviations. Not for
    sparse features as those of VGG, of which that is a part.
    """
    mean = F.adaptive_avg_pool2d(x, 1)
    centred = x - mean
    deviation = centred.abs()
    scale = F.adaptive_avg_pool2d(deviation, 1) + SCALE_FLOOR
    # TFLite fuses the bound with the multiplication.
    bounded = F.relu6(deviation * (1 / SHRINK / scale))
    # The floor would be no normal number of half precision if it were shrunk instead.
    variance = SHRINK**2 * F.adaptive_avg_pool2d(bounded * bounded, 1)
    floored = variance + VARIANCE_FLOOR
    inverse = torch.rsqrt(floored)
    # The limit is a ReLU6, which 8-bit files have with a scale of its own; one before it, because
    # 86 times the variance of a single bright pixel is more than half precision has.
    varied = F.relu6((F.relu6(variance) - FLAT) * (6 / (VARIED - FLAT))) * (1 / 6)
    measured = _Scaled(centred, 1 / scale * inverse, mean, scale * (floored * inverse))
    return _blend(x, measured, style_mean, style_std * varied, strength)


def _blend(
    x: Tensor, measured: _Scaled, style_mean: Tensor, style_std: Tensor, strength: Tensor
) -> Tensor:
    features, inverse, content_mean, content_std = measured
    # Written as a sum of two products: ``a + strength * (b - a)`` cancels in half precision
    # where features are large, and would not even be exact at strength 1.
    keep = 1 - strength
    if strength.shape[-2:] == (1, 1):
        # Blending with x equals blending the statistics: three passes over the features fewer.
        std = keep * content_std + strength * style_std
        mean = keep * content_mean + strength * style_mean
        return features * (inverse * std) + mean
    return keep * x + strength * (features * (inverse * style_std) + style_mean)

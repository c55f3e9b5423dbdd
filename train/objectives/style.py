"""Style: statistics of features (N, C, H, W), compared; one value per instance, (N,)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from facestyle.adain import statistics

EPSILON = 1e-5


def squared_error(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared difference of (N, ...) and (N, ...); (N,), 0 and more.

    >>> import torch
    >>> squared_error(torch.tensor([[1.0, 5.0]]), torch.tensor([[1.0, 3.0]])).tolist()
    [2.0]
    """
    return (a - b).square().flatten(1).mean(1)


def statistics_loss(features: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Distance of channel statistics to a target: AdaIN's style loss.

    ``mean_c (mean(x) - mean)^2 + mean_c (std(x) - std)^2``: paper 1, Eq. 4, with the mean squared
    error of the published code instead of the printed L2 norm: its gradient does not grow as the
    loss vanishes.

    Args:
        features: (N, C, H, W).
        mean, std: (N, C).

    Returns:
        (N,), 0 and more.

    >>> import torch
    >>> features = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)
    >>> target = torch.tensor([[5.0]]), torch.tensor([[1.0]])
    >>> round(statistics_loss(features, *target).item(), 3)
    9.0
    """
    own_mean, own_std = statistics(features)
    return squared_error(own_mean, mean) + squared_error(own_std, std)


def gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """Gram matrix over positions, (N, C, C), divided by their number (Gatys et al., 2016).

    Args:
        features: (N, C, H, W).
        mask: (N, 1, H', W') in [0, 1], resized to the features; the Gram matrix is then of the
            masked features, divided by the masked area (paper 4 with the renormalisation that
            it leaves out).

    >>> import torch
    >>> gram(torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1)).tolist()
    [[[1.0, 2.0], [2.0, 4.0]]]
    """
    flat = features.flatten(2)
    if mask is None:
        return (flat @ flat.transpose(1, 2)).float() / flat.shape[2]
    weights = F.interpolate(mask.float(), features.shape[-2:], mode="area").flatten(2)
    flat = flat.float()
    return (flat * weights) @ flat.transpose(1, 2) / (weights.sum(2, keepdim=True) + EPSILON)


def gram_loss(own: Tensor, target: Tensor) -> Tensor:
    """``|own - target|^2 / |target|^2`` of Gram matrices (N, C, C); (N,), 0 and more.

    >>> import torch
    >>> round(gram_loss(torch.zeros(1, 2, 2), torch.ones(1, 2, 2)).item(), 4)
    1.0
    """
    difference = (own - target).square().sum((1, 2))
    return difference / (target.square().sum((1, 2)) + EPSILON)


def relative_distance(own: Tensor, target: Tensor) -> Tensor:
    """``|own - target| / |target|`` of Gram matrices (N, C, C); (N,), 0 and more.

    Not squared, so that what is nearly reached still pulls.

    >>> import torch
    >>> round(relative_distance(torch.zeros(1, 2, 2), torch.ones(1, 2, 2)).item(), 4)
    1.0
    """
    difference = (own - target).square().sum((1, 2))
    return ((difference + EPSILON) / (target.square().sum((1, 2)) + EPSILON)).sqrt()

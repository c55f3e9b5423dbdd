"""Figures that depth estimation is judged by (paper 1, section 4.3 and Table 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

THRESHOLDS = {"delta<1.25": 1.25, "delta<1.25^2": 1.25**2, "delta<1.25^3": 1.25**3}


@dataclass
class DepthScore:
    """Gathers errors over all known pixels of all images; every pixel counts alike."""

    _pixels: int = 0
    _sums: dict[str, float] = field(default_factory=dict)

    def add(self, depth: Tensor, target: Tensor, known: Tensor) -> None:
        """Take in an image, or a batch of them.

        Args:
            depth: estimate, any shape, above 0, metres.
            target: truth, the same shape, above 0 where known, metres.
            known: bool, the same shape; pixels to count.

        Raises:
            ValueError: when the shapes differ, or a known pixel's depth or target is not a
                finite number above 0.
        """
        if not depth.shape == target.shape == known.shape:
            shapes = (tuple(x.shape) for x in (depth, target, known))
            raise ValueError("shapes of depth, target and known differ: {}, {}, {}".format(*shapes))
        own, wanted = depth[known].double(), target[known].double()
        for name, values in (("depth", own), ("target", wanted)):
            if not (values.isfinite() & (values > 0)).all():
                raise ValueError(f"{name} must be a finite number above 0 at known pixels")
        error = (own - wanted).abs()
        ratio = torch.maximum(own / wanted, wanted / own)
        sums = {
            "square": error.square(),
            "REL": error / wanted,
            "log10": (own.log10() - wanted.log10()).abs(),
            **{name: (ratio < threshold).double() for name, threshold in THRESHOLDS.items()},
        }
        self._pixels += own.numel()
        for name, values in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + values.sum().item()

    def figures(self) -> dict[str, float]:
        """RMSE (metres: times 1000 is the paper's millimetres), REL, log10 and the shares of
        pixels with max(d/g, g/d) below 1.25, 1.25^2 and 1.25^3.

        Raises:
            ValueError: when no known pixel was added.
        """
        if not self._pixels:
            raise ValueError("no known pixel to judge")
        means = {name: total / self._pixels for name, total in self._sums.items()}
        return {"RMSE": math.sqrt(means.pop("square")), **means}


def align(depth: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Estimates with the scale and shift that bring each nearest to its target.

    Least squares over the known pixels of each instance, for networks that know depth up to
    scale and shift only, and to judge relief alone. Where the estimate is flat, it is shifted
    only; where nothing is known, it is returned as it is. Results may fall below 0.

    Args:
        depth: (N, 1, H, W), estimate, any unit.
        target: (N, 1, H, W), truth; what is unknown may hold anything.
        known: (N, 1, H, W), bool.

    Returns:
        (N, 1, H, W), float64, in the target's unit.
    """
    share = known.double() / known.sum((1, 2, 3), keepdim=True).clamp_min(1)

    def mean(x: Tensor) -> Tensor:
        return (x * share).sum((1, 2, 3), keepdim=True)

    own, wanted = depth.double(), torch.where(known, target, 0).double()
    own_mean, wanted_mean = mean(own), mean(wanted)
    relief = own - own_mean
    variance = mean(relief.square())
    flat = variance <= torch.finfo(torch.float32).eps ** 2 * own_mean.square()
    scale = torch.where(flat, 1, mean(relief * (wanted - wanted_mean)) / variance)
    aligned = scale * relief + wanted_mean
    return torch.where(known.flatten(1).any(1)[:, None, None, None], aligned, own)

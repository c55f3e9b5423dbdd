"""How well depth networks measure (paper 1, section 4.3 and Table 1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.evaluate.held_out import ALL, HeldOut, Photo, device
from facestyle.errors import UserError
from train.auxiliary.depth_metrics import DepthScore, align
from train.auxiliary.depth_networks import LEAST_METRES
from train.auxiliary.frozen import Frozen

FARTHEST_METRES = 10.0
"""Where aligned inverse depth ends, as in MiDaS's evaluation indoors (Ranftl et al., 2022)."""


@dataclass(frozen=True)
class DepthRow:
    """One network on one source.

    Attributes:
        network, source: short names; ``all`` is every source together.
        images: how many were used.
        figures: ``rmse_mm``, ``rel``, ``log10`` and the shares of pixels with max(d/g, g/d) below
            ``delta_1.25``, ``delta_1.25^2``, ``delta_1.25^3``; none for a network without a
            metric scale. Every known pixel counts alike.
        aligned: ``rmse_mm`` and ``rel`` after scale and shift were fitted to each photo; none if
            not asked for.
        parameters: of the network.
        gmac: billions of multiply-accumulates for one photo.
    """

    network: str
    source: str
    images: int
    figures: dict[str, float]
    aligned: dict[str, float]
    parameters: int
    gmac: float


@dataclass(frozen=True)
class DepthPicture:
    """A photo (3, H, W), its depth (1, h, w), and what networks found, by name, in metres."""

    photo: Tensor
    measured: Tensor
    found: dict[str, Tensor]


@dataclass
class _Tally:
    images: int = 0
    plain: DepthScore = field(default_factory=DepthScore)
    aligned: DepthScore = field(default_factory=DepthScore)


def measure(
    networks: Mapping[str, Frozen], data: HeldOut, short_side: int, size: int, aligned: bool
) -> tuple[list[DepthRow], list[DepthPicture]]:
    """Judge depth networks on whole photos.

    Args:
        networks: by name; as ``train.auxiliary.registry.load`` gives them.
        data: photos with depth.
        short_side: to which photos are resized, at least 32.
        size: side of the square photo at which multiply-accumulates are counted.
        aligned: whether figures after a fit of scale and shift are wanted too.

    Returns:
        rows, source by source, and last those of all sources if there are several; and some
        photos to look at.

    Raises:
        UserError: when a source has no photo that can be used, or a network without a metric
            scale is to be judged without alignment.
    """
    for name, network in networks.items():
        if not (aligned or network.network.metric):
            raise UserError(f"{name} knows depth only up to scale and shift; add --align")
    costs = {name: (_parameters(net), _gmac(net, size)) for name, net in networks.items()}
    tallies: defaultdict[tuple[str, str], _Tally] = defaultdict(_Tally)
    pictures = []
    for network in networks.values():
        network.to(device())
    for photo in data.photos(short_side):
        found = {}
        for name, network in networks.items():
            counting = [tallies[source, name] for source in (photo.source, ALL)]
            found[name] = _judge(network, photo, counting, aligned)
        if photo.shown:
            pictures.append(DepthPicture(photo.image[0], torch.tensor(photo.label)[None], found))
    sources = [*data.samples, ALL] if len(data.samples) > 1 else list(data.samples)
    rows = [
        DepthRow(
            name,
            source,
            tallies[source, name].images,
            _named(tallies[source, name].plain) if network.network.metric else {},
            _relief(tallies[source, name].aligned) if aligned else {},
            *costs[name],
        )
        for source in sources
        for name, network in networks.items()
    ]
    return rows, pictures


def _judge(network: Frozen, photo: Photo, tallies: list[_Tally], aligned: bool) -> Tensor:
    """Count one photo; its map (1, h, w) in metres, aligned where the network needs it."""
    target = torch.tensor(photo.label)[None, None]
    known = torch.isfinite(target)
    with torch.inference_mode():
        found = network(photo.image.to(device())).float().cpu()
        found = F.interpolate(found, target.shape[-2:], mode="bilinear", align_corners=False)
    metric = bool(network.network.metric)
    shown = found.clamp_min(LEAST_METRES)
    if aligned:
        fitted = _fit(found, target, known, metric)
        shown = shown if metric else fitted
    for tally in tallies:
        tally.images += 1
        if metric:
            tally.plain.add(shown, target, known)
        if aligned:
            tally.aligned.add(fitted, target, known)
    return shown[0]


def _fit(found: Tensor, target: Tensor, known: Tensor, metric: bool) -> Tensor:
    """Depth with the scale and shift that fit best, at least ``LEAST_METRES``.

    Where a network gives minus inverse depth, its inverse is what is fitted: a fit to depth
    itself would bend what is right (Ranftl et al., TPAMI 2022, section 6).
    """
    if metric:
        return align(found, target, known).clamp_min(LEAST_METRES)
    inverse = align(-found, 1 / target, known)
    return (1 / inverse.clamp_min(1 / FARTHEST_METRES)).clamp_min(LEAST_METRES)


def _named(score: DepthScore) -> dict[str, float]:
    figures = score.figures()
    named = {"rmse_mm": 1000 * figures.pop("RMSE"), "rel": figures.pop("REL")}
    return named | {name.replace("<", "_"): value for name, value in figures.items()}


def _relief(score: DepthScore) -> dict[str, float]:
    named = _named(score)
    return {key: named[key] for key in ("rmse_mm", "rel")}


def _parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def _gmac(network: nn.Module, size: int) -> float:
    """Billions of multiply-accumulates of convolutions and matrix products."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network(torch.zeros(1, 3, size, size))
    return counter.get_total_flops() / 2e9

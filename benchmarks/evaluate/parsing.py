"""How well faces are parsed (paper 1, section 5), left and right merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.evaluate.held_out import ALL, HeldOut, device
from train.auxiliary.face_classes import MERGED, most_likely
from train.auxiliary.frozen import Frozen
from train.auxiliary.parsing_metrics import ParsingScores, confusion, scores


@dataclass(frozen=True)
class ParsingRow:
    """One network on one source; short names, ``all`` is every source together."""

    network: str
    source: str
    images: int
    scores: ParsingScores


@dataclass(frozen=True)
class ParsingPicture:
    """A photo (3, H, W), its labels (h, w), and what networks found, by name, (h, w)."""

    photo: Tensor
    labelled: Tensor
    found: dict[str, Tensor]


def measure(
    networks: Mapping[str, Frozen], data: HeldOut, short_side: int
) -> tuple[list[ParsingRow], list[ParsingPicture]]:
    """Judge face parsers on whole photos, every labelled pixel alike.

    Args:
        networks: by name; as ``train.auxiliary.registry.load`` gives them.
        data: photos with parsing labels.
        short_side: to which photos are resized, at least 32.

    Returns:
        rows, source by source, and last those of all sources if there are several; and some
        photos to look at.

    Raises:
        UserError: when a source has no photo that can be used.
    """
    counts: defaultdict[tuple[str, str], Tensor] = defaultdict(
        lambda: torch.zeros(len(MERGED), len(MERGED), dtype=torch.int64)
    )
    images: defaultdict[str, int] = defaultdict(int)
    pictures = []
    for network in networks.values():
        network.to(device())
    for photo in data.photos(short_side):
        truth = torch.tensor(photo.label)
        found = {}
        for name, network in networks.items():
            with torch.inference_mode():
                logits = network(photo.image.to(device())).cpu()
                found[name] = most_likely(logits, *truth.shape)[0]
            for source in (photo.source, ALL):
                counts[source, name] += confusion(truth, found[name])
        for source in (photo.source, ALL):
            images[source] += 1
        if photo.shown:
            pictures.append(ParsingPicture(photo.image[0], truth, found))
    sources = [*data.samples, ALL] if len(data.samples) > 1 else list(data.samples)
    rows = [
        ParsingRow(name, source, images[source], scores(counts[source, name]))
        for source in sources
        for name in networks
    ]
    return rows, pictures

"""Style networks that share a style encoder, so that one code serves them all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from facestyle import checkpoint
from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS, StyleNetwork
from train.recipe import Recipe


class Family(nn.Module):
    """Networks by name, all with the style encoder of the first."""

    def __init__(self, networks: Mapping[str, StyleNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(networks)
        first, *others = networks.values()
        self.style_encoder = first.get_submodule(first.style_encoder_name)
        for other in others:
            setattr(other, other.style_encoder_name, self.style_encoder)


def start(recipe: Recipe) -> tuple[Family, tuple[Mapping[str, str], ...]]:
    """The networks as they start: random, shipped, or the file ``start`` and those beside it.

    Returns:
        them, and the metadata of the files that they began from.

    Raises:
        UserError: for an unknown name, a network whose style encoder does not learn, a bad file, or
            files of different style encoders.
    """
    found: dict[str, StyleNetwork] = {}
    encoders: set[str] = set()
    metadata: list[Mapping[str, str]] = []
    for name in (recipe.network, *recipe.along):
        if name not in NETWORKS:
            raise unknown("network", name, NETWORKS)
        if not recipe.start:
            network = checkpoint.untrained(name, recipe.seed).network
        else:
            path = None if recipe.start == "shipped" else Path(recipe.start).with_stem(name)
            loaded = checkpoint.load(path, name)
            network = loaded.network
            encoders.add(loaded.style_fingerprint)
            metadata.append(loaded.metadata)
        if not network.learns_style_encoder:
            raise UserError(f"the task joint trains networks with a style encoder, not {name}")
        network.train()
        found[name] = network
    if len(encoders) > 1:
        raise UserError(f"start={recipe.start}: the files hold different style encoders")
    return Family(found), tuple(metadata)

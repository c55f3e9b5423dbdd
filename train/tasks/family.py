"""Style networks that share a style encoder, so that one code serves them all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from facestyle import checkpoint
from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS
from facestyle.networks.mobile import MobileNetwork
from train.recipe import Recipe


class Family(nn.Module):
    """Networks by name, all with the style encoder of the first."""

    def __init__(self, networks: Mapping[str, MobileNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(networks)
        first, *others = networks.values()
        for other in others:
            other.style_encoder = first.style_encoder
        self.style_encoder = first.style_encoder


def start(recipe: Recipe) -> Family:
    """The networks as they start: random, shipped, or the file ``start`` and those beside it.

    Raises:
        UserError: for an unknown name, a network without a style encoder, a bad file, or files
            of different style encoders.
    """
    found: dict[str, MobileNetwork] = {}
    encoders: set[str] = set()
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
        if not isinstance(network, MobileNetwork):
            raise UserError(f"the task joint trains networks with a style encoder, not {name}")
        found[name] = network.train()
    if len(encoders) > 1:
        raise UserError(f"start={recipe.start}: the files hold different style encoders")
    return Family(found)

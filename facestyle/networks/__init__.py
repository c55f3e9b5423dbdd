"""The networks, by name. One file each; nothing elsewhere asks which one it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from facestyle.errors import unknown
from facestyle.networks.mobile import MobileNetwork
from facestyle.networks.studio import StudioNetwork
from facestyle.networks.vgg19 import VGG19Network


@runtime_checkable
class StyleNetwork(Protocol):
    """What every network offers. H and W are multiples of ``stride``."""

    stride: int
    minimum_size: int
    """Least height and width."""
    code_size: int

    def encode_style(self, painting: Tensor) -> Tensor:
        """Painting (N, 3, H, W) in [0, 1] to its style code (N, code_size, 1, 1)."""
        ...

    def stylize(self, photo: Tensor, code: Tensor, strength: Tensor) -> Tensor:
        """Photo (N, 3, H, W), code (N, code_size, 1, 1), strength (N, 1, 1 or H, 1 or W) in
        [0, 1] to the painted photo (N, 3, H, W) in [0, 1]."""
        ...


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "mobile": MobileNetwork,
    "studio": StudioNetwork,
    "vgg19": VGG19Network,
}


def create(name: str) -> nn.Module:
    """A network with fresh random weights, ready for inference.

    Raises:
        UserError: for an unknown name.
    """
    if name not in NETWORKS:
        raise unknown("preset", name, NETWORKS)
    return NETWORKS[name]().eval()

"""What a network offers and what it states of itself, and the registry of networks.

A new network is one file beside this one, with ``@register(NAME)`` before its class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from torch import Tensor, nn

from facestyle.errors import UserError, unknown

State = dict[str, Tensor]
"""A state dict."""


class StyleNetwork(nn.Module, ABC):
    """What every network offers. H and W are multiples of ``stride``."""

    name: ClassVar[str]
    """In ``NETWORKS``; ``register`` sets it."""

    stride: int
    minimum_size: int
    """Least height and width."""
    code_size: int

    style_encoder_name: ClassVar[str] = "style_encoder"
    """The submodule that makes the style codes: networks in which it has the same weights can use
    each other's codes."""
    learns_style_encoder: ClassVar[bool] = True
    """Whether training changes it, so that networks can be trained together on one."""

    training_defaults: ClassVar[Mapping[str, Any] | None] = None
    """Keys of a recipe (with dots) that differ for this network where the recipe was written for
    another one; None where nobody has tried: such a recipe is then refused for it."""

    perceptual_layer: ClassVar[str] = ""
    """Where not empty, the network paints from this layer of a frozen VGG-19, its submodule
    ``encoder``, which then serves the perceptual losses too; see ``paint_encoded``."""

    reads_published_weights: ClassVar[bool] = False
    """Whether weights that others published, without our metadata, can be of this network."""

    @abstractmethod
    def encode_style(self, painting: Tensor) -> Tensor:
        """Painting (N, 3, H, W) in [0, 1] to its style code (N, code_size, 1, 1)."""

    @abstractmethod
    def stylize(self, photo: Tensor, code: Tensor, strength: Tensor) -> Tensor:
        """Photo (N, 3, H, W), code (N, code_size, 1, 1), strength (N, 1, 1 or H, 1 or W) in
        [0, 1] to the painted photo (N, 3, H, W) in [0, 1]."""

    def paint_encoded(
        self, photo: Tensor, painting: Tensor, strength: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paint in training from what ``perceptual_layer`` sees, which need not be computed twice.

        Args:
            photo, painting: features (N, C, h, w).
            strength: (N, 1, 1, 1) in [0, 1].

        Returns:
            the painted photo (N, 3, H, W), not clamped, and the style code (N, code_size, 1, 1).
        """
        raise NotImplementedError(f"{type(self).__name__} states no perceptual_layer")

    def configuration(self) -> dict[str, Any]:
        """What ``configured`` makes the same network of, as JSON has it; {} if there is no choice.

        It stands in the metadata of a checkpoint.
        """
        return {}

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> StyleNetwork:
        """A network of the sizes that a checkpoint states, with fresh random weights.

        Raises:
            ValueError: when this network has no such configuration.
        """
        if configuration:
            raise ValueError(f"{cls.name} has no configuration")
        return cls()

    @classmethod
    def adopt(cls, state: State, source: Path, encoder: Path | None) -> State:
        """The tensors of a file as this network has them.

        Args:
            state: all tensors of the file.
            source: the file, for messages.
            encoder: weights of an encoder that is stored apart (``--encoder``).

        Raises:
            UserError: when the network has no encoder that is stored apart, or the file holds
                weights that this version cannot use.
        """
        if encoder is not None:
            able = [name for name, kind in NETWORKS.items() if kind.reads_published_weights]
            raise UserError(
                f"--encoder is for --preset {' or '.join(able)}; {cls.name!r} has its own"
            )
        return state


NETWORKS: dict[str, type[StyleNetwork]] = {}
"""Every network by its name."""

Network = TypeVar("Network", bound=type[StyleNetwork])


def register(name: str) -> Callable[[Network], Network]:
    """Decorate a ``StyleNetwork``: give it its name, and its place in ``NETWORKS``.

    Raises:
        ValueError: when the name is taken.
    """

    def add(network: Network) -> Network:
        if name in NETWORKS:
            raise ValueError(f"there is a network {name!r} already")
        network.name = name
        NETWORKS[name] = network
        return network

    return add


def create(name: str, configuration: Mapping[str, Any] = MappingProxyType({})) -> StyleNetwork:
    """A network with fresh random weights, ready for inference.

    Args:
        name: one of ``NETWORKS``.
        configuration: as ``StyleNetwork.configuration`` gives it; the usual one by default.

    Raises:
        UserError: for an unknown name.
        ValueError: for a configuration that is not one of this network.

    >>> create("mobile").code_size
    128
    """
    if name not in NETWORKS:
        raise unknown("preset", name, NETWORKS)
    return NETWORKS[name].configured(configuration).eval()

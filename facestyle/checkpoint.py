"""Networks with their weights, in and out of files.

Ours are safetensors with metadata. Also read: torchvision's VGG-19, the "normalised" VGG and
decoders of public AdaIN code, as ``.pth`` state dicts (tensors only) or safetensors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

import torch

from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS, StyleNetwork, create
from facestyle.presets import DEFAULT
from facestyle.tensor_files import check_format, fingerprint, fit, read_tensors, write_tensors

FORMAT = "facestyle-checkpoint/1"
CONFIGURATION = "configuration"
"""Key of the metadata: ``StyleNetwork.configuration`` as JSON; files of before lack it."""


@dataclass(frozen=True)
class Checkpoint:
    """A network with its weights.

    Attributes:
        name: the network's name (``mobile``, ``studio``, ``vgg19``).
        network: ready for inference.
        fingerprint: of the weights, 12 hex digits.
        metadata: what the file says of its training.
        untrained: the weights, or some of them, are random.
    """

    name: str
    network: StyleNetwork
    fingerprint: str
    metadata: dict[str, str] = field(default_factory=dict)
    untrained: bool = False

    @cached_property
    def style_fingerprint(self) -> str:
        """Of the style encoder alone: networks that have the same can use each other's codes."""
        part = f"{self.network.style_encoder_name}."
        state = self.network.state_dict()
        return fingerprint({key: value for key, value in state.items() if key.startswith(part)})


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint as safetensors, with its format, network and configuration.

    Raises:
        CannotWrite: no space, no permission.
    """
    about = describe(checkpoint.network)
    write_tensors(checkpoint.network.state_dict(), path, {**checkpoint.metadata, **about})


def describe(network: StyleNetwork) -> dict[str, str]:
    """The metadata that ``load`` finds a network by."""
    configuration = json.dumps(network.configuration())
    return {"format": FORMAT, "network": network.name, CONFIGURATION: configuration}


def restore(metadata: dict[str, str], name: str, source: Path) -> StyleNetwork:
    """The network that a file's metadata describes, with random weights.

    Args:
        metadata: of the file.
        name: of the network.
        source: the file, for messages.

    Raises:
        UserError: for a newer format, or a configuration that this version does not know.
    """
    check_format(metadata, FORMAT, source)
    try:
        return create(name, json.loads(metadata.get(CONFIGURATION, "{}")))
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"{source}: this version has no {name!r} network of that configuration ({error})"
        ) from error


def shipped(network: str) -> Path:
    """The weights that come with the package.

    Raises:
        UserError: when none do.
    """
    path = Path(str(resources.files("facestyle") / "weights" / f"{network}.safetensors"))
    if not path.exists():
        raise UserError(
            f"no trained weights are shipped for {network!r}: give --checkpoint FILE, "
            "or --untrained for latency work"
        )
    return path


def untrained(network: str, seed: int = 0) -> Checkpoint:
    """A network with reproducible random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = create(network)
    return Checkpoint(network, module, fingerprint(module.state_dict()), untrained=True)


def load(
    path: Path | None = None, network: str = DEFAULT, encoder: Path | None = None
) -> Checkpoint:
    """A network with trained weights.

    Args:
        path: our safetensors, or weights in a layout that the network's ``adopt`` knows; by
            default the weights shipped for ``network``.
        network: its name, where the file does not say.
        encoder: for files without their encoder, see ``StyleNetwork.adopt``.

    Raises:
        UserError: when a file is missing, damaged, of a newer format or does not fit the network,
            or the encoder would not be used.
    """
    if network not in NETWORKS:
        raise unknown("preset", network, NETWORKS)
    source = path or shipped(network)
    state, metadata = read_tensors(source)
    name = metadata.get("network", network)
    if path is not None and name != network and "network" in metadata:
        if name not in NETWORKS:
            raise UserError(f"{path} holds weights of {name!r}, which this version lacks")
        raise UserError(f"{path} holds weights of {name!r}; add --preset {name}")
    module = restore(metadata, name, source)
    fit(module, module.adopt(state, source, encoder), source)
    return Checkpoint(name, module, fingerprint(module.state_dict()), metadata)

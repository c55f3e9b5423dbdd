"""Weights in and out. Never executes what it reads; never half-writes what it saves.

Ours are safetensors with metadata. Also read: torchvision's VGG-19, the "normalised" VGG and
decoders of public AdaIN code, as ``.pth`` state dicts (tensors only) or safetensors.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from facestyle.errors import UserError, unknown
from facestyle.files import atomic
from facestyle.networks import NETWORKS, create, vgg19

FORMAT = "facestyle-checkpoint/1"
DTYPES = (
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)
"""What weights and counters are made of; complex, quantised and 8-bit floats are not."""

STYLE_ENCODERS = ("style_encoder", "encoder")
"""The first of these parts that a network has is all that makes its style codes."""

EARLIER_MOBILE = ("decoder.style_full.mean.weight", "decoder.eighth_1.expand.weight")
"""Keys that only earlier networks named ``mobile`` have: that of before 2026-11-26, with AdaIN at
full resolution, and that of before 2026-11-27, whose strides were not blurred."""

TORCHVISION_VGG19 = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"


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
    network: nn.Module
    fingerprint: str
    metadata: dict[str, str] = field(default_factory=dict)
    untrained: bool = False

    @cached_property
    def style_fingerprint(self) -> str:
        """Of the style encoder alone: networks that have the same can use each other's codes."""
        state = self.network.state_dict()
        return fingerprint(next(part for p in STYLE_ENCODERS if (part := _part(state, p))))


def fingerprint(state: dict[str, Tensor]) -> str:
    """12 hex digits of the SHA-256 of names, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:12]


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a safetensors or PyTorch file, and its metadata.

    Raises:
        UserError: when it is missing, damaged, or holds anything but tensors.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such checkpoint file")
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
            if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
                loaded = loaded["state_dict"]
            if not isinstance(loaded, dict):
                raise UserError(f"{path}: expected a dictionary of tensors")
            state, metadata = dict(loaded), {}
    except UserError:
        raise
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path}: damaged, or holds code beside tensors; it was not executed. "
            "Save it again as a state dict or as safetensors"
        ) from error
    except Exception as error:  # torch's reader raises almost anything on damaged files
        raise UserError(f"{path}: damaged or truncated checkpoint; copy it again") from error
    for name, value in state.items():
        if not isinstance(name, str):
            raise UserError(f"{path}: the key {name!r} is not a name")
        if not isinstance(value, Tensor):
            raise UserError(f"{path}: {name!r} is not a tensor")
        dense = value.layout is torch.strided and not value.is_nested
        if not dense or value.device.type != "cpu" or value.dtype not in DTYPES:
            raise UserError(f"{path}: {name!r} is not a dense tensor of real numbers")
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise UserError(f"{path}: {name!r} holds values that are not finite")
    return state, metadata


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint as safetensors."""
    metadata = {**checkpoint.metadata, "format": FORMAT, "network": checkpoint.name}
    write_tensors(checkpoint.network.state_dict(), path, metadata)


def write_tensors(state: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write tensors as safetensors, whole or not at all.

    Raises:
        CannotWrite: no space, no permission.
    """
    with atomic(path) as temporary:
        plain = {name: value.detach().cpu().contiguous() for name, value in state.items()}
        save_file(plain, temporary, metadata)


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
    path: Path | None = None, network: str = "mobile", encoder: Path | None = None
) -> Checkpoint:
    """A network with trained weights.

    Args:
        path: our safetensors, or a ``vgg19`` decoder (or decoder and encoder) in a public
            layout; by default the weights shipped for ``network``.
        network: its name, where the file does not say.
        encoder: for ``vgg19`` decoders without their encoder: torchvision's VGG-19 or the
            normalised VGG. By default torchvision's, downloaded once by PyTorch's hub.

    Raises:
        UserError: when a file is missing, damaged or does not fit the network, or the
            encoder would not be used.
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
    if name == "mobile" and any(key in state for key in EARLIER_MOBILE):
        raise UserError(
            f"{source} holds weights of an earlier mobile network, which is replaced; "
            "train again, or use the version of facestyle that it was trained with"
        )
    module = create(name)
    if isinstance(module, vgg19.VGG19Network):
        state = _recognize(state, source)
        if not _part(state, "encoder"):
            state |= vgg19_encoder(encoder)
        elif encoder is not None:
            raise UserError(f"{source} brings its own encoder; leave --encoder out")
    elif encoder is not None:
        raise UserError(f"--encoder is for --preset vgg19; {name!r} has its own")
    fit(module, state, source)
    return Checkpoint(name, module, fingerprint(module.state_dict()), metadata)


def _recognize(state: dict[str, Tensor], source: Path) -> dict[str, Tensor]:
    try:
        return vgg19.recognize(state)
    except ValueError as error:
        raise UserError(f"{source}: {error}") from error


def _part(state: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key.startswith(f"{part}.")}


class NoDownload(UserError):
    """Weights that are fetched on first use could not be."""


def vgg19_encoder(path: Path | None = None) -> dict[str, Tensor]:
    """Weights of the frozen encoder, keys ``encoder.*``.

    Args:
        path: any layout that ``vgg19.recognize`` knows; torchvision's VGG-19 by default,
            downloaded once by PyTorch's hub and checked against its hash.

    Raises:
        NoDownload: when nothing can be downloaded.
        UserError: when the file is missing, damaged or holds no encoder.
    """
    if path is not None:
        # Only the part asked for: a decoder beside it must not replace the checkpoint's.
        found = _part(_recognize(read_tensors(path)[0], path), "encoder")
        if not found:
            raise UserError(f"{path} holds a decoder, but no encoder")
        return found
    try:
        state = torch.hub.load_state_dict_from_url(
            TORCHVISION_VGG19, map_location="cpu", check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise NoDownload(
            "torchvision's VGG-19 could not be downloaded; give the encoder's weights "
            "with --encoder FILE"
        ) from error
    return vgg19.recognize(state)


def fit(module: nn.Module, state: dict[str, Tensor], source: Path) -> None:
    """Load ``state``, read from ``source``, into a network; what it holds beyond is ignored.

    Raises:
        UserError: when a tensor is missing or of another shape.
    """
    expected = module.state_dict()
    for key, value in expected.items():
        if key not in state:
            raise UserError(f"{source} does not fit this network: {key!r} is missing")
        if state[key].shape != value.shape:
            raise UserError(
                f"{source} does not fit this network: {key!r} is {tuple(state[key].shape)}, "
                f"expected {tuple(value.shape)}"
            )
    module.load_state_dict({key: state[key].float() for key in expected})

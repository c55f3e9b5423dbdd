"""Files of tensors, read and written. Never executes what it reads; never half-writes."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from facestyle.errors import UserError
from facestyle.files import atomic

DTYPES = (
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)
"""What weights and counters are made of; complex, quantised and 8-bit floats are not."""


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


def write_tensors(state: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write tensors as safetensors, whole or not at all.

    Raises:
        CannotWrite: no space, no permission.
    """
    with atomic(path) as temporary:
        plain = {name: value.detach().cpu().contiguous() for name, value in state.items()}
        save_file(plain, temporary, metadata)


def check_format(metadata: Mapping[str, str], known: str, source: Path) -> None:
    """Refuse a file of a newer version of a format.

    Args:
        metadata: of the file; formats of other names, and none, are let through.
        known: ``NAME/NUMBER``, the newest that this version reads.
        source: the file, for messages.

    Raises:
        UserError: when the number is above that of ``known``, or none.

    >>> check_format({"format": "facestyle-checkpoint/1"}, "facestyle-checkpoint/1", Path("w"))
    """
    name, _, newest = known.partition("/")
    found, _, number = metadata.get("format", "").partition("/")
    if found == name and not (number.isdigit() and int(number) <= int(newest)):
        raise UserError(
            f"{source} has the format {metadata['format']}, this version reads up to {known}: "
            "install a newer facestyle"
        )


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

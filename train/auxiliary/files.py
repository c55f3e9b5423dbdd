"""Files of our own auxiliary networks: those that come with the package and those trained here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from torch import Tensor, nn

from facestyle.errors import UserError, unknown
from facestyle.tensor_files import check_format, fit, read_tensors, write_tensors

FORMAT = "facestyle-auxiliary/1"
WEIGHTS = Path(__file__).parent / "weights"
"""Where those lie that come with the package."""


def save(state: dict[str, Tensor], name: str, path: Path, metadata: dict[str, str]) -> None:
    """Write the weights of the auxiliary network called ``name``, whole or not at all."""
    write_tensors(state, path, {**metadata, "format": FORMAT, "network": name})


def shipped(name: str, what: str, known: Mapping[str, object]) -> Path:
    """The weights that come with the package.

    Args:
        name: of the network.
        what: such a network is called in messages.
        known: the networks that there are, by name.

    Raises:
        UserError: when none do.
    """
    path = Path(str(resources.files("train") / "auxiliary" / "weights" / f"{name}.safetensors"))
    if path.exists():
        return path
    if name in known:
        raise UserError(
            f"no trained weights are shipped for {name!r}; train it (facestyle train {name} "
            "--data FOLDER) and give the file"
        )
    raise unknown(f"{what} network", name, known)


def read(
    source: str,
    what: str,
    known: Mapping[str, object],
    create: Callable[[str], nn.Module],
    read_foreign: Callable[[Path], nn.Module] | None = None,
) -> nn.Module:
    """An auxiliary network of ours with its weights.

    Args:
        source: name of one whose weights come with the package, or a file.
        what: such a network is called in messages.
        known: the networks that there are, by name.
        create: makes one by name.
        read_foreign: reads a file that is none of ours; by default it is refused.

    Raises:
        UserError: for an unknown name, or a file that is missing or holds something else.
    """
    path = Path(source)
    if not path.suffix:
        path = shipped(source, what, known)
    _, metadata = read_tensors(path)
    check_format(metadata, FORMAT, path)
    if metadata.get("format") != FORMAT:
        if read_foreign is not None:
            return read_foreign(path)
        raise UserError(
            f"{path}: not an auxiliary network's weights; give what `facestyle train` wrote"
        )
    name = metadata.get("network", "")
    if name not in known:
        raise UserError(f"{path} holds {name!r}, which is no {what} network")
    network = create(name)
    fill(network, path, name)
    return network


def fill(network: nn.Module, path: Path, name: str) -> dict[str, str]:
    """Load our weights of the network ``name`` into it.

    Returns:
        the file's metadata.

    Raises:
        UserError: when the file is missing or holds something else.
    """
    state, metadata = read_tensors(path)
    if metadata.get("network") != name:
        raise UserError(f"{path} holds {metadata.get('network', 'something else')!r}, not {name!r}")
    fit(network, state, path)
    return metadata

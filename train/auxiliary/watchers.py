"""Trained depth networks and face parsers: in and out of files, frozen for style training.

Three doors lead to a watcher: a name (``depth_v3_small``, ``bisenet_small``: weights that come
with the package), a file (ours, or the public BiSeNet's ``.pth``), and ``hub:NAME`` for any
network of the kind that transformers can load.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from torch import Tensor, nn

from facestyle.checkpoint import fit, read_tensors, write_tensors
from facestyle.errors import UserError, unknown
from train.auxiliary.bisenet import PARSING_NETWORKS, create_parsing, load_public
from train.auxiliary.depth_model import DepthModel
from train.auxiliary.depth_networks import DEPTH_NETWORKS, create_depth
from train.auxiliary.parsing_model import load_pretrained
from train.frozen import Frozen

FORMAT = "facestyle-auxiliary/1"
HUB = "hub:"


def save(state: dict[str, Tensor], name: str, path: Path, metadata: dict[str, str]) -> None:
    """Write the weights of the auxiliary network called ``name``, whole or not at all."""
    write_tensors(state, path, {**metadata, "format": FORMAT, "network": name})


def load_depth(source: str) -> Frozen:
    """A depth network: (N, 3, H, W) in [0, 1] to (N, 1, h, w), larger is farther.

    In metres; ``is_metric`` tells of those from the hub that are not.

    Raises:
        UserError: for an unknown name, or a file that is missing or holds something else.
    """
    if source.startswith(HUB):
        return Frozen(DepthModel.load(source.removeprefix(HUB)))
    return Frozen(read(source, "depth"))


def is_metric(network: Frozen) -> bool:
    """Whether a depth network gives metres; else ``depth_model.standardise`` its maps."""
    return not isinstance(network.network, DepthModel) or network.network.metric


def load_face(source: str) -> Frozen:
    """A face parser: (N, 3, H, W) in [0, 1] to logits (N, 19, h, w).

    Raises:
        UserError: for an unknown name, or a file that is missing or holds something else.
    """
    if source.startswith(HUB):
        return Frozen(load_pretrained(source.removeprefix(HUB)))
    return Frozen(read(source, "parsing"))


def read(source: str, kind: str) -> nn.Module:
    """An auxiliary network of ours with its weights.

    Args:
        source: name of one whose weights come with the package, or a file.
        kind: ``depth`` or ``parsing``.

    Raises:
        UserError: for an unknown name, or a file that is missing or holds something else.
    """
    path = Path(source)
    if not path.suffix:
        path = shipped(source, kind)
    _, metadata = read_tensors(path)
    known = DEPTH_NETWORKS if kind == "depth" else PARSING_NETWORKS
    if metadata.get("format") != FORMAT:
        if kind == "parsing":
            return load_public(path)
        raise UserError(
            f"{path}: not an auxiliary network's weights; give what `facestyle train` wrote"
        )
    name = metadata.get("network", "")
    if name not in known:
        raise UserError(f"{path} holds {name!r}, which is no {kind} network")
    network = create_depth(name) if kind == "depth" else create_parsing(name)
    fill(network, path, name)
    return network


def shipped(name: str, kind: str) -> Path:
    """The weights that come with the package.

    Raises:
        UserError: when none do.
    """
    folder = resources.files("train") / "auxiliary" / "weights"
    known = DEPTH_NETWORKS if kind == "depth" else PARSING_NETWORKS
    path = Path(str(folder / f"{name}.safetensors"))
    if path.exists():
        return path
    if name in known:
        raise UserError(
            f"no trained weights are shipped for {name!r}; train it (facestyle train {name} "
            "--data FOLDER) and give the file"
        )
    raise unknown(f"{kind} network", name, known)


def fill(network: nn.Module, path: Path, name: str) -> None:
    """Load our weights of the network ``name`` into it.

    Raises:
        UserError: when the file is missing or holds something else.
    """
    state, metadata = read_tensors(path)
    if metadata.get("network") != name:
        raise UserError(f"{path} holds {metadata.get('network', 'something else')!r}, not {name!r}")
    fit(network, state, path)

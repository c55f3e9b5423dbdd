"""Auxiliary networks: frozen networks that losses use. Exported files do not contain them.

``AUXILIARY`` has an entry for each kind: ``perceptual`` (a VGG-19, whole or distilled), ``depth``
and ``face`` (a face parser). A recipe chooses the network of a kind by ``[auxiliary]``, a term
names the kinds that it needs, and ``AuxiliaryNetworks`` loads, runs and reports those of a run. A
new kind is a new entry here and a term that names it.

A network is given as a name (``depth_v3_small``, ``bisenet_small``: weights that come with
the package), a file, and ``hub:NAME`` for any network that transformers can load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import torch
from torch import Tensor, nn

from facestyle.errors import unknown
from facestyle.tensor_files import fingerprint
from train.auxiliary import files
from train.auxiliary.depth_model import DepthModel, standardise
from train.auxiliary.frozen import Frozen
from train.auxiliary.parsing_model import load_pretrained
from train.auxiliary.perceptual import Features, load_perceptual

HUB = "hub:"

PERCEPTUAL, DEPTH, FACE = "perceptual", "depth", "face"
"""The kinds of today."""


@dataclass(frozen=True)
class Kind:
    """A kind of auxiliary network.

    Attributes:
        default: the network by default: a name, a file or ``hub:NAME``.
        gives: what a network of this kind makes of (N, 3, H, W) in [0, 1], in words.
        load: reads one; raises UserError for an unknown name or an unsuitable file.
        relate: what of an image's map counts beside the photo's: ``network, map, photo's map``.
    """

    default: str
    gives: str
    load: Callable[[str], nn.Module]
    relate: Callable[[nn.Module, Tensor, Tensor], Tensor] = lambda network, own, photo: own


# Networks on torchvision's blocks are imported late: recipes are read without the train extra.
def _load_depth(source: str) -> nn.Module:
    from train.auxiliary.depth_networks import DEPTH_NETWORKS, create_depth

    if source.startswith(HUB):
        return DepthModel.load(source.removeprefix(HUB))
    return files.read(source, "depth", DEPTH_NETWORKS, create_depth)


def _load_face(source: str) -> nn.Module:
    from train.auxiliary.bisenet import PARSING_NETWORKS, create_parsing, load_public

    if source.startswith(HUB):
        return load_pretrained(source.removeprefix(HUB))
    return files.read(source, "parsing", PARSING_NETWORKS, create_parsing, load_public)


def _in_metres(network: nn.Module, own: Tensor, photo: Tensor) -> Tensor:
    """Where a network knows no unit, the photo sets one."""
    return own if network.metric else standardise(own, photo)


AUXILIARY: dict[str, Kind] = {
    PERCEPTUAL: Kind("", "features of the layers that are asked for", load_perceptual),
    DEPTH: Kind("depth_v3_small", "depth (N, 1, h, w), larger is farther", _load_depth, _in_metres),
    FACE: Kind("bisenet_small", "logits (N, 19, h, w) of face parts", _load_face),
}
"""Every kind by its key in ``[auxiliary]``."""


class Record(msgspec.Struct, frozen=True):
    """Which network of a kind took part in a training.

    Attributes:
        kind: key of ``AUXILIARY``.
        name: as the recipe named it, without folders.
        fingerprint: of its weights, 12 hex digits.
    """

    kind: str
    name: str
    fingerprint: str


class Auxiliary(Frozen):
    """A loaded auxiliary network: frozen, in evaluation mode, with its record."""

    def __init__(self, kind: str, source: str, network: nn.Module) -> None:
        """Freeze a network.

        Args:
            kind: key of ``AUXILIARY``.
            source: what it was loaded from.
            network: the network.
        """
        super().__init__(network)
        self.kind, self.source = kind, source

    def record(self) -> Record:
        """For the metadata of what is trained with it."""
        # Not the state dict: a distilled VGG-19 keeps out of it.
        state = dict([*self.network.named_parameters(), *self.network.named_buffers()])
        name = self.source if self.source.startswith(HUB) else Path(self.source).name
        return Record(self.kind, name, fingerprint(state))


def load(kind: str, source: str | None = None) -> Auxiliary:
    """An auxiliary network.

    Args:
        kind: key of ``AUXILIARY``.
        source: a name, a file or ``hub:NAME``; the kind's default if None.

    Raises:
        UserError: for an unknown kind or name, or a file that is missing or holds something else.
    """
    if kind not in AUXILIARY:
        raise unknown("kind of auxiliary network", kind, AUXILIARY)
    chosen = AUXILIARY[kind].default if source is None else source
    return Auxiliary(kind, chosen, AUXILIARY[kind].load(chosen))


class AuxiliaryNetworks(nn.Module):
    """Those of a run: what its terms need, and no others."""

    def __init__(
        self,
        needed: Iterable[str],
        sources: Mapping[str, str],
        given: Mapping[str, Auxiliary] | None = None,
    ) -> None:
        """Load them.

        Args:
            needed: keys of ``AUXILIARY``.
            sources: by kind, as a recipe's ``[auxiliary]`` has them.
            given: those that are loaded already.

        Raises:
            UserError: as ``load``.
        """
        super().__init__()
        given, wanted = given or {}, set(needed)
        self.networks = nn.ModuleDict(
            {
                kind: given[kind] if kind in given else load(kind, sources.get(kind))
                for kind in AUXILIARY
                if kind in wanted
            }
        )

    def __getitem__(self, kind: str) -> Auxiliary:
        return cast(Auxiliary, self.networks[kind])

    def features(self, image: Tensor, layers: Iterable[str]) -> dict[str, Features]:
        """What the perceptual network's layers see of (N, 3, H, W); {} for no layers."""
        wanted = frozenset(layers)
        return self[PERCEPTUAL](image, wanted) if wanted else {}

    def see(self, kinds: Iterable[str], image: Tensor) -> dict[str, Tensor]:
        """What networks see of (N, 3, H, W) in [0, 1], float32, by kind.

        Args:
            kinds: other than ``perceptual``.
            image: gradients flow to it.
        """
        wanted = set(kinds)
        return {kind: self[kind](image).float() for kind in self.networks if kind in wanted}

    def relate(self, seen: Mapping[str, Tensor], photo: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What ``see`` gave, in units that the photo's own maps set where a network knows none."""
        return {
            kind: AUXILIARY[kind].relate(self[kind].network, own, photo[kind])
            for kind, own in seen.items()
        }

    @torch.no_grad()
    def records(self) -> list[Record]:
        """Of each, for metadata and reports."""
        return [self[kind].record() for kind in self.networks]

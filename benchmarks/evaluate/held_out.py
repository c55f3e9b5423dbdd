"""The photos that auxiliary networks are judged on, and short names for tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from facestyle import images
from facestyle.errors import UserError
from train.auxiliary.face_classes import IGNORE
from train.data.labelled import split
from train.data.samples import Damaged, Sample, read_label
from train.data.transforms import resize_short

N = TypeVar("N")

ALL = "all"
"""The row of all sources together."""

SHOWN = 4
"""Photos of every source that pictures show."""


@dataclass(frozen=True)
class Photo:
    """One held-out photo.

    Attributes:
        source: short name of where it is from.
        image: (1, 3, H, W), RGB in [0, 1], resized.
        label: depth (h, w) in metres, NaN where unknown, or class ids (h, w); of the size in
            which it is stored.
        shown: whether pictures show it.
    """

    source: str
    image: Tensor
    label: np.ndarray
    shown: bool


@dataclass
class HeldOut:
    """The held-out part of every source, by the source's short name.

    Attributes:
        samples: what is held out.
        label: ``depth`` or ``parsing``.
        skipped: of photos that could not be used, met so far, the name and why.
    """

    samples: Mapping[str, Sequence[Sample]]
    label: str
    skipped: dict[str, str] = field(default_factory=dict)

    def photos(self, short_side: int) -> Iterator[Photo]:
        """Every photo that can be used, whole, with a progress bar on terminals.

        Args:
            short_side: to which they are resized, in pixels.

        Raises:
            UserError: when none of a source can be used.
        """
        total = sum(map(len, self.samples.values()))
        with tqdm(total=total, desc=f"evaluating {self.label}", unit="photo", disable=None) as bar:
            for source, samples in self.samples.items():
                used, every = 0, max(1, len(samples) // SHOWN)
                for sample in samples:
                    bar.update()
                    try:
                        image, label = _read(sample, self.label, short_side)
                    except Damaged as error:
                        self.skipped[f"{source}: {error.name}"] = error.reason
                        continue
                    shown = used % every == 0 and used // every < SHOWN
                    used += 1
                    yield Photo(source, image, label, shown)
                if not used:
                    name, reason = list(self.skipped.items())[-1]
                    raise UserError(f"no held-out photo can be used; {name}: {reason}")


def open_held_out(sources: Sequence[str], holdout: float, label: str) -> HeldOut:
    """The held-out part of sources.

    Args:
        sources: folders, tar files or ``READER:PATH``.
        holdout: part that was kept out of training, in [0, 1].
        label: ``depth`` or ``parsing``.

    Raises:
        UserError: when a source is missing, has no such labels, or nothing is held out.
    """
    samples = {}
    for name, source in short_names(sources).items():
        learnt, held = split(source, holdout, label)
        if not (learnt or held):
            raise UserError(f"{source}: none of its photos has a {label} label")
        if not held:
            raise UserError(
                f"{source}: nothing is held out of {len(learnt)} photos; raise --holdout"
            )
        samples[name] = held
    return HeldOut(samples, label)


def load_all(files: Sequence[str], load: Callable[[str], N]) -> dict[str, N]:
    """What ``load`` makes of every file, by the file's short name."""
    return {name: load(file) for name, file in short_names(files).items()}


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Paths by the fewest of their last parts that tell them apart; doubles once.

    Tables are published, so the folders of the machine they were made on stay out.
    """
    given = list(dict.fromkeys(paths))
    parts = [Path(path).parts for path in given]
    for count in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join((*p[-count:-1], _stem(p[-1]))) for p in parts]
        if len({ALL, *names}) == len(given) + 1:
            return dict(zip(names, given))
    return {path: path for path in given}


def _stem(name: str) -> str:
    for suffix in (".safetensors", ".pth", ".tar"):
        name = name.removesuffix(suffix)
    return name


def _read(sample: Sample, label: str, short_side: int) -> tuple[Tensor, np.ndarray]:
    """The resized image and its label.

    Raises:
        Damaged: when one of them cannot be decoded, they are of different shapes, or nothing is
            labelled.
    """
    whole = sample.image()
    values = read_label(sample, label, whole)
    known = np.isfinite(values) if label == "depth" else values != IGNORE
    if not known.any():
        raise Damaged(sample.name, f"nothing in its {label} map is known")
    return images.to_tensor(resize_short(whole, short_side)), values


def middle(picture: Tensor) -> Tensor:
    """The square in the middle of (..., H, W)."""
    height, width = picture.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[..., top : top + side, left : left + side]


def device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

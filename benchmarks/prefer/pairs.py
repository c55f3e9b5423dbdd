"""What is asked about which pictures, and on which side whose picture is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.quality.painted_folders import Painted, open_painted
from benchmarks.quality.pictures import Picture
from facestyle import images
from facestyle.errors import UserError

QUESTIONS = {
    "share": "Which of the two would you share?",
    "artist": "Which of the two looks painted by the artist of the painting?",
    "face": "Which of the two keeps the face of the photo better?",
}
"""By their columns in ``answers.csv``."""

SIDES = ("left", "right")

LONGEST = 2048
"""Pixels of a side: the most that can be shown at 100 %."""


@dataclass(frozen=True)
class Pair:
    """Two pictures of one photo, painted like one painting.

    Attributes:
        number: from 1 on.
        a, b: whose file is which.
        a_left: whether A's is on the left.
    """

    number: int
    a: Painted
    b: Painted
    a_left: bool

    @property
    def shown(self) -> tuple[Path, Path]:
        """The files on the left and on the right."""
        both = self.a.path, self.b.path
        return both if self.a_left else both[::-1]


def common(
    a: Path, b: Path, photos: Sequence[Picture], paintings: Sequence[Picture]
) -> list[tuple[Painted, Painted]]:
    """Pictures that both folders have, by name.

    Raises:
        UserError: when a folder is missing or holds none, both are one, or no name is in both.
    """
    of_a, of_b = (
        {picture.name: picture for picture in open_painted(folder, photos, paintings)}
        for folder in (a, b)
    )
    if a.resolve() == b.resolve():
        raise UserError(f"{a} and {b} are one folder; there is nothing to choose between")
    both = sorted(of_a.keys() & of_b.keys())
    if not both:
        raise UserError(f"{a} and {b} hold no picture of the same name")
    return [(of_a[name], of_b[name]) for name in both]


def draw(found: Sequence[tuple[Painted, Painted]], count: int, seed: int) -> list[Pair]:
    """At most ``count`` of the pairs, in random order; A is on the left in half of them.

    An odd pair goes to either side by chance. The same seed gives the same pairs and sides.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(found))[:count].tolist()
    left = (rng.permutation(len(chosen)) + rng.integers(2)) % 2 == 0
    return [
        Pair(number, found[index][0], found[index][1], bool(a_left))
        for number, (index, a_left) in enumerate(zip(chosen, left), 1)
    ]


def check_sizes(pairs: Sequence[Pair]) -> None:
    """Refuse what cannot be shown side by side at 100 %, before anything is written.

    Raises:
        UserError: when two pictures of a pair differ in size, or one is too large.
    """
    for pair in pairs:
        (h, w), (height, width) = (images.load(p.path).shape[-2:] for p in (pair.a, pair.b))
        if (h, w) != (height, width):
            raise UserError(
                f"{pair.a.path} is {w} x {h} pixels, {pair.b.path} {width} x {height}; "
                "two that are to be compared must be of one size"
            )
        if max(h, w) > LONGEST:
            raise UserError(
                f"{pair.a.path} is {w} x {h} pixels; at most {LONGEST} a side can be shown at 100 %"
            )

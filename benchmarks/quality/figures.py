"""The figures: their names, which way is better, what they mean; and their means over pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Values = Mapping[str, float | None]
"""Figures by key; None where one could not be measured."""


@dataclass(frozen=True)
class Figure:
    """One of them.

    Attributes:
        key: in files.
        title: in tables.
        better: ``lower`` or ``higher``.
        what: its definition in a line.
        digits: after the point, in tables.
    """

    key: str
    title: str
    better: str
    what: str
    digits: int = 3

    @property
    def sign(self) -> int:
        """1 where more is worse, -1 where less is."""
        return 1 if self.better == "lower" else -1


FIGURES = (
    Figure(
        "style",
        "style loss",
        "lower",
        "to the painting: squared distances of channel means and stds at relu1_1..relu4_1, summed",
    ),
    Figure(
        "gram",
        "gram",
        "lower",
        "to the painting: |Gram - painting's| / |painting's|, mean over relu1_1..relu4_1",
    ),
    Figure(
        "content",
        "content loss",
        "lower",
        "to the photo: mean squared distance of instance-normalised relu4_1",
    ),
    Figure("face_ssim", "face SSIM", "higher", "of grey values in the face box, to the photo"),
    Figure("face_fsimc", "face FSIMc", "higher", "in the face box, to the photo"),
    Figure("face_gmsd", "face GMSD", "lower", "in the face box, to the photo"),
    Figure(
        "landmarks",
        "landmark drift",
        "lower",
        "root mean square distance of 68 landmarks to the photo's, over the distance of the outer "
        "corners of its eyes; pairs whose face is lost do not count",
        4,
    ),
    Figure(
        "identity",
        "identity distance",
        "lower",
        "of dlib's face descriptors, painted to photo; two photos of one person are below 0.6; "
        "pairs whose face is lost do not count",
    ),
    Figure(
        "faces_lost",
        "faces lost",
        "lower",
        "share of pairs in which the detector, which found the photo's face, finds it no more",
    ),
    Figure(
        "depth_mm",
        "depth error (mm)",
        "lower",
        "RMSE of the painted face's depth to the photo's, both estimated, scale and shift fitted",
        2,
    ),
    Figure(
        "parsing",
        "parsing mIoU",
        "higher",
        "of face parts in painted and photo, over the parts that the photo shows",
    ),
    Figure(
        "warp",
        "warp error ratio",
        "lower",
        "of two frames under a known motion, painted to not painted; 1 is as steady as the photo",
        2,
    ),
    Figure(
        "border",
        "border",
        "lower",
        "colour shift of the outermost 4 pixels against the next 12, beyond the photo's own",
        4,
    ),
    Figure(
        "grid_db",
        "grid (dB)",
        "lower",
        "strongest lattice of period 2, 4 or 8 in the mean spectrum of all pairs; photos have one "
        "too (see strength 0)",
        1,
    ),
)
"""In the order of tables."""

PER_PAIR = tuple(figure for figure in FIGURES if figure.key != "grid_db")
"""Those that a single pair has."""


def mean(values: Iterable[float | None]) -> float | None:
    """Of those that were measured; None if none was."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def fewer(pairs: Sequence[Values]) -> dict[str, int]:
    """How many pairs a mean is over, by figure, where it is over some but not all of them."""
    measured = {f.key: sum(values[f.key] is not None for values in pairs) for f in PER_PAIR}
    return {key: count for key, count in measured.items() if 0 < count < len(pairs)}

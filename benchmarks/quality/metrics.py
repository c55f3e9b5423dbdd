"""The metrics: their names, which way is better, what they mean; and their means over pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from export.report.page import units
from export.report.page.tables import ARROWS

Values = Mapping[str, float | None]
"""Figures by key; None where one could not be measured."""


@dataclass(frozen=True)
class Metric:
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

    @property
    def heading(self) -> str:
        """The title, and where better is."""
        return f"{self.title} {ARROWS[self.better]}"

    def entry(self) -> dict[str, str]:
        """As reports describe it, less the digits."""
        return {"key": self.key, "title": self.title, "better": self.better, "what": self.what}

    def cell(self, values: Values, counts: Mapping[str, int]) -> str:
        """Its mean in a table; in brackets over how many pairs, where these are not all.

        Args:
            values: means by key.
            counts: see ``fewer``.
        """
        value, count = values[self.key], counts.get(self.key)
        if value is None:
            return units.NONE
        return f"{value:.{self.digits}f}" + (f" ({count})" if count else "")


METRICS = (
    Metric(
        "style",
        "style loss",
        "lower",
        "to the painting: squared distances of channel means and stds at relu1_1..relu4_1, summed",
    ),
    Metric(
        "gram",
        "gram",
        "lower",
        "to the painting: |Gram - painting's| / |painting's|, mean over relu1_1..relu4_1",
    ),
    Metric(
        "stroke",
        "stroke",
        "lower",
        "as gram, of the detail of grey values (6 px blurred out): the painting's marks, without "
        "its palette",
    ),
    Metric(
        "judge_style",
        "second style",
        "lower",
        "to the painting, by HED's VGG-16, which trained nothing: |s - painting's| / |painting's|, "
        "s the means and stds of all channels, mean over relu1_2, relu2_2, relu3_3, relu4_3",
    ),
    Metric(
        "judge_gram",
        "second gram",
        "lower",
        "to the painting, by HED's VGG-16: |Gram - painting's| / |painting's|, mean over the same",
    ),
    Metric(
        "content",
        "content loss",
        "lower",
        "to the photo: mean squared distance of instance-normalised relu4_1",
    ),
    Metric("face_ssim", "face SSIM", "higher", "of grey values in the face box, to the photo"),
    Metric("face_fsimc", "face FSIMc", "higher", "in the face box, to the photo"),
    Metric("face_gmsd", "face GMSD", "lower", "in the face box, to the photo"),
    Metric(
        "face_patch",
        "face patches",
        "lower",
        "RMS x 100 of soft colour in the face box that no smooth map of the photo's soft colours "
        "explains",
        2,
    ),
    Metric(
        "landmarks",
        "landmark drift",
        "lower",
        "root mean square distance of 68 landmarks to the photo's, over the distance of the outer "
        "corners of its eyes; pairs whose face is lost do not count",
        4,
    ),
    Metric(
        "identity",
        "identity distance",
        "lower",
        "of dlib's face descriptors, painted to photo; two photos of one person are below 0.6; "
        "pairs whose face is lost do not count",
    ),
    Metric(
        "faces_lost",
        "faces lost",
        "lower",
        "share of pairs in which the detector, which found the photo's face, finds it no more",
    ),
    Metric(
        "depth_mm",
        "depth error (mm)",
        "lower",
        "RMSE of the painted face's depth to the photo's, both estimated, scale and shift fitted",
        2,
    ),
    Metric(
        "parsing",
        "parsing mIoU",
        "higher",
        "of face parts in painted and photo, over the parts that the photo shows",
    ),
    Metric(
        "warp",
        "warp error ratio",
        "lower",
        "of two frames under a known motion, painted to not painted; 1 is as steady as the photo",
        2,
    ),
    Metric(
        "warp_floor",
        "warp error / floor",
        "lower",
        "its error to that of the painted first frame moved as the photo was: 1 is paint that "
        "sticks; of a set, mean error to mean floor",
        2,
    ),
    Metric(
        "flat",
        "flat",
        "lower",
        "mean slope x 1000 of soft colour where the photo is flat: halos and bands",
        2,
    ),
    Metric(
        "border",
        "border",
        "lower",
        "colour shift of the outermost 4 pixels against the next 12, beyond the photo's own",
        4,
    ),
    Metric(
        "grid_db",
        "grid (dB)",
        "lower",
        "strongest lattice of period 2, 4 or 8 in the mean spectrum of all pairs; photos have one "
        "too (see strength 0)",
        1,
    ),
)
"""In the order of tables."""

PER_PAIR = tuple(metric for metric in METRICS if metric.key != "grid_db")
"""Those that a single pair has."""

PARTLY = "In brackets: over how many of the pairs a mean is, where the others cannot be measured."
"""The legend of ``Metric.cell``."""

PARTS = ("warp_rms", "floor_rms")
"""What else a pair has: root mean square errors that ``warp_floor`` of a set is made of."""


def mean(values: Iterable[float | None]) -> float | None:
    """Of those that were measured; None if none was."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def ratio_of_means(pairs: Sequence[Values], over: str, under: str) -> float | None:
    """Mean of one key to mean of another; None where one of them is none or nothing."""
    top, bottom = (mean(values[key] for values in pairs) for key in (over, under))
    return None if top is None or not bottom else top / bottom


def fewer(pairs: Sequence[Values]) -> dict[str, int]:
    """How many pairs a mean is over, by figure, where it is over some but not all of them."""
    measured = {f.key: sum(values[f.key] is not None for values in pairs) for f in PER_PAIR}
    return {key: count for key, count in measured.items() if 0 < count < len(pairs)}

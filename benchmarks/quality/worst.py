"""The pairs that came out worst, to be looked at.

Rule: at the greatest strength, pairs whose face the detector lost come first. Then each figure of
a pair is compared with those of all pairs: by how many median absolute deviations it is worse
than the median. The pair's largest such deviation is its rank; every pair is shown once, by the
model that did worst on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import torch
from PIL import Image, ImageDraw, ImageFont

from benchmarks.quality.figures import PER_PAIR, Figure
from benchmarks.quality.measure import Task, Verdict, open_photo
from facestyle import images

SHOWN = 8
"""Pairs."""

NAMED = 3
"""Figures that are told of each."""

OUTLIER = 2.0
"""Median absolute deviations from which on a figure is worth telling."""

SIDE, GAP, TEXT = 224, 4, 416
"""Of a picture, between pictures and of the text's column, in pixels: 1100 in all, the width at
which reports show it."""

FONT, LINE = 19, 24
"""Of the text and of a line of it, in pixels."""

LINES = 7
"""Photo, painting, model, a lost face and ``NAMED`` figures."""


@dataclass(frozen=True)
class Bad:
    """One of the worst: what was painted, and in which lines why it is here."""

    verdict: Verdict
    lost: bool
    deviation: float
    reasons: tuple[str, ...]


def find(verdicts: Sequence[Verdict], count: int = SHOWN) -> list[Bad]:
    """The worst pairs, worst first, by the module's rule."""
    if not verdicts:
        return []
    strongest = max(verdict.strength for verdict in verdicts)
    full = [verdict for verdict in verdicts if verdict.strength == strongest]
    scales = {figure.key: _scale(figure, full) for figure in PER_PAIR}
    found = [_bad(verdict, scales) for verdict in full]
    found.sort(key=lambda b: (not b.lost, -b.deviation, b.verdict.photo, b.verdict.painting))
    once: dict[tuple[str, str], Bad] = {}
    for bad in found:
        once.setdefault((bad.verdict.photo, bad.verdict.painting), bad)
    return list(once.values())[:count]


def _scale(figure: Figure, verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Median of a figure, and the median distance from it."""
    known = [v for verdict in verdicts if (v := verdict.values[figure.key]) is not None]
    middle = median(known) if known else 0.0
    return middle, median(abs(value - middle) for value in known) if known else 0.0


def _bad(verdict: Verdict, scales: dict[str, tuple[float, float]]) -> Bad:
    lost = bool(verdict.values["faces_lost"])
    told = []
    for figure in PER_PAIR:
        value, (middle, spread) = verdict.values[figure.key], scales[figure.key]
        if value is None or not spread:
            continue
        line = f"{figure.title} {value:.{figure.digits}f} (median {middle:.{figure.digits}f})"
        told.append((figure.sign * (value - middle) / spread, line))
    told.sort(reverse=True)
    lines = [line for deviation, line in told if deviation >= OUTLIER][:NAMED]
    deviation = told[0][0] if told else 0.0
    return Bad(verdict, lost, deviation, (*(["face lost"] if lost else []), *lines))


@torch.inference_mode()
def sheet(task: Task, worst: Sequence[Bad]) -> Image.Image:
    """Photo, painting, painted photo and what is wrong with it, a row for each.

    Args:
        task: from which the pairs are; they are painted anew.
        worst: at least one.
    """
    photos = {picture.name: picture.path for picture in task.photos}
    paintings = {picture.name: picture.path for picture in task.paintings}
    subjects = {subject.name: subject for subject in task.subjects}
    height = round(SIDE * task.size[0] / task.size[1])
    tall = max(height, LINES * LINE) + GAP
    made = Image.new("RGB", (3 * (SIDE + GAP) + TEXT, len(worst) * tall), "white")
    for row, bad in enumerate(worst):
        verdict, top = bad.verdict, row * tall
        photo, _ = open_photo(task, photos[verdict.photo])
        painting = images.load(paintings[verdict.painting])
        subject = subjects[verdict.subject]
        result = subject.paint(photo, subject.encode(painting), verdict.strength)
        shown = (photo, images.cover(painting, *task.size), images.eight_bit(result))
        for column, picture in enumerate(shown):
            small = images.to_image(images.resize(picture, height, SIDE))
            made.paste(small, (column * (SIDE + GAP), top))
        lines = (
            verdict.photo,
            verdict.painting,
            f"{verdict.subject}, strength {verdict.strength:g}",
            *bad.reasons,
        )
        for number, line in enumerate(lines):
            _write(made, 3 * (SIDE + GAP) + GAP, top + number * LINE, line)
    return made


def _write(made: Image.Image, left: int, top: int, text: str) -> None:
    """A line, smaller if it would not fit."""
    share = (made.width - left) / ImageDraw.Draw(made).textlength(text, _font(1.0))
    ImageDraw.Draw(made).text((left, top), text, "black", _font(min(1.0, share)))


def _font(share: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(share * FONT)

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

from benchmarks.quality.measure import PairMetrics, QualityTask, open_photo
from benchmarks.quality.metrics import PER_PAIR, Metric
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

    pair: PairMetrics
    lost: bool
    deviation: float
    reasons: tuple[str, ...]


def find(pairs: Sequence[PairMetrics], count: int = SHOWN) -> list[Bad]:
    """The worst pairs, worst first, by the module's rule."""
    if not pairs:
        return []
    strongest = max(pair.strength for pair in pairs)
    full = [pair for pair in pairs if pair.strength == strongest]
    scales = {metric.key: _scale(metric, full) for metric in PER_PAIR}
    found = [_bad(pair, scales) for pair in full]
    found.sort(key=lambda b: (not b.lost, -b.deviation, b.pair.photo, b.pair.painting))
    once: dict[tuple[str, str], Bad] = {}
    for bad in found:
        once.setdefault((bad.pair.photo, bad.pair.painting), bad)
    return list(once.values())[:count]


def _scale(metric: Metric, pairs: Sequence[PairMetrics]) -> tuple[float, float]:
    """Median of a figure, and the median distance from it."""
    known = [v for pair in pairs if (v := pair.values[metric.key]) is not None]
    middle = median(known) if known else 0.0
    return middle, median(abs(value - middle) for value in known) if known else 0.0


def _bad(pair: PairMetrics, scales: dict[str, tuple[float, float]]) -> Bad:
    lost = bool(pair.values["faces_lost"])
    told = []
    for metric in PER_PAIR:
        value, (middle, spread) = pair.values[metric.key], scales[metric.key]
        if value is None or not spread:
            continue
        line = f"{metric.title} {value:.{metric.digits}f} (median {middle:.{metric.digits}f})"
        told.append((metric.sign * (value - middle) / spread, line))
    told.sort(reverse=True)
    lines = [line for deviation, line in told if deviation >= OUTLIER][:NAMED]
    deviation = told[0][0] if told else 0.0
    return Bad(pair, lost, deviation, (*(["face lost"] if lost else []), *lines))


@torch.inference_mode()
def sheet(task: QualityTask, worst: Sequence[Bad]) -> Image.Image:
    """Photo, painting, painted photo and what is wrong with it, a row for each.

    Args:
        task: from which the pairs are; they are painted anew.
        worst: at least one.
    """
    photos = {picture.name: picture.path for picture in task.photos}
    paintings = {picture.name: picture.path for picture in task.paintings}
    models = {model.name: model for model in task.models}
    height = round(SIDE * task.size[0] / task.size[1])
    tall = max(height, LINES * LINE) + GAP
    made = Image.new("RGB", (3 * (SIDE + GAP) + TEXT, len(worst) * tall), "white")
    for row, bad in enumerate(worst):
        pair, top = bad.pair, row * tall
        photo, _ = open_photo(task, photos[pair.photo])
        painting = images.load(paintings[pair.painting])
        model = models[pair.model]
        result = model.paint(photo, model.encode(painting), pair.strength)
        shown = (photo, images.cover(painting, *task.size), images.eight_bit(result))
        for column, picture in enumerate(shown):
            small = images.to_image(images.resize(picture, height, SIDE))
            made.paste(small, (column * (SIDE + GAP), top))
        lines = (
            pair.photo,
            pair.painting,
            f"{pair.model}, strength {pair.strength:g}",
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

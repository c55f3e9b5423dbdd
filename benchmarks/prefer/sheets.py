"""Sheets to choose from: photo, painting, and two pictures that nobody is named on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from benchmarks.prefer.pairs import SIDES, Pair
from facestyle import images

WIDE, TALL = 1200, 1200
"""Pixels that sheets keep to where pictures at 100 % allow it."""

GAP, FONT, LINE = 8, 18, 26
"""Between pictures; of the text and of a line of it; in pixels."""


def sheets(pairs: Sequence[Pair]) -> Iterator[tuple[list[Pair], Image.Image]]:
    """Pairs below each other on sheets, as many as fit, and which they are."""
    waiting: list[tuple[Pair, Image.Image]] = []
    for pair in pairs:
        made = block(pair)
        if waiting and sum(b.height for _, b in waiting) + made.height > TALL:
            yield _stack(waiting)
            waiting = []
        waiting.append((pair, made))
    if waiting:
        yield _stack(waiting)


def block(pair: Pair) -> Image.Image:
    """One pair: all four in a row, or the two that are compared below where these are wide.

    Painted pictures are shown pixel for pixel; photo and painting are cut to their size.
    """
    left, right = (images.load(path) for path in pair.shown)
    height, width = left.shape[-2:]
    photo, painting = (
        images.cover(images.load(path), height, width)
        for path in (pair.a.photo.path, pair.a.painting.path)
    )
    titles = (f"pair {pair.number}: photo", "painting", *SIDES)
    columns = 4 if 4 * (width + GAP) <= WIDE else 2
    made = Image.new(
        "RGB", (columns * (width + GAP) + GAP, 4 // columns * (LINE + height) + GAP), "white"
    )
    for index, (title, pixels) in enumerate(zip(titles, (photo, painting, left, right))):
        at = GAP + index % columns * (width + GAP), index // columns * (LINE + height)
        _put(made, title, pixels, at)
    return made


def _put(made: Image.Image, title: str, pixels: Tensor, at: tuple[int, int]) -> None:
    """A picture with its title above."""
    left, top = at
    font = ImageFont.load_default(FONT)
    ImageDraw.Draw(made).text((left, top + 2), title, "black", font)
    made.paste(images.to_image(pixels), (left, top + LINE))


def _stack(blocks: Sequence[tuple[Pair, Image.Image]]) -> tuple[list[Pair], Image.Image]:
    width, height = max(b.width for _, b in blocks), sum(b.height for _, b in blocks)
    made = Image.new("RGB", (width, height), "white")
    top = 0
    for _, image in blocks:
        made.paste(image, (0, top))
        top += image.height
    return [pair for pair, _ in blocks], made

"""The pictures of a build's page: those that it begins with, and those of each file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from export.entries import FileEntry
from export.formats.base import STYLIZER
from export.report import cells
from export.report.headline import Badge, file_badge, is_wrong
from export.report.page.pictures import Stored, stored
from export.report.pictures import DIFFERENCE_GAIN, FilePictures

SHAPES = 0.7, 2.6
"""Least and greatest factor of a picture's width on the page: long ones get more room."""


@dataclass(frozen=True)
class ShownFile:
    """A file on the page.

    Attributes:
        number: from 1.
        entry: the manifest's.
        pictures: of it.
    """

    number: int
    entry: FileEntry
    pictures: FilePictures

    @property
    def anchor(self) -> str:
        """The id of its details."""
        return f"file-{self.number}"

    @property
    def is_wrong(self) -> bool:
        """Whether it was verified and failed."""
        return is_wrong(self.entry)


@dataclass(frozen=True)
class Figure:
    """A picture with its caption.

    Attributes:
        title, note: the caption's two lines; ``note`` may be empty.
        picture: None where the file was not executed.
        words: the picture for those who do not see it.
        link: to the file's details; empty for what is no file's.
        badge: of a file that is not right.
    """

    title: str
    note: str
    picture: Stored | None
    words: str
    link: str = ""
    badge: Badge | None = None


@dataclass(frozen=True)
class Figures:
    """Pictures side by side, all in frames of one shape.

    Attributes:
        figures: the pictures.
        ratio: a frame's width over its height.
    """

    figures: Sequence[Figure]
    ratio: float

    @property
    def stretch(self) -> float:
        """By how much a frame is wider than a square one of about the same area."""
        return min(max(math.sqrt(self.ratio), SHAPES[0]), SHAPES[1])


def portraits(files: Sequence[ShownFile]) -> Figures:
    """What went in, PyTorch's result, and each format and precision of the main graph.

    The main graph is the stylizer, or the first one of a build that has none. Styles that are part
    of a file come after that, one file each. Files that were not verified have no picture.
    """
    main = _main(files)
    first = main[0]
    shown = [file for file in main if file.entry.proof is not None]
    figures = [*_references(first), *(_painted(file) for file in shown)]
    return Figures(figures, _ratio(first.pictures.wanted))


def lead(files: Sequence[ShownFile]) -> str:
    """What the portraits show."""
    main = _main(files)
    graph = main[0].entry.graph.replace("_", " ")
    if main[0].pictures.gives_code:
        said = f"Painted by PyTorch, with the style code of each file of the {graph} graph."
    elif any(file.entry.proof for file in main):
        said = f"PyTorch's result, and that of each file of the {graph} graph, at full strength."
    else:
        return "PyTorch's result at full strength. No file was executed."
    return f"{said} dB: least PSNR to PyTorch over all test inputs."


def details(file: ShownFile) -> Figures:
    """All pictures of a file."""
    found = file.pictures
    figures = [
        *_references(file),
        _figure("this file", "", found.painted, f"painted by {file.entry.file}"),
    ]
    if found.difference is not None:
        gain = f"difference × {DIFFERENCE_GAIN}"
        words = f"difference between {file.entry.file} and PyTorch"
        figures.append(_figure(gain, "", found.difference, words))
    return Figures(figures, _ratio(found.wanted))


def held(found: Iterable[Figures]) -> list[Stored]:
    """All pictures of a page, each once."""
    pictures = (figure.picture for figures in found for figure in figures.figures)
    return list({picture.key: picture for picture in pictures if picture is not None}.values())


def _main(files: Sequence[ShownFile]) -> list[ShownFile]:
    graphs = [file.entry.graph for file in files]
    graph = STYLIZER if STYLIZER in graphs else graphs[0]
    styles: dict[str | None, list[ShownFile]] = {}
    for file in files:
        if file.entry.graph == graph:
            styles.setdefault(file.entry.style, []).append(file)
    return [*styles.pop(None, []), *(found[0] for found in styles.values())]


def _references(file: ShownFile) -> list[Figure]:
    found = file.pictures
    given = [
        _figure(one.title, one.about, one.image, f"{one.title}: {one.about}") for one in found.given
    ]
    return [*given, _figure("PyTorch", "the reference", found.wanted, "painted by PyTorch")]


def _painted(file: ShownFile) -> Figure:
    entry = file.entry
    style = f"{entry.style} " if entry.style else ""
    return Figure(
        f"{style}.{entry.format} {entry.precision}",
        f"{_unbroken(cells.kilobytes(entry))} · {_unbroken(cells.psnr(entry))}",
        None if file.pictures.painted is None else stored(file.pictures.painted),
        f"painted by {entry.file}",
        f"#{file.anchor}",
        file_badge(entry) if is_wrong(entry) else None,
    )


def _unbroken(figure: str) -> str:
    """A figure that stays with its unit."""
    return figure.replace(" ", "\N{NO-BREAK SPACE}")


def _figure(title: str, note: str, image: Image.Image | None, words: str) -> Figure:
    return Figure(title, note, None if image is None else stored(image), words)


def _ratio(image: Image.Image) -> float:
    return image.width / image.height

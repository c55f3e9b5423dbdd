"""The styles that come with the package and those a user added.

A new style that ships: its picture in ``gallery/paintings``, its credit in
``gallery/gallery.json``, then ``python -m train.release --gallery``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

from facestyle import gallery
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError, unknown
from facestyle.style import StyleBook, StyleCode
from facestyle.stylize import Painter


def user_file(checkpoint: Checkpoint) -> Path:
    """Where ``facestyle styles add`` stores styles: a file for each style encoder.

    Networks with the same one share it. Codes of another mean nothing to these, but must outlive
    them: who goes back to the older weights finds the styles again.

    Raises:
        UserError: when there is no home directory to store them in.
    """
    home = os.environ.get("FACESTYLE_HOME")
    try:
        folder = Path(home) if home else Path.home() / ".facestyle"
    except RuntimeError as error:
        raise UserError(
            "there is no home directory for your styles; set FACESTYLE_HOME to a folder"
        ) from error
    return folder / f"{checkpoint.style_fingerprint}-styles.json"


def read_painting(painter: Painter, painting: gallery.Picture) -> StyleCode:
    """The style of a painting of the gallery, with its title and credit."""
    style = painter.read_style(painting.path, painting.name, painting.caption)
    return replace(style, credit=f"{painting.movement}; {painting.credit}")


class NamedStyles(Mapping[str, StyleCode]):
    """Every style by name, for one style encoder: the gallery's and the user's own.

    Others than the shipped one have no codes of the gallery yet; a painting is then encoded when
    its style is first asked for.
    """

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._paintings = {p.name: p for p in gallery.paintings()}
        self._codes: dict[str, StyleCode] = {}
        shipped = Path(str(resources.files("facestyle") / "weights" / "styles.json"))
        for file in (shipped, user_file(painter.checkpoint)):
            if file.exists():
                book = StyleBook.load(file)
                if book.weights == painter.checkpoint.style_fingerprint:
                    self._codes |= {style.name: style for style in book.styles}
        self._names = sorted(self._paintings.keys() | self._codes.keys())

    def __getitem__(self, name: str) -> StyleCode:
        if name not in self._codes:
            if name not in self._paintings:
                raise KeyError(name)
            self._codes[name] = read_painting(self._painter, self._paintings[name])
        return self._codes[name]

    def __contains__(self, name: object) -> bool:
        # Mapping's own would encode the painting to find out.
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def find(self, name: str) -> StyleCode:
        """The style of that name.

        Raises:
            UserError: when there is none, with the nearest as a hint.
        """
        if name not in self:
            raise unknown("style", name, self)
        return self[name]


def style_book(painter: Painter) -> StyleBook:
    """Every style, the user's own included where they belong to this style encoder."""
    return StyleBook(painter.checkpoint.style_fingerprint, tuple(NamedStyles(painter).values()))

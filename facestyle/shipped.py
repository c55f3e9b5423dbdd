"""The styles that come with the package and those a user added."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from facestyle import gallery
from facestyle.style import StyleBook
from facestyle.stylize import Painter


def user_file(network: str) -> Path:
    """Where ``facestyle styles add`` stores styles."""
    home = Path(os.environ.get("FACESTYLE_HOME", Path.home() / ".facestyle"))
    return home / f"{network}-styles.json"


def _gallery_book(painter: Painter) -> StyleBook:
    """The gallery's paintings as one set of weights sees them."""
    fingerprint = painter.checkpoint.fingerprint
    file = Path(str(resources.files("facestyle") / "weights" / "styles.json"))
    if file.exists():
        book = StyleBook.load(file)
        if book.weights == fingerprint:
            return book
    codes = [painter.read_style(p.path, p.name, p.caption) for p in gallery.paintings()]
    return StyleBook(fingerprint, tuple(codes))


def style_book(painter: Painter) -> StyleBook:
    """Every style by name, the user's own included where they belong to these weights."""
    book = _gallery_book(painter)
    own = user_file(painter.checkpoint.name)
    if own.exists():
        added = StyleBook.load(own)
        if added.weights == book.weights:
            for style in added.styles:
                book = book.with_style(style)
    return book

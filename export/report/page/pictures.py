"""Pictures that a page holds itself."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass

from PIL import Image

LARGE, LONG = 640, 1.5
"""Pixels, and sides' ratio, that a picture of one thing keeps."""


@dataclass(frozen=True)
class Picture:
    """For the macro ``pictures``.

    Attributes:
        caption: below it; also its text for those who do not see it.
        source: a ``data:`` URI.
        wide: it takes the page's whole width.
    """

    caption: str
    source: str
    wide: bool = False


@dataclass(frozen=True)
class Stored:
    """A picture that a page holds once and shows in many places: macros ``store`` and ``shown``.

    Attributes:
        key: the same for the same picture; its element's id.
        source: a ``data:`` URI.
        width, height: in pixels.
    """

    key: str
    source: str
    width: int
    height: int


def embedded(caption: str, file: bytes) -> Picture:
    """A JPEG as a picture of the page."""
    return Picture(caption, _uri(file), _is_wide(file))


def stored(image: Image.Image) -> Stored:
    """A picture for several places of the page."""
    file = jpeg(image)
    key = f"picture-{hashlib.sha256(file).hexdigest()[:16]}"
    return Stored(key, _uri(file), image.width, image.height)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """A picture as a JPEG file, its colours at full resolution."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def _uri(file: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(file).decode()}"


def _is_wide(file: bytes) -> bool:
    """Whether a picture needs the page's width: a sheet of many pictures does."""
    with Image.open(io.BytesIO(file)) as found:
        width, height = found.size
    return width > LARGE or max(width, height) > LONG * min(width, height)

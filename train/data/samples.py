"""An image with its labels, each decoded on demand; what cannot be decoded is ``Damaged``."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from facestyle.images import DEEP, MAX_PIXELS, to_rgb
from train.auxiliary.face_classes import CLASSES, IGNORE
from train.data.files import Files


class Damaged(Exception):
    """A file that cannot be learnt from. It is skipped, counted and named; nothing stops.

    Attributes:
        name: of the file.
        reason: in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason


@dataclass(frozen=True)
class Sample:
    """An image of a source and what is known of it.

    The functions may be called from any thread and raise ``Damaged``. A label may have another
    size than its image, but not another shape.

    Attributes:
        name: unique in its source, for messages and caches.
        image: RGB, upright.
        depth: (H, W) float32, metres along the camera axis, NaN where unknown.
        parsing: (H, W) uint8, class ids as in ``CLASSES``, ``IGNORE`` where unknown.
        person: (H, W) bool, where people are.
        reduced: the image at any size whose short side is at least the given one; large JPEGs
            are decoded two to three times faster so.
    """

    name: str
    image: Callable[[], Image.Image]
    depth: Callable[[], np.ndarray] | None = None
    parsing: Callable[[], np.ndarray] | None = None
    person: Callable[[], np.ndarray] | None = None
    reduced: Callable[[int], Image.Image] | None = None


def read_label(sample: Sample, kind: str, image: Image.Image) -> np.ndarray:
    """A label of a sample, (h, w), made sure to be of its image.

    Args:
        kind: ``depth``, ``parsing`` or ``person``; the sample must have it.
        image: the sample's, at any size.

    Raises:
        Damaged: when it cannot be decoded, or is of another shape than the image.
    """
    label: np.ndarray = getattr(sample, kind)()
    height, width = label.shape
    # Beyond rounding: turned otherwise than its image, or of another one.
    if abs(height * image.width / (width * image.height) - 1) > 0.05:
        size = f"{image.width} x {image.height}"
        raise Damaged(sample.name, f"its {kind} is {width} x {height}, its image {size}")
    return label


def stored(
    files: Files,
    name: str,
    depth: str | None = None,
    parsing: Callable[[], np.ndarray] | None = None,
    person: Callable[[], np.ndarray] | None = None,
) -> Sample:
    """A sample whose image, and whose depth if any, are files of a source."""
    read = partial(read_image, files, name)
    far = None if depth is None else partial(read_depth, files, depth)
    return Sample(name, read, far, parsing, person, reduced=read)


def read_image(files: Files, name: str, short_side: int | None = None) -> Image.Image:
    """Decode an image: RGB, upright, transparency over white, 16 bits scaled to 8.

    Args:
        short_side: as in ``Sample.reduced``; None for full size.

    Raises:
        Damaged: when it is no image, or not a whole one.
    """
    return to_rgb(ImageOps.exif_transpose(_decode(files, name, short_side)))


def read_depth(files: Files, name: str) -> np.ndarray:
    """Decode a 16-bit depth map in millimetres, 0 where unknown.

    Returns:
        (H, W) float32 in metres, NaN where unknown.

    Raises:
        Damaged: when it is no image, not a whole one, or of 8 bits.
    """
    image = _decode(files, name)
    if image.mode not in DEEP:
        raise Damaged(name, "no depth in millimetres: 16 bits are needed")
    millimetres = np.asarray(image).astype(np.float32)
    return np.where(millimetres > 0, millimetres / 1000, np.float32(np.nan))


def read_ids(files: Files, name: str) -> np.ndarray:
    """Decode a map of class ids, (H, W) uint8: 8-bit grey, or palette indices.

    Raises:
        Damaged: when it is no image, not a whole one, or of another kind.
    """
    image = _decode(files, name)
    if image.mode not in ("L", "P"):
        raise Damaged(name, f"no map of class ids: its pixels are {image.mode}")
    return np.asarray(image)


def read_parsing(files: Files, name: str) -> np.ndarray:
    """Decode class ids as in ``CLASSES``, (H, W) uint8.

    Raises:
        Damaged: as ``read_ids``, and when ids are of other classes.
    """
    ids = read_ids(files, name)
    if ((ids >= len(CLASSES)) & (ids != IGNORE)).any():
        raise Damaged(name, f"class ids above {len(CLASSES) - 1}: not those of CelebAMask-HQ")
    return ids


def read_binary(files: Files, name: str) -> np.ndarray:
    """Decode a black and white mask, (H, W) bool, true where it is not black.

    Raises:
        Damaged: when it is no image, or not a whole one.
    """
    return np.asarray(_decode(files, name).convert("L")) > 0


def _decode(files: Files, name: str, short_side: int | None = None) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Of large images and odd metadata: the limit here is ours, the rest is harmless.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(files.read(name)))
            if image.width * image.height > MAX_PIXELS:
                raise Damaged(name, f"{image.width} x {image.height} pixels are too many")
            if short_side is not None:
                # Twice the size needed: what is left to resizing hides how it was decoded.
                image.draft(None, (2 * short_side, 2 * short_side))
            image.load()
            return image
    except (Damaged, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise Damaged(name, "not an image, or a damaged one") from error
    except OSError as error:
        raise Damaged(name, str(error) or "cannot be read") from error
    except Exception as error:  # Pillow's decoders raise almost anything on damaged files
        raise Damaged(name, f"not an image, or a damaged one ({error})") from error

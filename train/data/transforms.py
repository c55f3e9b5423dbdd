"""What is done to images and labels alike: pure functions, random only through their ``rng``.

Arrays have rows first: images (H, W, 3) uint8, labels (H, W).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from train.auxiliary.face_classes import CLASSES

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Of R, G and B (ITU-R BT.601)."""


def _mirrored_ids() -> np.ndarray:
    """For every class id the one it has in a mirror."""
    ids = np.arange(256, dtype=np.uint8)
    for left in ("l_eye", "l_brow", "l_ear"):  # not l_lip: that is the lower one
        a, b = CLASSES.index(left), CLASSES.index("r" + left[1:])
        ids[a], ids[b] = b, a
    return ids


MIRRORED = _mirrored_ids()


class Crop(NamedTuple):
    """A square to cut out, then mirrored left to right or not."""

    top: int
    left: int
    size: int
    mirrored: bool


def resize_short(image: Image.Image, short_side: int) -> Image.Image:
    """Bring the short side to ``short_side`` pixels, bicubic with antialiasing."""
    scale = short_side / min(image.size)
    if scale == 1:
        return image
    width, height = (max(short_side, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def resize_crop(image: np.ndarray, size: int) -> np.ndarray:
    """(S, S, 3) uint8 to (size, size, 3), bicubic with antialiasing."""
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(resized)


def resize_nearest(label: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) to (height, width) by nearest neighbour: ids stay ids, holes stay holes."""
    if label.shape == (height, width):
        return label
    rows = ((np.arange(height) + 0.5) * label.shape[0] / height).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * label.shape[1] / width).astype(np.intp)
    return label[rows[:, None], columns]


def random_crop(
    height: int, width: int, size: int, rng: np.random.Generator, flip: bool = True
) -> Crop:
    """Any square of ``size`` pixels of an image, mirrored half of the time if ``flip``.

    Args:
        height, width: of the image, neither below ``size``.
    """
    top = int(rng.integers(height - size, endpoint=True))
    left = int(rng.integers(width - size, endpoint=True))
    return Crop(top, left, size, bool(rng.random() < 0.5) and flip)


def cut(array: np.ndarray, crop: Crop) -> np.ndarray:
    """The crop of an image or depth map."""
    part = array[crop.top : crop.top + crop.size, crop.left : crop.left + crop.size]
    return part[:, ::-1] if crop.mirrored else part


def cut_parsing(ids: np.ndarray, crop: Crop) -> np.ndarray:
    """The crop of a parsing map; in a mirror the left eye is a right eye."""
    part = cut(ids, crop)
    return MIRRORED[part] if crop.mirrored else part


def mirror(array: np.ndarray, size: int) -> np.ndarray:
    """An image or label of at least ``size`` pixels on each side, by reflection below and right."""
    height, width = array.shape[:2]
    missing = (max(0, size - height), max(0, size - width))
    if missing == (0, 0):
        return array
    return np.pad(array, [(0, n) for n in missing] + [(0, 0)] * (array.ndim - 2), "symmetric")


def color_jitter(image: np.ndarray, rng: np.random.Generator, amount: float) -> np.ndarray:
    """Scale brightness, contrast and saturation by factors from 1 - amount to 1 + amount.

    Contrast is the distance from the mean luma, saturation that from the pixel's own luma.
    Paper 1, section 4.2, has factors of 0.6 to 1.4: ``amount`` 0.4.

    Args:
        image: (H, W, 3) uint8.
    """
    brightness, contrast, saturation = rng.uniform(1 - amount, 1 + amount, 3).astype(np.float32)
    x = (image * brightness).clip(0, 255)
    mean = (x @ LUMA).mean()
    x = (mean + contrast * (x - mean)).clip(0, 255)
    grey = (x @ LUMA)[..., None]
    x = (grey + saturation * (x - grey)).clip(0, 255)
    return (x + 0.5).astype(np.uint8)

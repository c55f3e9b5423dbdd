"""Image files in and out: upright, RGB, float in [0, 1]; any size; errors for people.

What a network takes and gives may have another range: ``facestyle.image_range``.
"""

from __future__ import annotations

import warnings
from math import ceil
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from facestyle.errors import UserError
from facestyle.files import atomic

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""What is taken for an image in a folder."""

DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I")
"""Pillow's modes of grey images with more than 8 bits."""

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded (decompression bombs)."""


def load(path: Path) -> Tensor:
    """Read an image file as the eye sees it.

    EXIF orientation is applied, transparency laid over white, CMYK, palette and 16-bit images
    converted.

    Returns:
        RGB, (1, 3, H, W), float32 in [0, 1].

    Raises:
        UserError: when the file is missing, no image, damaged or absurdly large.
    """
    return to_tensor(to_rgb(_decode(path)))


def load_map(path: Path) -> Tensor:
    """Read a single-channel map (a depth map, say), 8 or 16 bit or float.

    Returns:
        (1, 1, H, W), float32 in [0, 1]. 8 bits are a picture of the map: black is 0, white 1.
        16 bits and floats are measurements in a unit unknown here, so their own range is
        brought to [0, 1]; where all are equal, zeros stay 0 and anything else is 1.

    Raises:
        UserError: as ``load``.
    """
    image = _decode(path)
    if image.mode not in (*DEEP, "F"):
        grey = np.array(image.convert("L"), dtype=np.float32) / 255
        return torch.from_numpy(grey)[None, None]
    values = np.array(image, dtype=np.float32)
    if not np.isfinite(values).all():
        raise UserError(f"{path}: the map holds values that are not finite")
    low, high = float(values.min()), float(values.max())
    values = (values - low) / (high - low) if high > low else np.full_like(values, low != 0)
    return torch.from_numpy(values)[None, None]


def _decode(path: Path) -> Image.Image:
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if path.is_dir():
        raise UserError(f"{path} is a folder; an image file is needed here")
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images; the limit here is ours, and it is an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UserError(
                        f"{path}: {image.width} x {image.height} pixels are too many; "
                        f"scale it below {MAX_PIXELS // 1_000_000} megapixels"
                    )
                image.load()
                return ImageOps.exif_transpose(image)
    except Image.DecompressionBombError as error:
        raise UserError(
            f"{path}: too many pixels; scale it below {MAX_PIXELS // 1_000_000} megapixels"
        ) from error
    except (UserError, MemoryError):
        raise
    except PermissionError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:  # Pillow's decoders raise almost anything on damaged files
        raise UserError(f"{path}: not an image, or a damaged one") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB: 16 bits are scaled to 8, transparency lies over white."""
    if image.mode in DEEP:
        # Pillow clips these on conversion instead of scaling them.
        return Image.fromarray((np.asarray(image) / 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def to_tensor(image: Image.Image) -> Tensor:
    """RGB image to (1, 3, H, W), float32 in [0, 1]."""
    array = np.array(image, dtype=np.float32) / 255
    return torch.from_numpy(array).permute(2, 0, 1)[None].contiguous()


def to_bytes(pixels: Tensor) -> Tensor:
    """Values of any shape in [0, 1] to uint8: ``round(255 x)``, halves to the even number.

    What is beyond becomes the nearest that is not.

    >>> to_bytes(torch.tensor([0.0, 0.1, 0.9, 1.2]))
    tensor([  0,  26, 230, 255], dtype=torch.uint8)
    """
    return _steps(pixels).to(torch.uint8)


def eight_bit(pixels: Tensor) -> Tensor:
    """Values of any shape as screens and files show them: ``round(255 x) / 255`` in [0, 1].

    NaN stays NaN.
    """
    return _steps(pixels) / 255


def _steps(pixels: Tensor) -> Tensor:
    return (pixels.clamp(0, 1) * 255).round()


def to_image(pixels: Tensor) -> Image.Image:
    """(1, 3, H, W) in [0, 1] to an 8-bit RGB image, rounded to the nearest."""
    return Image.fromarray(to_bytes(pixels[0]).permute(1, 2, 0).cpu().numpy())


def save(pixels: Tensor, path: Path) -> None:
    """Write (1, 3, H, W) in [0, 1] as an image file, whole or not at all.

    Raises:
        UserError: when the file cannot be written.
    """
    with atomic(path) as temporary:
        to_image(pixels).save(temporary)


def find(path: Path) -> list[Path]:
    """The image itself, or all images directly in a folder, by name; hidden files are not.

    Raises:
        UserError: when nothing is there.
    """
    if not path.is_dir():
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
        return [path]
    # macOS leaves a hidden "._x.jpg" beside x.jpg on foreign disks; it holds no image.
    images = sorted(
        p
        for p in path.iterdir()
        if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()
    )
    if not images:
        raise UserError(f"{path}: no images in this folder ({', '.join(SUFFIXES)})")
    return images


def resize(pixels: Tensor, height: int, width: int) -> Tensor:
    """(1, C, H, W) in [0, 1] to (1, C, height, width) in [0, 1], bicubic, antialiased.

    >>> resize(torch.ones(1, 3, 8, 6), 4, 3).shape
    torch.Size([1, 3, 4, 3])
    """
    if pixels.shape[-2:] == (height, width):
        return pixels
    resized = torch.nn.functional.interpolate(
        pixels, (height, width), mode="bicubic", align_corners=False, antialias=True
    )
    return resized.clamp(0, 1)


def cover(pixels: Tensor, height: int, width: int) -> Tensor:
    """Scale (1, C, H, W) until (height, width) is covered, then take the middle.

    >>> cover(torch.ones(1, 3, 90, 40), 16, 16).shape
    torch.Size([1, 3, 16, 16])
    """
    h, w = pixels.shape[-2:]
    scale = max(height / h, width / w)
    # A sliver scaled whole would fill gigabytes, so its far ends go first. Not all that lies
    # outside the frame: the exact middle is found after scaling, in finer steps.
    pixels = _middle(pixels, min(h, ceil(4 * height / scale)), min(w, ceil(4 * width / scale)))
    h, w = pixels.shape[-2:]
    tall, wide = max(height, round(h * scale)), max(width, round(w * scale))
    return _middle(resize(pixels, tall, wide), height, width).contiguous()


def _middle(pixels: Tensor, height: int, width: int) -> Tensor:
    h, w = pixels.shape[-2:]
    top, left = (h - height) // 2, (w - width) // 2
    return pixels[..., top : top + height, left : left + width]


def pad(pixels: Tensor, stride: int, minimum: int = 0) -> tuple[Tensor, tuple[slice, slice]]:
    """Reflect an image outwards until its sides are multiples of ``stride``.

    Args:
        pixels: (1, C, H, W), H and W at least 1.
        stride: what the sides become multiples of.
        minimum: the least side.

    Returns:
        the padded image, and where the original lies in it (rows, columns).

    >>> padded, (rows, columns) = pad(torch.ones(1, 3, 30, 32), 8)
    >>> padded.shape, rows, columns
    (torch.Size([1, 3, 32, 32]), slice(1, 31, None), slice(0, 32, None))
    """
    h, w = pixels.shape[-2:]

    def around(side: int) -> tuple[int, int]:
        missing = max(-(-side // stride) * stride, minimum) - side
        return missing // 2, missing - missing // 2

    rows, columns = around(h), around(w)
    where = slice(rows[0], rows[0] + h), slice(columns[0], columns[0] + w)
    if rows == columns == (0, 0):
        return pixels, where
    # numpy reflects again and again where the image is smaller than its margin; torch refuses.
    padded = np.pad(pixels.numpy(), ((0, 0), (0, 0), rows, columns), mode="reflect")
    return torch.from_numpy(padded), where

"""Images to learn from: tar files read in place, or folders, held in memory as bytes."""

from __future__ import annotations

import io
import tarfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every image of a tar file or folder, label maps left out."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                yield path.name, path.read_bytes()
        return
    with tarfile.open(source) as archive:
        for member in archive:
            if member.isfile() and member.name.lower().endswith(SUFFIXES):
                if member.name.endswith(("_mask.png", "_depth.png")):
                    continue
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read()


def load_images(sources: list[Path], short_side: int) -> list[Tensor]:
    """Every image of the sources, (3, H, W) uint8, its short side resized.

    Images that cannot be decoded are skipped with a warning that names them.
    """
    images = []
    for source in sources:
        for name, data in _files(source):
            try:
                image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
            except (UnidentifiedImageError, OSError) as error:
                warnings.warn(f"skipped {source}/{name}: {error}", stacklevel=2)
                continue
            scale = short_side / min(image.size)
            size = (
                max(short_side, round(image.width * scale)),
                max(short_side, round(image.height * scale)),
            )
            array = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
            images.append(torch.from_numpy(array.copy()).permute(2, 0, 1).contiguous())
    return images


def random_crops(images: list[Tensor], count: int, size: int, rng: np.random.Generator) -> Tensor:
    """Random images, crops and mirrorings: (count, 3, size, size) in [0, 1], channels last."""
    crops = []
    for index in rng.integers(0, len(images), count):
        image = images[index]
        top = rng.integers(0, image.shape[1] - size + 1)
        left = rng.integers(0, image.shape[2] - size + 1)
        crop = image[:, top : top + size, left : left + size]
        crops.append(crop.flip(2) if rng.random() < 0.5 else crop)
    return (torch.stack(crops).float() / 255).contiguous(memory_format=torch.channels_last)

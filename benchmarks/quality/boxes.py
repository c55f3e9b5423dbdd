"""Boxes around faces: from a file, from face parts, and in a picture that was cut to size."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from facestyle.errors import UserError
from train.auxiliary.face_classes import CLASSES

LEAST_SIDE = 16
"""Pixels; SSIM's window has 11."""

HEAD_CLASSES = ("skin", "nose", "glasses", "l_eye", "l_brow", "mouth", "u_lip", "l_lip")
"""Parts whose bounding box is the face's; pairs by their left one, as ``most_likely`` has them."""

FEATURES = (("nose",), ("l_eye", "l_brow"))
"""Of each row one must be seen before there is a face: the parser takes bare walls for skin."""

LEAST_PART = 1 / 2048
"""Share of the picture from which on a part counts as seen; less are specks of the parser."""

SPECKS = 0.02
"""Share of the face's pixels left out at each end."""


@dataclass(frozen=True)
class Box:
    """Pixels from (left, top) to just before (right, bottom)."""

    left: int
    top: int
    right: int
    bottom: int

    def cut(self, picture: Tensor) -> Tensor:
        """What of (..., H, W) lies in it."""
        return picture[..., self.top : self.bottom, self.left : self.right]

    def mask(self, height: int, width: int) -> Tensor:
        """(height, width) bool, true in it."""
        mask = torch.zeros(height, width, dtype=torch.bool)
        self.cut(mask)[:] = True
        return mask

    def clipped(self, height: int, width: int) -> Box | None:
        """What of it lies in a picture; None if that is too small to judge."""
        box = Box(
            max(0, self.left), max(0, self.top), min(width, self.right), min(height, self.bottom)
        )
        least = min(box.right - box.left, box.bottom - box.top)
        return box if least >= LEAST_SIDE else None

    def grown(self, share: float) -> Box:
        """With a margin all around, as a share of its width and height."""
        x, y = round(share * (self.right - self.left)), round(share * (self.bottom - self.top))
        return Box(self.left - x, self.top - y, self.right + x, self.bottom + y)

    def is_of(self, other: Box) -> bool:
        """Whether both are of one face: the middle of each lies in the other."""
        return self._holds_middle(other) and other._holds_middle(self)

    def _holds_middle(self, other: Box) -> bool:
        x, y = (other.left + other.right) / 2, (other.top + other.bottom) / 2
        return self.left <= x < self.right and self.top <= y < self.bottom


def covered(box: Box, source: tuple[int, int], target: tuple[int, int]) -> Box:
    """Where a box of a picture lies after ``images.cover``.

    Args:
        box: in the picture as it is stored.
        source, target: height and width, before and after.
    """
    scale = max(new / old for new, old in zip(target, source))
    (top, bottom), (left, right) = (
        tuple((end - old / 2) * scale + new / 2 for end in ends)
        for ends, old, new in zip(((box.top, box.bottom), (box.left, box.right)), source, target)
    )
    return Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))


def face_pixels(ids: Tensor) -> Tensor:
    """Where the face is, without hair, ears and neck: (H, W) bool.

    Args:
        ids: (H, W), as ``face_classes.most_likely`` gives them.
    """
    return _shown(ids, HEAD_CLASSES)


def _shown(ids: Tensor, names: Sequence[str]) -> Tensor:
    return torch.isin(ids, torch.tensor([CLASSES.index(name) for name in names]))


def of_parts(ids: Tensor) -> Box | None:
    """The face's box by its parts (H, W); None where there is no face to speak of."""
    if any(_shown(ids, names).double().mean() < LEAST_PART for names in FEATURES):
        return None
    rows, columns = face_pixels(ids).nonzero().double().unbind(1)
    ends = torch.tensor([SPECKS, 1 - SPECKS], dtype=torch.float64)
    (top, bottom), (left, right) = (torch.quantile(x, ends).tolist() for x in (rows, columns))
    return Box(math.floor(left), math.floor(top), math.ceil(right) + 1, math.ceil(bottom) + 1)


def read(path: Path) -> Mapping[str, Box]:
    """Boxes by the stems of their pictures' names, from JSON ``{"stem": [x0, y0, x1, y1]}``.

    Raises:
        UserError: when the file is missing or something else.
    """
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        return {str(stem): _box(corners) for stem, corners in made.items()}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as face boxes") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f'{path}: not face boxes; wanted {{"photo\'s stem": [left, top, right, bottom]}}'
        ) from error


def _box(corners: list[float]) -> Box:
    left, top, right, bottom = (round(float(corner)) for corner in corners)
    if not (0 <= left < right and 0 <= top < bottom):
        raise ValueError(corners)
    return Box(left, top, right, bottom)

"""Photos and paintings of two folders, and which of them are paired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facestyle import images
from facestyle.errors import UserError


@dataclass(frozen=True)
class Picture:
    """A picture that can be decoded.

    Attributes:
        name: its file's stem, or the whole name where two stems are alike.
        path: of its file.
    """

    name: str
    path: Path


def open_folder(folder: Path) -> tuple[list[Picture], Mapping[str, str]]:
    """The pictures of a folder (or the one picture), by name.

    Returns:
        those that can be used; and of the others the file's name and why.

    Raises:
        UserError: when there is none, or none can be used.
    """
    usable: list[Path] = []
    damaged: dict[str, str] = {}
    for path in images.find(folder):
        try:
            images.load(path)
        except UserError as error:
            damaged[path.name] = str(error).removeprefix(str(path)).lstrip(": ")
        else:
            usable.append(path)
    if not usable:
        name, reason = next(iter(damaged.items()))
        raise UserError(f"{folder}: none of the pictures can be used; {name}: {reason}")
    stems = Counter(path.stem for path in usable)
    named = [Picture(p.stem if stems[p.stem] == 1 else p.name, p) for p in usable]
    return named, damaged


def pairs(photos: int, paintings: int, limit: int | None) -> dict[int, list[int]]:
    """Which paintings each photo is painted like, by index.

    Args:
        photos, paintings: how many there are.
        limit: at most so many pairs, no photo and hardly a painting oftener than another; None
            for all.
    """
    total = photos * paintings
    found: dict[int, list[int]] = {}
    for k in range(total if limit is None else min(limit, total)):
        found.setdefault(k % photos, []).append((k % photos + k // photos) % paintings)
    return {photo: sorted(found[photo]) for photo in sorted(found)}

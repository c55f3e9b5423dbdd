"""Pictures that are painted already, whoever painted them: ``facestyle evaluate pictures``.

A picture is named ``<photo>__<painting>.png``, as ``facestyle stylize`` names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.evaluate.held_out import short_names
from benchmarks.quality import artifact_metrics
from benchmarks.quality.boxes import Box
from benchmarks.quality.judges import Judges, finite, read_photo
from benchmarks.quality.measure import judging_bar
from benchmarks.quality.metrics import METRICS, PARTLY, PER_PAIR, Values, fewer, mean
from benchmarks.quality.pictures import Picture
from export.report.page import markdown
from facestyle import images
from facestyle.errors import UserError

BETWEEN = "__"
"""The photo's and the painting's names."""

LEAST = 64
"""Pixels of a side."""

UNMOVED = tuple(metric for metric in METRICS if metric.key not in ("warp", "warp_floor"))
"""Figures that need no second frame."""


@dataclass(frozen=True)
class Painted:
    """A painted picture.

    Attributes:
        name: its file's stem.
        path: of its file.
        photo, painting: from which it was made.
    """

    name: str
    path: Path
    photo: Picture
    painting: Picture


@dataclass(frozen=True)
class Folder:
    """What came out for one folder.

    Attributes:
        name: short.
        values: means over its pictures, by figure.
        counts: pictures that a mean is over, where they are fewer than all.
        pictures: figures of each, by the picture's name.
    """

    name: str
    values: Values
    counts: Mapping[str, int]
    pictures: Mapping[str, Values]


def open_painted(
    folder: Path, photos: Sequence[Picture], paintings: Sequence[Picture]
) -> list[Painted]:
    """The pictures of a folder whose photo and painting are known, by name.

    Raises:
        UserError: when it is no folder, or no name is that of a photo and a painting.
    """
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "no such folder"
        raise UserError(f"{folder}: {what}; give one of painted pictures")
    known = {
        f"{photo.name}{BETWEEN}{painting.name}": (photo, painting)
        for photo in photos
        for painting in paintings
    }
    found = {
        path.stem: Painted(path.stem, path, *known[path.stem])
        for path in images.find(folder)
        if path.stem in known
    }
    if not found:
        raise UserError(
            f"{folder}: no picture is named <photo>{BETWEEN}<painting>, such as "
            f"{next(iter(known))}.png"
        )
    return list(found.values())


@torch.inference_mode()
def measure(
    folders: Sequence[Path],
    photos: Sequence[Picture],
    paintings: Sequence[Picture],
    known: Mapping[str, Box],
    judges: Judges,
) -> tuple[list[Folder], tuple[int, int]]:
    """Judge all pictures of folders; photos and paintings are cut to the pictures' size.

    Args:
        folders: of painted pictures, all of one size.
        photos, paintings: from which they were made.
        known: faces that the user knows, by the stem of the photo's name.
        judges: who judges.

    Returns:
        What came out, folder by folder; and height and width.

    Raises:
        UserError: when pictures are of different sizes, or too small.
    """
    named = short_names([str(folder) for folder in folders])
    opened = {name: open_painted(Path(path), photos, paintings) for name, path in named.items()}
    size = _common_size([picture for found in opened.values() for picture in found])
    looks, seen = {}, {}
    results = []
    total = sum(map(len, opened.values()))
    with judging_bar(total) as bar:
        for name, found in opened.items():
            own, power = {}, torch.zeros(size)
            for picture in found:
                photo, painting = picture.photo, picture.painting
                if painting.name not in looks:
                    image = images.cover(images.load(painting.path), *size)
                    looks[painting.name] = judges.painting(image)
                if photo.name not in seen:
                    box = known.get(photo.path.stem)
                    image, box = read_photo(images.load(photo.path), size, box)
                    seen[photo.name] = judges.photo(photo.name, image, box)
                image = images.load(picture.path)
                own[picture.name] = judges.judge(
                    seen[photo.name], looks[painting.name], image, None
                )
                power += artifact_metrics.spectrum(images.eight_bit(image))
                bar.update()
            values = {f.key: mean(v[f.key] for v in own.values()) for f in PER_PAIR}
            values["grid_db"] = finite(artifact_metrics.grid_db(power))
            ordered = {metric.key: values[metric.key] for metric in UNMOVED}
            results.append(Folder(name, ordered, fewer(list(own.values())), own))
    return results, size


def _common_size(pictures: Sequence[Painted]) -> tuple[int, int]:
    """Height and width of all."""
    first = pictures[0]
    height, width = images.load(first.path).shape[-2:]
    for picture in pictures:
        h, w = images.load(picture.path).shape[-2:]
        if (h, w) != (height, width):
            raise UserError(
                f"{picture.path} is {w} x {h} pixels, {first.path} {width} x {height}; "
                "only pictures of one size are judged together"
            )
    if min(height, width) < LEAST:
        raise UserError(f"{first.path} is {width} x {height} pixels; at least {LEAST} are judged")
    return height, width


def to_document(
    results: Sequence[Folder], size: tuple[int, int], perceptual: str, notes: Sequence[str]
) -> dict[str, Any]:
    """For machines: means and every picture's figures, by folder."""
    kept = {metric.key for metric in UNMOVED} & {metric.key for metric in PER_PAIR}
    return {
        "height": size[0],
        "width": size[1],
        "perceptual": perceptual,
        "figures": [metric.entry() for metric in UNMOVED],
        "folders": [
            {
                "name": folder.name,
                "pictures": len(folder.pictures),
                "figures": dict(folder.values),
                "counts": dict(folder.counts),
                "rows": [
                    {"picture": name, **{k: v for k, v in values.items() if k in kept}}
                    for name, values in folder.pictures.items()
                ],
            }
            for folder in results
        ],
        "notes": list(notes),
    }


def to_markdown(results: Sequence[Folder], size: tuple[int, int], notes: Sequence[str]) -> str:
    """A row for every figure, a column for every folder."""
    head = ["figure", *(folder.name for folder in results)]
    body = [
        [metric.heading, *(metric.cell(folder.values, folder.counts) for folder in results)]
        for metric in UNMOVED
    ]
    counts = ", ".join(f"{len(folder.pictures)} in {folder.name}" for folder in results)
    return "\n".join(
        [
            *markdown.rows(head, [":--", *("--:" for _ in results)], body),
            "",
            f"Means over the pictures ({counts}), {size[1]} x {size[0]} pixels; ↓ lower is better, "
            "↑ higher. –: not measured.",
            *([PARTLY] if any(folder.counts for folder in results) else []),
            *(f"Note: {note}" for note in notes),
        ]
    )

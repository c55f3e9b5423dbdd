"""Paint every pair at every strength by every model, and judge it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from benchmarks.quality import surface
from benchmarks.quality.boxes import Box
from benchmarks.quality.figures import FIGURES, PER_PAIR, Values, fewer, mean, ratio_of_means
from benchmarks.quality.judge import Judges, finite, read_photo
from benchmarks.quality.pictures import Picture, pairs
from benchmarks.quality.subjects import Subject
from facestyle import images

PATIENCE = 2.0
"""Seconds after which a progress bar is shown."""


@dataclass(frozen=True)
class Task:
    """What is to be judged.

    Attributes:
        subjects: models.
        photos, paintings: to be paired.
        strengths: ascending, in [0, 1].
        size: height and width.
        boxes: faces that the user knows, by the stem of the photo's name.
        limit: most pairs; None for all.
    """

    subjects: Sequence[Subject]
    photos: Sequence[Picture]
    paintings: Sequence[Picture]
    strengths: Sequence[float]
    size: tuple[int, int]
    boxes: Mapping[str, Box] = field(default_factory=dict)
    limit: int | None = None

    @property
    def pairs(self) -> dict[int, list[int]]:
        """Indices of the paintings of every photo that has some."""
        return pairs(len(self.photos), len(self.paintings), self.limit)


@dataclass(frozen=True)
class Verdict:
    """The figures of one painted photo."""

    subject: str
    photo: str
    painting: str
    strength: float
    values: Values


@dataclass(frozen=True)
class Row:
    """The figures of a model at a strength: means over pairs, and those of all pairs together.

    Attributes:
        subject: the model's name.
        strength: in [0, 1].
        pairs: how many were judged.
        values: the figures.
        counts: pairs that a figure's mean is over, where they are fewer than ``pairs``.
    """

    subject: str
    strength: float
    pairs: int
    values: Values
    counts: Mapping[str, int]


@dataclass
class Results:
    """What came out.

    Attributes:
        verdicts: of every pair, strength and model.
        rows: of every model and strength.
        notes: on photos whose faces were not found.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@torch.inference_mode()
def measure(task: Task, judges: Judges) -> Results:
    """Judge all; what is seen of a photo or painting alone is looked at once."""
    results = Results()
    chosen = task.pairs
    wanted = sorted({index for indices in chosen.values() for index in indices})
    paintings = {index: images.load(task.paintings[index].path) for index in wanted}
    looks = {
        index: judges.painting(images.cover(painting, *task.size))
        for index, painting in paintings.items()
    }
    codes = {
        (subject.name, index): subject.encode(painting)
        for subject in task.subjects
        for index, painting in paintings.items()
    }
    power: defaultdict[tuple[str, float], Tensor] = defaultdict(lambda: torch.zeros(task.size))
    total = sum(map(len, chosen.values())) * len(task.subjects) * len(task.strengths)
    with tqdm(total=total, desc="judging", unit="picture", delay=PATIENCE, disable=None) as bar:
        for photo_index, indices in chosen.items():
            picture = task.photos[photo_index]
            image, box = open_photo(task, picture.path)
            photo = judges.photo(picture.name, image, box)
            if photo.box is None:
                results.notes.append(f"{picture.name}: no face found; its face is not judged")
            elif photo.likeness is None and judges.sees_likeness:
                results.notes.append(
                    f"{picture.name}: dlib finds no face; landmarks, identity and losing it are "
                    "not judged"
                )
            for subject in task.subjects:
                for index in indices:
                    code = codes[subject.name, index]
                    for strength in task.strengths:
                        first = subject.paint(photo.image, code, strength)
                        second = subject.paint(photo.second, code, strength)
                        values = judges.judge(photo, looks[index], first, second)
                        name = task.paintings[index].name
                        results.verdicts.append(
                            Verdict(subject.name, photo.name, name, strength, values)
                        )
                        power[subject.name, strength] += surface.spectrum(images.eight_bit(first))
                        bar.update()
    for (name, strength), sums in power.items():
        results.rows.append(_row(results.verdicts, name, strength, sums))
    return results


def open_photo(task: Task, path: Path) -> tuple[Tensor, Box | None]:
    """A photo at the size of the task, and its face's box where the user gave one."""
    return read_photo(images.load(path), task.size, task.boxes.get(path.stem))


def _row(verdicts: Sequence[Verdict], name: str, strength: float, power: Tensor) -> Row:
    own = [v.values for v in verdicts if v.subject == name and v.strength == strength]
    values = {figure.key: mean(v[figure.key] for v in own) for figure in PER_PAIR}
    values["warp_floor"] = ratio_of_means(own, "warp_rms", "floor_rms")
    values["grid_db"] = finite(surface.grid_db(power))
    ordered = {figure.key: values[figure.key] for figure in FIGURES}
    return Row(name, strength, len(own), ordered, fewer(own))

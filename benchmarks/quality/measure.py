"""Paint every pair at every strength by every model, and judge it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor
from tqdm import tqdm

from benchmarks.quality import artifact_metrics
from benchmarks.quality.boxes import Box
from benchmarks.quality.judges import Judges, finite, read_photo
from benchmarks.quality.metrics import METRICS, PER_PAIR, Values, fewer, mean, ratio_of_means
from benchmarks.quality.models_under_test import ModelUnderTest
from benchmarks.quality.pictures import Picture, pairs
from facestyle import images

PATIENCE = 2.0
"""Seconds after which a progress bar is shown."""


@dataclass(frozen=True)
class QualityTask:
    """What is to be judged.

    Attributes:
        models: models.
        photos, paintings: to be paired.
        strengths: ascending, in [0, 1].
        size: height and width.
        boxes: faces that the user knows, by the stem of the photo's name.
        limit: most pairs; None for all.
    """

    models: Sequence[ModelUnderTest]
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
class PairMetrics:
    """The figures of one painted photo."""

    model: str
    photo: str
    painting: str
    strength: float
    values: Values


@dataclass(frozen=True)
class ModelMetrics:
    """The figures of a model at a strength: means over pairs, and those of all pairs together.

    Attributes:
        model: the model's name.
        strength: in [0, 1].
        pairs: how many were judged.
        values: the figures.
        counts: pairs that a figure's mean is over, where they are fewer than ``pairs``.
    """

    model: str
    strength: float
    pairs: int
    values: Values
    counts: Mapping[str, int]


@dataclass
class Results:
    """What came out.

    Attributes:
        pair_metrics: of every pair, strength and model.
        model_metrics: of every model and strength.
        notes: on photos whose faces were not found.
    """

    pair_metrics: list[PairMetrics] = field(default_factory=list)
    model_metrics: list[ModelMetrics] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@torch.inference_mode()
def measure(task: QualityTask, judges: Judges) -> Results:
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
        (model.name, index): model.encode(painting)
        for model in task.models
        for index, painting in paintings.items()
    }
    power: defaultdict[tuple[str, float], Tensor] = defaultdict(lambda: torch.zeros(task.size))
    total = sum(map(len, chosen.values())) * len(task.models) * len(task.strengths)
    with judging_bar(total) as bar:
        for photo_index, indices in chosen.items():
            picture = task.photos[photo_index]
            image, box = open_photo(task, picture.path)
            photo = judges.photo(picture.name, image, box)
            if photo.box is None:
                results.notes.append(f"{picture.name}: no face found; its face is not judged")
            elif photo.identity is None and judges.sees_identity:
                results.notes.append(
                    f"{picture.name}: dlib finds no face; landmarks, identity and losing it are "
                    "not judged"
                )
            for model in task.models:
                for index in indices:
                    code = codes[model.name, index]
                    for strength in task.strengths:
                        first = model.paint(photo.image, code, strength)
                        second = model.paint(photo.second, code, strength)
                        values = judges.judge(photo, looks[index], first, second)
                        name = task.paintings[index].name
                        results.pair_metrics.append(
                            PairMetrics(model.name, photo.name, name, strength, values)
                        )
                        power[model.name, strength] += artifact_metrics.spectrum(
                            images.eight_bit(first)
                        )
                        bar.update()
    for (name, strength), sums in power.items():
        results.model_metrics.append(_row(results.pair_metrics, name, strength, sums))
    return results


def judging_bar(pictures: int) -> tqdm[NoReturn]:
    """Progress on terminals, of so many pictures; shown once it takes a while."""
    return tqdm(total=pictures, desc="judging", unit="picture", delay=PATIENCE, disable=None)


def open_photo(task: QualityTask, path: Path) -> tuple[Tensor, Box | None]:
    """A photo at the size of the task, and its face's box where the user gave one."""
    return read_photo(images.load(path), task.size, task.boxes.get(path.stem))


def _row(judged: Sequence[PairMetrics], name: str, strength: float, power: Tensor) -> ModelMetrics:
    own = [v.values for v in judged if v.model == name and v.strength == strength]
    values = {metric.key: mean(v[metric.key] for v in own) for metric in PER_PAIR}
    values["warp_floor"] = ratio_of_means(own, "warp_rms", "floor_rms")
    values["grid_db"] = finite(artifact_metrics.grid_db(power))
    ordered = {metric.key: values[metric.key] for metric in METRICS}
    return ModelMetrics(name, strength, len(own), ordered, fewer(own))

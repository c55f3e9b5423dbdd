"""Photos with labels: which to learn from, which to be judged on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from tqdm import tqdm

from facestyle.errors import UserError
from train.auxiliary.depth_filling import fill_depth
from train.data.labels import cache_folder, cached
from train.data.samples import Sample, read_label
from train.data.sets import open_source, split_source
from train.data.transforms import resize_nearest, resize_short
from train.recipe import Recipe

RUNS = 8
"""Runs of neighbouring samples that are held out."""


def split(source: str, holdout: float, label: str) -> tuple[list[Sample], list[Sample]]:
    """``divide`` the samples of a source that have a label.

    Args:
        source: folder, tar file or ``READER:PATH``.
        holdout: part to keep for judging, in [0, 1].
        label: ``depth`` or ``parsing``.
    """
    return divide([s for s in open_source(source) if getattr(s, label) is not None], holdout)


def divide(samples: Sequence[Sample], holdout: float) -> tuple[list[Sample], list[Sample]]:
    """Samples to learn from, and samples to be judged on.

    The latter are ``RUNS`` runs of neighbours by name, evenly spread: neighbours, frames of one
    video say, stay together, and whatever a source is made of is in both parts.
    """
    learn: list[Sample] = []
    judge: list[Sample] = []
    kept = round(holdout * len(samples))
    runs = max(1, min(RUNS, kept))
    ends = pairwise(len(samples) * run // runs for run in range(runs + 1))
    counts = pairwise(kept * run // runs for run in range(runs + 1))
    for (start, end), (before, after) in zip(ends, counts):
        cut = max(start, end - (after - before))
        learn += samples[start:cut]
        judge += samples[cut:end]
    return learn, judge


def learning_samples(recipe: Recipe, label: str) -> list[list[Sample]]:
    """Those that a recipe learns from, source by source.

    Raises:
        UserError: when no source is named.
    """
    data = recipe.data
    if not data.labelled:
        raise UserError(
            f"no labelled photos to learn from; give --data FOLDER (or a tar file) with {label} "
            "maps beside the photos"
        )
    sources = []
    for source in data.labelled:
        learn, _ = split(source, data.holdout, label)
        if not learn:
            raise UserError(f"{source}: no photos with {label} maps to learn from; see --data")
        if label == "depth" and data.fill_depth:
            learn = filled(source, learn, data.short_side, data.fill_depth)
        sources.append(learn)
    return sources


def filled(source: str, samples: Sequence[Sample], short_side: int, most: float) -> list[Sample]:
    """Samples whose depth has no holes, computed once and kept beside the data.

    Paper 1, section 4.1.3. Filled at the size that is learnt from, for speed.

    Args:
        source: where the samples are from.
        samples: with depth.
        short_side: to which maps are resized.
        most: maps of which a larger part than this is unknown are left as they are.
    """

    def compute(sample: Sample) -> np.ndarray:
        image = resize_short(sample.image(), short_side)
        depth = resize_nearest(read_label(sample, "depth", image), image.height, image.width)
        unknown = np.isnan(depth).mean()
        if unknown == 0 or unknown > most:
            return depth
        grey = np.asarray(image.convert("L"), dtype=np.float32) / 255
        return fill_depth(depth, grey).astype(np.float32)

    _, path = split_source(source)
    version = f"levin/1 short_side={short_side} most={most}"
    with tqdm(total=len(samples), desc=f"filling depth of {path.name}", file=sys.stderr) as bar:

        def progress(done: int, _: int) -> None:
            bar.update(done - bar.n)

        return cached(samples, "depth", version, compute, cache_folder(path), progress)

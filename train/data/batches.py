"""Batches as a pure function of the step, so that a resumed run sees what it would have seen."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from facestyle.errors import UserError, unknown
from train.data.samples import Damaged, Sample, read_label
from train.data.transforms import (
    color_jitter,
    cut,
    cut_parsing,
    mirror,
    random_crop,
    resize_crop,
    resize_nearest,
    resize_short,
)

T = TypeVar("T")

LABELS = ("depth", "parsing")
"""What batches can hold besides images."""

ORDER, LOOKS = 0, 1
"""Keep the random numbers of an epoch's order apart from those of a sample's crop."""


@dataclass(frozen=True)
class BatchConfig:
    """What a batch is made of.

    Attributes:
        size: side of the square crops.
        short_side: to which images are resized first, at least ``size``.
        batch: images over all processes.
        seed: of order, crops and colours. Two sources that are drawn from together need two
            seeds, or the same places would be cropped from both.
        flip: whether half of the crops are mirrored.
        zoom: crops are up to this many times ``size`` wide, evenly on a logarithmic scale, and
            then resized to ``size``. Beyond its edges an image is mirrored.
        jitter: amount of ``color_jitter``, 0 for none.
        labels: of ``LABELS``; samples that lack one are left out.
    """

    size: int
    short_side: int
    batch: int
    seed: int
    flip: bool = True
    jitter: float = 0.0
    zoom: float = 1.0
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.size <= self.short_side:
            raise UserError(
                f"crops of {self.size} pixels do not fit images resized to {self.short_side}; "
                "raise short_side or lower size"
            )
        if self.batch < 1:
            raise UserError("a batch needs at least one image")
        for label in self.labels:
            if label not in LABELS:
                raise unknown("label", label, LABELS)


@dataclass(frozen=True)
class _Decoded:
    """A resized sample: image (H, W, 3) uint8, labels (H, W)."""

    image: np.ndarray
    labels: dict[str, np.ndarray]

    @property
    def size(self) -> int:
        return self.image.nbytes + sum(label.nbytes for label in self.labels.values())


class Batches:
    """Random crops of samples. Every sample comes once in an epoch, in a new order each time."""

    def __init__(
        self, samples: Sequence[Sample], config: BatchConfig, *, memory: int = 2 * 2**30
    ) -> None:
        """Choose the samples that have the wanted labels.

        Args:
            memory: bytes of resized images that are kept; the others are decoded anew each time.

        Raises:
            UserError: when no sample is left.
        """
        if not samples:
            raise UserError("no images to train on; name a folder or tar file that holds some")
        for label in config.labels:
            samples = [sample for sample in samples if getattr(sample, label) is not None]
            if not samples:
                raise UserError(f"none of the images has a {label} label; name a source with them")
        self._samples = samples
        self._config = config
        self._kept: dict[int, _Decoded] = {}
        self._damaged: dict[int, Damaged] = {}
        self._left = memory
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many samples an epoch has."""
        return len(self._samples)

    @property
    def skipped(self) -> dict[str, str]:
        """Of damaged samples met so far, the name and what is wrong."""
        with self._lock:
            damaged = [(self._samples[index].name, e) for index, e in self._damaged.items()]
        # What is damaged may be a label, in a file of its own.
        return {name: error.reason if error.name == name else str(error) for name, error in damaged}

    def at(self, step: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        """This process's part of a batch: a pure function of its arguments, in any thread.

        Returns:
            ``image``: (N, 3, S, S) float32 in [0, 1], channels last in memory;
            ``depth``: (N, 1, S, S) float32, metres, NaN where unknown;
            ``parsing``: (N, S, S) int64, class ids, 255 to be ignored.

        Raises:
            UserError: when the batch cannot be shared out evenly, or all samples are damaged.
        """
        batch = self._config.batch
        if batch % world:
            raise UserError(f"a batch of {batch} cannot be shared by {world} processes evenly")
        looks = [self._look(step * batch + i) for i in range(rank, batch, world)]
        stacks = {key: np.stack([look[key] for look in looks]) for key in looks[0]}
        # In NumPy: PyTorch operations in a thread of its own have OpenMP threads of their own, more
        # than there are cores then, and those that wait for each other sleep instead of spinning.
        # A step on two cores took twice as long (train/EXPERIMENTS.md).
        image = stacks["image"].astype(np.float32) / np.float32(255)
        out = {"image": torch.from_numpy(image).permute(0, 3, 1, 2)}
        if "depth" in stacks:
            out["depth"] = torch.from_numpy(stacks["depth"])[:, None]
        if "parsing" in stacks:
            out["parsing"] = torch.from_numpy(stacks["parsing"]).long()
        return out

    def _look(self, number: int) -> dict[str, np.ndarray]:
        """Image and labels of the ``number``-th crop of the run."""
        config = self._config
        decoded = self._sample(number)
        rng = np.random.default_rng((config.seed, LOOKS, number))
        height, width = decoded.image.shape[:2]
        side = config.size
        if config.zoom > 1:
            side = round(config.size * config.zoom ** rng.random())
        crop = random_crop(max(height, side), max(width, side), side, rng, config.flip)
        image = cut(mirror(decoded.image, side), crop)
        if config.jitter:
            image = color_jitter(image, rng, config.jitter)
        cutters = {"depth": cut, "parsing": cut_parsing}
        labels = {
            key: cutters[key](mirror(label, side), crop) for key, label in decoded.labels.items()
        }
        if side != config.size:
            image = resize_crop(image, config.size)
            labels = {
                key: resize_nearest(label, config.size, config.size)
                for key, label in labels.items()
            }
        return {"image": image, **labels}

    def _sample(self, number: int) -> _Decoded:
        """The sample whose turn it is; if damaged, the next one in the epoch's order."""
        count = len(self._samples)
        epoch, place = divmod(number, count)
        order = _order(count, self._config.seed, epoch)
        for offset in range(count):
            index = int(order[(place + offset) % count])
            try:
                return self._decode(index)
            except Damaged as error:
                with self._lock:
                    self._damaged[index] = error
        raise UserError(f"none of the {count} images can be used; {self._damaged[index]}")

    def _decode(self, index: int) -> _Decoded:
        if index in self._damaged:
            raise self._damaged[index]
        if index in self._kept:
            return self._kept[index]
        decoded = _decode(self._samples[index], self._config)
        with self._lock:
            if index not in self._kept and decoded.size <= self._left:
                self._left -= decoded.size
                self._kept[index] = decoded
        return decoded


@lru_cache(maxsize=16)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, ORDER, epoch)).permutation(count)


def _decode(sample: Sample, config: BatchConfig) -> _Decoded:
    """Image and labels, resized.

    Raises:
        Damaged: when one of them cannot be decoded, or a label is of another shape.
    """
    whole = sample.reduced(config.short_side) if sample.reduced else sample.image()
    image = np.asarray(resize_short(whole, config.short_side))
    height, width = image.shape[:2]

    labels = {
        kind: resize_nearest(read_label(sample, kind, whole), height, width)
        for kind in config.labels
    }
    return _Decoded(image, labels)


def prefetch(
    make: Callable[[int], T], steps: range, ahead: int = 4, workers: int = 2
) -> Iterator[T]:
    """``make(step)`` for every step, in order, made in other threads before it is asked for.

    An exception is raised where its result would have come. The threads end with the iterator:
    when it is exhausted, closed or let go of.

    Args:
        ahead: results that are made or in the making at any time.
        workers: threads.
    """
    waiting: deque[Future[T]] = deque()
    remaining = iter(steps)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="prefetch")
    try:
        while True:
            while len(waiting) < max(ahead, 1) and (step := next(remaining, None)) is not None:
                waiting.append(pool.submit(make, step))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)

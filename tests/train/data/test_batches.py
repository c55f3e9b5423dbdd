"""Batches: what is cut belongs together, and a step is the same whenever it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facestyle.errors import UserError
from train.auxiliary.face_classes import CLASSES
from train.data import BatchConfig, Batches, Damaged, Sample, prefetch
from train.data.transforms import (
    MIRRORED,
    color_jitter,
    cut,
    cut_parsing,
    mirror,
    random_crop,
    resize_nearest,
    resize_short,
)

CONFIG = BatchConfig(size=16, short_side=20, batch=4, seed=7)


def _noise(index: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


def _sample(index: int, calls: list[int] | None = None, broken: bool = False) -> Sample:
    def image() -> Image.Image:
        if calls is not None:
            calls.append(index)
        if broken:
            raise Damaged(f"{index}.jpg", "truncated")
        return Image.fromarray(_noise(index))

    return Sample(f"{index}.jpg", image)


def _equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    size=st.integers(1, 40),
    extra=st.integers(0, 20),
)
@settings(deadline=None)
def test_short_sides_and_crops_fit(height: int, width: int, size: int, extra: int) -> None:
    image = resize_short(Image.new("RGB", (width, height)), size + extra)
    assert min(image.size) == size + extra
    assert abs(max(image.size) - (size + extra) * max(width, height) / min(width, height)) <= 0.5
    rng = np.random.default_rng(height)
    part = cut(np.asarray(image), random_crop(image.height, image.width, size, rng))
    assert part.shape == (size, size, 3)


def test_crops_reach_every_place_and_mirror_half() -> None:
    rng = np.random.default_rng(0)
    crops = [random_crop(6, 5, 4, rng) for _ in range(400)]
    assert {(c.top, c.left) for c in crops} == {(t, x) for t in range(3) for x in range(2)}
    assert 150 < sum(c.mirrored for c in crops) < 250
    assert not any(random_crop(6, 5, 4, rng, flip=False).mirrored for _ in range(50))


@given(
    height=st.integers(12, 60),
    width=st.integers(12, 60),
    scale=st.sampled_from([1, 2]),
    short_side=st.integers(16, 50),
    seed=st.integers(0, 10_000),
    data=st.data(),
)
@settings(max_examples=80, deadline=None)
def test_labels_stay_on_what_they_label(
    height: int, width: int, scale: int, short_side: int, seed: int, data: st.DataObject
) -> None:
    top, left = data.draw(st.integers(0, height - 6)), data.draw(st.integers(0, width - 6))
    bottom, right = data.draw(st.integers(top + 6, height)), data.draw(st.integers(left + 6, width))
    ids = np.zeros((height, width), np.uint8)
    ids[top:bottom, left:right] = 17
    far = np.where(ids == 17, np.float32(0.5), np.float32(np.nan))
    painted = (ids == 17).repeat(scale, 0).repeat(scale, 1)
    image = Image.fromarray(np.where(painted, 255, 0).astype(np.uint8)).convert("RGB")
    sample = Sample("a", lambda: image, depth=lambda: far, parsing=lambda: ids)
    config = BatchConfig(12, short_side, 3, seed, labels=("depth", "parsing"))
    batch = Batches([sample], config).at(2)
    seen, ids_seen, far_seen = batch["image"], batch["parsing"], batch["depth"]
    assert torch.equal(far_seen[:, 0] == 0.5, ids_seen == 17)
    assert torch.equal(far_seen[:, 0].isnan(), ids_seen == 0)
    # Bicubic edges are soft and nearest ones hard, so they may differ where grey.
    for crop, label in zip(seen[:, 0], ids_seen):
        assert (label[crop > 0.98] == 17).float().mean().nan_to_num(1) > 0.97
        assert (label[crop < 0.02] == 0).float().mean().nan_to_num(1) > 0.97


def test_nearest_keeps_holes_and_values() -> None:
    depth = np.array([[1, np.nan], [3, 4]], np.float32)
    large = resize_nearest(depth, 6, 4)
    np.testing.assert_array_equal(large, depth.repeat(3, 0).repeat(2, 1))
    np.testing.assert_array_equal(resize_nearest(large, 2, 2), depth)
    assert resize_nearest(np.arange(25).reshape(5, 5), 1, 1) == 12  # the middle, not a corner


def test_left_and_right_swap_in_the_mirror() -> None:
    names = [CLASSES[i] for i in MIRRORED[: len(CLASSES)]]
    swapped = {a: b for a, b in zip(CLASSES, names) if a != b}
    pairs = [("l_eye", "r_eye"), ("l_brow", "r_brow"), ("l_ear", "r_ear")]
    assert swapped == {a: b for x, y in pairs for a, b in ((x, y), (y, x))}
    assert (MIRRORED[MIRRORED] == np.arange(256)).all()
    ids = np.array([[4, 0], [255, 12]], np.uint8)
    crop = random_crop(2, 2, 2, np.random.default_rng(0), flip=False)
    assert (cut_parsing(ids, crop) == ids).all()
    assert cut_parsing(ids, crop._replace(mirrored=True)).tolist() == [[0, 5], [12, 255]]


def test_jitter_of_nothing_is_nothing() -> None:
    image = _noise(0)
    assert (color_jitter(image, np.random.default_rng(0), 0.0) == image).all()


@given(seed=st.integers(0, 10_000), grey=st.integers(0, 255), amount=st.floats(0, 0.9))
def test_jitter_of_grey_is_brightness_alone(seed: int, grey: int, amount: float) -> None:
    image = np.full((3, 4, 3), grey, np.uint8)
    seen = color_jitter(image, np.random.default_rng(seed), amount)
    factor = np.random.default_rng(seed).uniform(1 - amount, 1 + amount)
    assert np.abs(seen - min(255, grey * factor)).max() <= 0.51
    assert 1 - amount <= factor <= 1 + amount


def test_zoomed_crops_are_of_every_scale_and_mirrored_beyond_the_edges() -> None:
    """Of a ramp: a crop twice as wide climbs twice as fast, until it turns back."""
    ramp = np.repeat(np.arange(0, 240, 2, dtype=np.uint8)[None, :, None], 120, 0).repeat(3, 2)
    sample = Sample("ramp", lambda: Image.fromarray(ramp))
    config = BatchConfig(size=48, short_side=120, batch=40, seed=0, zoom=4)
    images = Batches([sample], config).at(0)["image"]
    assert images.shape == (40, 3, 48, 48)
    slopes = (images[:, 0, 24, 1:] - images[:, 0, 24, :-1]).abs().median(1).values * 255 / 2
    assert 0.9 < slopes.min() < 1.2
    assert 3 < slopes.max() < 4.2
    assert (images.flatten(1).max(1).values <= 240 / 255).all()


@given(height=st.integers(1, 12), width=st.integers(1, 12), size=st.integers(1, 40))
def test_mirrored_images_hold_themselves(height: int, width: int, size: int) -> None:
    image = _noise(0, height, width)
    wide = mirror(image, size)
    assert wide.shape == (max(height, size), max(width, size), 3)
    assert (wide[:height, :width] == image).all()
    if size > height:
        assert (wide[height] == wide[height - 1]).all()


def test_an_epoch_has_every_sample_once() -> None:
    images = [Image.new("RGB", (20, 20), (20 * i, 0, 0)) for i in range(12)]
    samples = [Sample(str(i), lambda i=i: images[i]) for i in range(12)]  # type: ignore[misc]
    batches = Batches(samples, CONFIG)
    epochs = [
        [
            round(float(v) * 255 / 20)
            for s in range(3)
            for v in batches.at(3 * e + s)["image"][:, 0, 0, 0]
        ]
        for e in range(2)
    ]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(12))
    assert epochs[0] != epochs[1]
    assert len(batches) == 12


@pytest.mark.parametrize("broken", [(), (1, 2)])
def test_a_step_is_the_same_whenever_it_is_asked_for(broken: tuple[int, ...]) -> None:
    config = BatchConfig(16, 20, 4, 7, jitter=0.4)
    samples = [_sample(i, broken=i in broken) for i in range(6)]
    forward, backward = (Batches(samples, config) for _ in range(2))
    first = {step: forward.at(step) for step in range(5)}
    second = {step: backward.at(step) for step in reversed(range(5))}
    fresh = {step: Batches(samples, config, memory=0).at(step) for step in range(5)}
    assert all(_equal(first[s], second[s]) and _equal(first[s], fresh[s]) for s in range(5))
    assert forward.skipped == {f"{i}.jpg": "truncated" for i in broken}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(Batches(samples, config).at, [*range(5)] * 3))
    assert all(_equal(first[i % 5], batch) for i, batch in enumerate(together))
    assert not _equal(first[0], Batches(samples, BatchConfig(16, 20, 4, 8, jitter=0.4)).at(0))


def test_every_crop_of_an_image_is_another() -> None:
    crops = Batches([_sample(0)], BatchConfig(8, 24, 16, 0)).at(0)["image"]
    assert len({crop.numpy().tobytes() for crop in crops}) >= 15


def test_processes_share_the_batch() -> None:
    batches = Batches([_sample(i) for i in range(5)], CONFIG)
    whole = batches.at(3)["image"]
    for rank in range(2):
        assert torch.equal(batches.at(3, rank, 2)["image"], whole[rank::2])
    with pytest.raises(UserError, match="a batch of 4 cannot be shared by 3"):
        batches.at(0, 0, 3)


def test_shapes_types_and_ranges() -> None:
    sample = Sample(
        "a",
        lambda: Image.fromarray(_noise(0)),
        depth=lambda: np.ones((12, 16), np.float32),
        parsing=lambda: np.full((48, 64), 255, np.uint8),
    )
    batch = Batches([sample], BatchConfig(16, 20, 2, 0, labels=("depth", "parsing"))).at(0)
    shapes = {key: (tuple(value.shape), value.dtype) for key, value in batch.items()}
    assert shapes == {
        "image": ((2, 3, 16, 16), torch.float32),
        "depth": ((2, 1, 16, 16), torch.float32),
        "parsing": ((2, 16, 16), torch.int64),
    }
    assert batch["image"].is_contiguous(memory_format=torch.channels_last)
    assert 0 <= batch["image"].min() < 0.1
    assert 0.9 < batch["image"].max() <= 1


def test_memory_is_used_up_to_its_limit() -> None:
    size = 20 * 27 * 3
    for memory, decoded in ((0, 18), (2 * size + 1, 14), (10**6, 6)):
        calls: list[int] = []
        batches = Batches([_sample(i, calls) for i in range(6)], CONFIG, memory=memory)
        for step in range(18 // 4):
            batches.at(step)
        batches.at(17 // 4, 0, 2)
        assert len(calls) == decoded


def test_the_reduced_image_is_asked_for_where_there_is_one() -> None:
    asked: list[int] = []

    def reduced(short_side: int) -> Image.Image:
        asked.append(short_side)
        return Image.fromarray(_noise(0))

    def whole() -> Image.Image:
        raise AssertionError

    Batches([Sample("a", whole, reduced=reduced)], CONFIG).at(0)
    assert asked == [20]


def test_a_turned_label_is_damage() -> None:
    upright = Sample("a", lambda: Image.fromarray(_noise(0)), depth=lambda: np.ones((24, 32)))
    turned = Sample("b", lambda: Image.fromarray(_noise(0)), depth=lambda: np.ones((32, 24)))
    batches = Batches([upright, turned], BatchConfig(16, 20, 4, 0, labels=("depth",)))
    batches.at(0)
    assert batches.skipped == {"b": "its depth is 24 x 32, its image 32 x 24"}


def test_what_cannot_be_trained_on_is_refused() -> None:
    with pytest.raises(UserError, match="no images"):
        Batches([], CONFIG)
    with pytest.raises(UserError, match="has a parsing label"):
        Batches([_sample(0)], BatchConfig(16, 20, 4, 0, labels=("parsing",)))
    with pytest.raises(UserError, match=r"none of the 3 images can be used; .*truncated"):
        Batches([_sample(i, broken=True) for i in range(3)], CONFIG).at(0)
    with pytest.raises(UserError, match="did you mean 'depth'"):
        BatchConfig(16, 20, 4, 0, labels=("dept",))
    with pytest.raises(UserError, match="raise short_side"):
        BatchConfig(32, 20, 4, 0)


def test_samples_without_a_label_are_left_out() -> None:
    labelled = Sample(
        "b", lambda: Image.new("RGB", (32, 24)), parsing=lambda: np.ones((24, 32), np.uint8)
    )
    batches = Batches([_sample(0), labelled], BatchConfig(16, 20, 4, 0, labels=("parsing",)))
    assert len(batches) == 1
    assert (batches.at(0)["parsing"] == 1).all()


def _threads() -> int:
    return sum(thread.name.startswith("prefetch") for thread in threading.enumerate())


def test_prefetched_results_come_in_order() -> None:
    def make(step: int) -> int:
        time.sleep(0.002 * (step % 3))
        return step

    assert list(prefetch(make, range(3, 30), ahead=5, workers=3)) == list(range(3, 30))
    assert list(prefetch(make, range(0))) == []
    assert _threads() == 0


def test_prefetching_does_not_run_away() -> None:
    made: list[int] = []
    results = prefetch(made.append, range(1000), ahead=3)
    next(results)
    time.sleep(0.05)
    assert len(made) <= 4
    results.close()  # type: ignore[attr-defined]
    assert _threads() == 0


def test_errors_are_raised_in_their_place() -> None:
    def make(step: int) -> int:
        if step == 2:
            raise UserError("step 2 failed")
        return step

    results = prefetch(make, range(9))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(UserError, match="step 2 failed"):
        next(results)
    assert _threads() == 0


@pytest.mark.parametrize("leave", [lambda results: results.close(), lambda results: None])
def test_threads_end_with_their_consumer(leave: Callable[..., None]) -> None:
    results = prefetch(lambda step: step, range(100))
    assert next(results) == 0
    assert _threads() > 0
    leave(results)
    del results
    assert _threads() == 0

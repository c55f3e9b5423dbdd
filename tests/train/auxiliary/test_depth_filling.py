"""Depth filling: what a weighted mean of neighbours must do, whatever the hole's shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from train.auxiliary.depth_filling import fill_depth

Map = NDArray[np.float64]


def blob(size: int, radius: float, seed: int) -> NDArray[np.bool_]:
    """A ragged hole around the middle, with islands of known pixels."""
    y, x = np.mgrid[:size, :size] - size / 2
    ragged = np.random.default_rng(seed).random((size, size)) < 0.9
    return (np.hypot(x, y) < radius) & ragged


@given(st.integers(0, 10**6), st.floats(0.02, 0.98), st.integers(2, 12), st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_known_pixels_stay_and_holes_lie_between_them(
    seed: int, missing: float, height: int, width: int
) -> None:
    random = np.random.default_rng(seed)
    depth = random.uniform(-5, 5, (height, width))
    holes = random.random((height, width)) < missing
    holes[random.integers(height), random.integers(width)] = False
    grey = random.choice([random.random((height, width)), np.round(random.random(depth.shape))])
    filled = fill_depth(np.where(holes, np.nan, depth), grey)
    assert np.array_equal(filled[~holes], depth[~holes])
    assert filled.min() >= depth[~holes].min() and filled.max() <= depth[~holes].max()


@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_plane_is_continued_where_grey_says_nothing(x: float, y: float, seed: int) -> None:
    rows, columns = np.mgrid[:24, :24]
    plane: Map = 7 + x * columns + y * rows
    holed = np.where(blob(24, 10, seed), np.nan, plane)
    np.testing.assert_allclose(fill_depth(holed, np.full((24, 24), 0.4)), plane, atol=1e-9)


def test_equal_grey_levels_average_the_neighbours() -> None:
    depth = np.random.default_rng(0).random((12, 12))
    depth[3:9, 3:9] = np.nan
    filled = fill_depth(depth, np.zeros((12, 12)))
    for row, column in np.argwhere(np.isnan(depth)):
        window = filled[row - 1 : row + 2, column - 1 : column + 2]
        assert filled[row, column] == pytest.approx((window.sum() - window[1, 1]) / 8)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slanted", [False, True])
def test_a_step_stays_where_the_photo_has_it(seed: int, slanted: bool) -> None:
    rows, columns = np.mgrid[:32, :32]
    right = columns + rows // 3 > 20 if slanted else columns >= 16
    step = np.where(right, 2.0, 1.0)
    grey = np.where(right, 0.7, 0.3) + np.random.default_rng(seed).normal(0, 0.01, (32, 32))
    filled = fill_depth(np.where(blob(32, 10, seed), np.nan, step), grey)
    assert np.abs(filled - step).max() < 0.05
    # Without the photo's help the step smears across the hole.
    smeared = fill_depth(np.where(blob(32, 10, seed), np.nan, step), np.zeros((32, 32)))
    assert np.abs(smeared - step).max() > 0.3


def test_a_single_known_pixel_fills_all() -> None:
    depth = np.full((9, 14), np.nan, np.float32)
    depth[0, 13] = 0.7
    filled = fill_depth(depth, np.random.default_rng(0).random((9, 14)))
    assert filled.dtype == np.float32 and (filled == np.float32(0.7)).all()


def test_no_holes_and_nothing_known() -> None:
    depth, grey = np.ones((3, 4)), np.ones((3, 4))
    assert fill_depth(depth, grey) is depth
    with pytest.raises(ValueError, match="no pixel"):
        fill_depth(np.full((3, 4), np.nan), grey)
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(4, 3\)"):
        fill_depth(depth, grey.T)


def test_the_argument_is_left_alone() -> None:
    depth = np.array([[1.0, np.nan, 3.0]])
    assert fill_depth(depth, np.zeros((1, 3)))[0, 1] == pytest.approx(2)
    assert np.isnan(depth[0, 1])

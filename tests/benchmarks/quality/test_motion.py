"""Motion that is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import motion
from benchmarks.quality.motion import Motion

STILL = Motion(0.0, 0.0, 1.0, seed=0)


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

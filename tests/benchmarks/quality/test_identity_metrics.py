"""Landmarks and identity."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.quality.identity_metrics import drift


def test_drift_is_a_share_of_the_distance_of_the_eyes() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (68, 2))
    points[36], points[45] = (20, 50), (70, 50)
    assert drift(points + np.array([3, 4]), points) == pytest.approx(5 / 50)
    one = points.copy()
    one[0] += (0, 10)
    assert drift(one, points) == pytest.approx(10 / math.sqrt(68) / 50)
    assert drift(points, points) == 0

"""Figures of depth against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.auxiliary.depth_metrics import DepthScore, align


def test_figures_by_hand() -> None:
    score = DepthScore()
    known = torch.tensor([True, True, False])
    score.add(torch.tensor([1.0, 2.0, 50.0]), torch.tensor([2.0, 2.0, 1.0]), known)
    score.add(torch.tensor([1.3]), torch.tensor([1.0]), torch.tensor([True]))
    score.add(torch.tensor([1.0]), torch.tensor([1.5]), torch.tensor([True]))
    figures = score.figures()
    assert figures == pytest.approx(
        {
            "RMSE": math.sqrt((1 + 0 + 0.09 + 0.25) / 4),
            "REL": (0.5 + 0 + 0.3 + 1 / 3) / 4,
            "log10": (math.log10(2) + math.log10(1.3) + math.log10(1.5)) / 4,
            "delta<1.25": 1 / 4,
            "delta<1.25^2": 3 / 4,
            "delta<1.25^3": 3 / 4,
        }
    )
    assert list(figures) == ["RMSE", "REL", "log10", "delta<1.25", "delta<1.25^2", "delta<1.25^3"]


def test_figures_do_not_depend_on_batches() -> None:
    depth, target = torch.rand(4, 1, 5, 5) + 0.1, torch.rand(4, 1, 5, 5) + 0.1
    known = torch.rand(4, 1, 5, 5) < 0.7
    whole, parts = DepthScore(), DepthScore()
    whole.add(depth, target, known)
    for one in zip(depth, target, known):
        parts.add(*one)
    assert whole.figures() == pytest.approx(parts.figures())


def test_what_cannot_be_judged_is_refused() -> None:
    one, yes = torch.ones(1), torch.ones(1, dtype=torch.bool)
    with pytest.raises(ValueError, match="no known pixel"):
        DepthScore().figures()
    with pytest.raises(ValueError, match="target must be"):
        DepthScore().add(one, 0 * one, yes)
    with pytest.raises(ValueError, match="depth must be"):
        DepthScore().add(math.nan * one, one, yes)
    with pytest.raises(ValueError, match="shapes"):
        DepthScore().add(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 4, 4), yes)
    # What is unknown may hold anything.
    DepthScore().add(one, 0 * one, ~yes)


@given(st.floats(0.1, 50), st.floats(-5, 5))
@settings(max_examples=20, deadline=None)
def test_align_undoes_scale_and_shift(scale: float, shift: float) -> None:
    target, known = torch.rand(2, 1, 6, 6) + 0.5, torch.rand(2, 1, 6, 6) < 0.8
    torn = torch.where(known, scale * target + shift, 77)
    holed = torch.where(known, target, torch.nan)
    aligned = align(torn, holed, known)
    torch.testing.assert_close(aligned[known], target[known].double(), rtol=0, atol=1e-4)


def test_align_is_the_least_squares_solution() -> None:
    depth, target = torch.rand(1, 1, 6, 6).double(), torch.rand(1, 1, 6, 6).double()
    known = torch.rand(1, 1, 6, 6) < 0.6
    columns = torch.stack((depth[known], torch.ones_like(depth[known])), 1)
    solution = torch.linalg.lstsq(columns, target[known][:, None]).solution
    expected = solution[0] * depth + solution[1]
    torch.testing.assert_close(align(depth, target, known), expected)


def test_align_shifts_what_is_flat_and_leaves_what_is_unknown() -> None:
    target, known = torch.rand(2, 1, 4, 4).double(), torch.ones(2, 1, 4, 4, dtype=torch.bool)
    known[1] = False
    aligned = align(torch.full((2, 1, 4, 4), 3.3), target, known)
    torch.testing.assert_close(aligned[0], target[0].mean().expand(1, 4, 4))
    torch.testing.assert_close(aligned[1], torch.full((1, 4, 4), 3.3).double())

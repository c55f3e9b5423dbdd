"""Weights that follow targets."""

from __future__ import annotations

import math

import pytest
import torch

from train.balance import MOST_EXCESS, RANGE, RATE, Balance


def values(**found: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in found.items()}


def test_weights_start_as_the_recipe_has_them() -> None:
    balance = Balance({"style": 2, "face": 3}, {"face": 0.1})
    assert balance.weigh(values(style=1.0, face=10.0)).item() == 32
    assert balance.weigh(values(style=1.0)).item() == 2


def test_a_weight_grows_above_its_target_and_shrinks_below() -> None:
    balance = Balance({"style": 2, "face": 3}, {"face": 0.1})
    balance.follow(values(style=9.0, face=0.12))
    assert balance.factor.item() == pytest.approx(RATE * 0.2)
    balance.follow(values(face=0.08))
    assert balance.factor.item() == pytest.approx(0, abs=1e-7)
    balance.follow(values(face=99.0))
    assert balance.factor.item() == pytest.approx(RATE * MOST_EXCESS)
    balance.follow(values(style=1.0))
    assert balance.factor.item() == pytest.approx(RATE * MOST_EXCESS)


def test_a_weight_stays_in_range() -> None:
    balance = Balance({"face": 3}, {"face": 0.1})
    for _ in range(round(2 * math.log(RANGE) / (RATE * MOST_EXCESS))):
        balance.follow(values(face=1.0))
    assert balance.weigh(values(face=1.0)).item() == pytest.approx(3 * RANGE)

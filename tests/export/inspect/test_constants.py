"""Tracing constants: reordered and rounded ones are found, others are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from export.inspect.constants import Constant, trace


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 1))


def _origin(module: nn.Module, values: np.ndarray, tolerance: float = 1e-6) -> str | None:
    constant = Constant("c", values.astype(np.float32), tolerance)
    return trace([constant], module)[0].parameter


def test_reordered_weights_are_found(module: nn.Module) -> None:
    state = {k: v.numpy() for k, v in module.state_dict().items()}
    assert _origin(module, state["0.weight"].transpose(0, 2, 3, 1)) == "0.weight"
    assert _origin(module, state["0.weight"].transpose(2, 3, 1, 0)) == "0.weight"
    assert _origin(module, state["1.weight"].transpose(1, 2, 3, 0)) == "1.weight"
    assert _origin(module, state["2.weight"][:, :, 0, 0]) == "2.weight"
    assert _origin(module, state["2.bias"]) == "2.bias"


def test_a_row_of_copies_of_a_vector_is_that_vector(module: nn.Module) -> None:
    bias = module.state_dict()["0.bias"].numpy()
    row = np.broadcast_to(bias, (1, 1, 5, 8)).copy()
    assert _origin(module, row) == "0.bias"
    row[0, 0, 3, 2] += 0.1
    assert _origin(module, row) is None


def test_rounded_weights_are_found(module: nn.Module) -> None:
    weight = module.state_dict()["0.weight"].numpy()
    assert _origin(module, weight.astype(np.float16), 1e-3) == "0.weight"
    scale = np.abs(weight).max() / 127
    assert _origin(module, np.round(weight / scale) * scale, 0.51 * scale) == "0.weight"


def test_others_are_not_traced(module: nn.Module) -> None:
    weight = module.state_dict()["0.weight"].numpy()
    assert _origin(module, weight + 0.01) is None
    assert _origin(module, weight.ravel()[::-1].copy()) is None
    assert _origin(module, np.random.default_rng(0).normal(size=(7, 5))) is None
    assert _origin(module, np.full_like(weight, np.nan)) is None


def test_scalars_are_listed_with_their_value(module: nn.Module) -> None:
    (origin,) = trace([Constant("eps", np.array([1e-4], np.float32), 0.0)], module)
    assert origin.parameter == "scalar"
    assert origin.value == pytest.approx(1e-4)


def test_a_bias_of_zeros_comes_from_a_layer_without_one_but_zeroed_weights_do_not() -> None:
    layer = nn.Conv2d(2, 3, 1, bias=False)
    zeros = Constant("bias", np.zeros(3, np.float32), 0.0)
    weights = Constant("weight", np.zeros((3, 1, 1, 2), np.float32), 0.0)
    found, lost = trace([zeros, weights], layer)
    assert (found.parameter, found.value) == ("zeros", 0.0)
    assert lost.parameter is None

"""Distances between outputs, against values known beforehand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from export.verify.compare import max_error, peak, psnr
from facestyle import contract
from facestyle.contract import Kind, Port


@given(st.floats(1e-3, 1.0), st.floats(0.5, 510))
def test_a_constant_error(error: float, range_: float) -> None:
    reference = torch.zeros(1, 3, 4, 4, dtype=torch.float64)
    found = psnr(reference + error * range_, reference, range_)
    assert found == pytest.approx(-20 * math.log10(error))
    assert max_error(reference - error * range_, reference, range_) == pytest.approx(error)


def test_one_wrong_value() -> None:
    reference = torch.zeros(1, 1, 10, 10)
    output = reference.clone()
    output[0, 0, 3, 4] = 1
    assert psnr(output, reference, 1.0) == pytest.approx(20)  # a hundredth of the square error
    assert max_error(output, reference, 1.0) == 1


def test_equal_outputs() -> None:
    x = torch.rand(1, 3, 4, 4)
    assert psnr(x, x, 1.0) == math.inf
    assert max_error(x, x, 1.0) == 0


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_near_nothing(wrong: float) -> None:
    output = torch.zeros(1, 3, 4, 4)
    output[0, 1, 2, 3] = wrong
    for reference in (output, torch.zeros(1, 3, 4, 4)):
        assert math.isnan(psnr(output, reference, 1.0))
        assert math.isnan(max_error(output, reference, 1.0))


def test_other_shapes_are_near_nothing() -> None:
    """Even where PyTorch would stretch one to the other."""
    assert math.isnan(psnr(torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4), 1.0))
    assert math.isnan(max_error(torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4), 1.0))


def test_the_peak_is_the_ports_range() -> None:
    x = torch.tensor([0.25, 0.75])
    assert peak(contract.stylized(4, 4), x) == 1
    assert peak(Port("stylized", Kind.IMAGE, (1, 3, 4, 4), (-1.0, 1.0), ""), x) == 2


def test_the_peak_of_what_is_unbounded_is_the_references() -> None:
    code = contract.style_code(2)
    assert peak(code, torch.tensor([-2.0, 3.0])) == 5
    assert peak(code, torch.full((2,), 7.0)) == 1  # nothing to divide by

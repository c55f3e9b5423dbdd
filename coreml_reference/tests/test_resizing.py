"""Bilinear resampling: PyTorch's own function and the rules of sampling modes agree."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coreml_reference.resizing import ALIGN_CORNERS, SAMPLING_MODES, bilinear, linear, positions

sizes = st.integers(1, 12)


@settings(max_examples=200, deadline=None)
@given(
    old=st.tuples(sizes, sizes), new=st.tuples(sizes, sizes), mode=st.sampled_from(SAMPLING_MODES)
)
def test_two_dimensions_are_one_after_the_other(
    old: tuple[int, int], new: tuple[int, int], mode: str
) -> None:
    """Whatever computes it, also where it is left to PyTorch."""
    x = torch.rand(2, 3, *old)
    wanted = x.double()
    for axis in (2, 3):
        wanted = linear(wanted, axis, positions(mode, x.shape[axis], new[axis - 2]))
    torch.testing.assert_close(bilinear(x, list(new), mode), wanted.float(), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("mode", ALIGN_CORNERS)
def test_pytorch_samples_where_the_mode_says(mode: str) -> None:
    """Resampling a ramp gives the positions themselves."""
    ramp = torch.arange(5, dtype=torch.float64)[None, None, None].expand(1, 1, 2, 5)
    found = bilinear(ramp, [2, 7], mode)[0, 0, 0]
    torch.testing.assert_close(found, positions(mode, 5, 7))

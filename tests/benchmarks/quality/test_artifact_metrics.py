"""Lattices and borders."""

from __future__ import annotations

import pytest
import torch

from benchmarks.quality import artifact_metrics


@pytest.mark.parametrize("period", [2, 4, 8])
def test_lattices_stand_out(period: int) -> None:
    generator = torch.Generator().manual_seed(0)
    grain = 0.5 + 0.05 * torch.randn(1, 3, 128, 128, generator=generator)
    dots = (torch.arange(128) % period < period // 2).float() * torch.ones(128, 1)
    found = [
        artifact_metrics.grid_db(artifact_metrics.spectrum(grain + amount * dots))
        for amount in (0, 0.05, 0.2)
    ]
    assert None not in found
    assert found[0] < found[1] < found[2]  # type: ignore[operator]
    assert found[2] > 20  # type: ignore[operator]


def test_a_flat_picture_has_no_spectrum() -> None:
    assert artifact_metrics.grid_db(torch.zeros(128, 128)) is None


def test_border_is_what_the_rim_adds(noise: torch.Tensor) -> None:
    glowing = noise.clone() + 0.1
    glowing[..., 4:-4, 4:-4] = noise[..., 4:-4, 4:-4]
    shift = artifact_metrics.rim_shift(noise)
    assert artifact_metrics.border(glowing, shift) == pytest.approx(0.1, abs=1e-5)
    assert artifact_metrics.border(noise + 0.3, shift) == pytest.approx(0, abs=1e-5)

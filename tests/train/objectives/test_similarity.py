"""How alike two pictures are, where the answer is known."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from train.objectives import similarity

SIDE = 128


def noise(seed: int, channels: int = 3, side: int = SIDE, count: int = 1) -> Tensor:
    """Smooth enough to be a picture."""
    generator = torch.Generator().manual_seed(seed)
    rough = torch.rand(count, channels, side // 4, side // 4, generator=generator)
    return F.interpolate(rough, scale_factor=4.0, mode="bilinear")


WHOLE = torch.ones(1, 1, SIDE, SIDE)


class TestSimilarity:
    @pytest.mark.parametrize("loss", [similarity.ssim_loss, similarity.gradient_loss])
    def test_nothing_between_equals(self, loss: similarity.Loss) -> None:
        assert loss(noise(0), noise(0), WHOLE).item() == pytest.approx(0, abs=1e-5)
        assert loss(noise(0), noise(1), WHOLE) > 0.2

    def test_ssim_is_that_of_piq(self) -> None:
        """Up to the shape of the window."""
        import piq

        photo = noise(0)
        painted = (0.7 * photo + 0.3 * noise(1)).clamp(0, 1)
        grey = (painted.mean(1, True), photo.mean(1, True))
        wanted = 1 - piq.ssim(*grey, data_range=1.0, downsample=False).item()
        own = similarity.ssim_loss(painted, photo, WHOLE).item()
        assert own == pytest.approx(wanted, rel=0.1)

    def test_gradients_follow_gmsd(self) -> None:
        """The order of four pictures is GMSD's."""
        import piq

        photo = noise(0)
        mixes = [(1 - k) * photo + k * noise(1) for k in (0.05, 0.15, 0.3, 0.6)]
        own = [similarity.gradient_loss(mix, photo, WHOLE).item() for mix in mixes]
        wanted = [piq.gmsd(mix, photo, data_range=1.0).item() for mix in mixes]
        assert own == sorted(own)
        assert wanted == sorted(wanted)

    @pytest.mark.parametrize("loss", [similarity.ssim_loss, similarity.gradient_loss])
    def test_only_the_weighted_part_counts(self, loss: similarity.Loss) -> None:
        photo, painted = noise(0), noise(0)
        painted[..., : SIDE // 2] = noise(1)[..., : SIDE // 2]
        right = torch.zeros(1, 1, SIDE, SIDE)
        right[..., SIDE // 2 + 8 :] = 1
        assert loss(painted, photo, right).item() == pytest.approx(0, abs=1e-5)
        assert loss(painted, photo, 1 - right) > 0.2
        assert loss(painted, photo, torch.zeros_like(right)).item() == pytest.approx(0, abs=1e-2)

    @pytest.mark.parametrize("loss", [similarity.ssim_loss, similarity.gradient_loss])
    @pytest.mark.parametrize("value", [0.0, 0.5])
    def test_gradients_are_finite_where_nothing_changes(
        self, loss: similarity.Loss, value: float
    ) -> None:
        flat = torch.full((1, 3, SIDE, SIDE), value, requires_grad=True)
        loss(flat, noise(0), WHOLE).sum().backward()
        assert flat.grad is not None
        assert torch.isfinite(flat.grad).all()

    def test_autocast_changes_nothing(self) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            mixed = similarity.ssim_loss(noise(0), noise(1), WHOLE)
        assert torch.equal(mixed, similarity.ssim_loss(noise(0), noise(1), WHOLE))

"""Terms that look at faces, lattices and motion, on pictures whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from train.auxiliary.face_classes import CLASSES
from train.objectives import checkerboard, motion, similarity
from train.objectives.face import face_mask

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


class TestLattice:
    @pytest.mark.parametrize("period", [2, 4, 8])
    def test_dots_are_seen(self, period: int) -> None:
        clean = torch.rand(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
        dotted = clean.clone()
        dotted[:, :, ::period, ::period] += 0.2
        assert checkerboard.checkerboard_loss(clean) < 0.02
        assert checkerboard.checkerboard_loss(dotted) > 10 * checkerboard.checkerboard_loss(clean)

    def test_a_peak_of_20_db_at_one_frequency(self) -> None:
        """A wave of a period of 8 along x has its power at two of the 63 frequencies."""
        generator = torch.Generator().manual_seed(0)
        texture = torch.randn(16, 1, SIDE, SIDE, generator=generator).expand(-1, 3, -1, -1)
        wave = torch.cos(2 * math.pi * torch.arange(SIDE) / 8)
        # Of noise with variance 1 the windowed power is (3/8 SIDE^2)^2 ... per bin: 9/64 SIDE^2;
        # of a wave of amplitude a it is (a SIDE^2 / 8)^2 at the peak and a quarter beside it; over
        # the nine bins of the middle (1 + 2/4)^2 / 9 = 1/4 of that.
        amplitude = math.sqrt(99 * 4 * 9) / SIDE
        loss = checkerboard.checkerboard_loss(texture + amplitude * wave).item()
        base = checkerboard.checkerboard_loss(texture).item()
        assert loss - base == pytest.approx(2 * math.log(100) ** 2 / 63, rel=0.15)

    def test_it_can_be_learnt_away(self) -> None:
        dotted = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
        dotted[:, :, ::8, ::8] += 0.3
        dots = torch.zeros_like(dotted, requires_grad=True)
        checkerboard.checkerboard_loss(dotted + dots).backward()
        assert dots.grad is not None
        on, off = dots.grad[:, :, ::8, ::8].mean(), dots.grad.mean()
        assert on > 10 * off.abs()


class TestMotion:
    @given(
        right=st.integers(-10, 10),
        down=st.integers(-10, 10),
    )
    @settings(max_examples=25, deadline=None)
    def test_whole_pixels_are_followed_exactly(self, right: int, down: int) -> None:
        image = noise(3, side=64)
        shift = [torch.tensor([float(v)]) for v in (right, down, 1)]
        grid = motion.grid(*shift, 64, 64)
        second, followed = motion.move(image, grid), motion.follow(image, grid)
        shown = motion.visible(grid)
        assert shown.sum() >= (64 - abs(right) - 1) * (64 - abs(down) - 1)
        rolled = image.roll((down, right), (2, 3)).permute(0, 2, 3, 1)[shown]
        assert torch.allclose(second.permute(0, 2, 3, 1)[shown], rolled, atol=1e-4)
        assert motion.flicker_loss(followed, second, shown).item() < 2e-4

    def test_zoom_is_about_the_middle(self) -> None:
        zero = torch.zeros(1)
        grid = motion.grid(zero, zero, torch.tensor([2.0]), 8, 8)
        still = motion.grid(zero, zero, torch.ones(1), 8, 8)
        assert torch.allclose(grid, still / 2)

    def test_flicker_is_the_root_mean_square(self) -> None:
        first = torch.zeros(2, 3, 8, 8)
        second = first + torch.tensor([0.1, 0.3])[:, None, None, None]
        shown = torch.ones(2, 8, 8, dtype=torch.bool)
        wanted = torch.tensor([0.1, 0.3])
        assert torch.allclose(motion.flicker_loss(first, second, shown), wanted, atol=1e-4)
        second[:, :, 0] = 9
        shown[:, 0] = False
        assert torch.allclose(motion.flicker_loss(first, second, shown), wanted, atol=1e-4)


def test_the_face_mask_is_the_face_and_a_rim() -> None:
    logits = torch.full((1, len(CLASSES), 8, 8), -20.0)
    logits[:, CLASSES.index("background")] = 0
    logits[:, CLASSES.index("hair"), 0] = 20
    logits[:, CLASSES.index("skin"), 3:5, 3:5] = 20
    logits[:, CLASSES.index("r_eye"), 3, 3] = 40
    mask = face_mask(logits, 64, 64)
    assert mask.shape == (1, 1, 64, 64)
    assert torch.allclose(mask[..., 20:44, 20:44], torch.ones(()))
    assert mask[..., :8, :].max() < 1e-3
    assert mask[..., 48:].max() < 0.6

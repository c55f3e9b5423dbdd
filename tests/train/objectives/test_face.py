"""The losses between two parsings: zero where they should be, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.support.made_parsings import EYES, SIDE, SKIN, face, logits_of, random_logits
from train.auxiliary.face_classes import CLASSES
from train.objectives.face import AREA_FLOOR, FREE, face_mask, feature_margin, probability_l2


def test_l2_of_one_position() -> None:
    """Certain of skin against certain of hair: (1 - 0)^2 twice, at one position of 1024."""
    one = face()
    other = one.clone()
    other[:, 14, 14] = CLASSES.index("hair")
    value = probability_l2(logits_of(one, 1 - 1e-7), logits_of(other, 1 - 1e-7))
    assert value.item() == pytest.approx(2 / SIDE**2, rel=1e-3)


@settings(deadline=None)
@given(st.integers(0, 50))
def test_l2_is_a_bounded_distance(seed: int) -> None:
    a, b = random_logits(seed), random_logits(seed + 1000)
    assert torch.allclose(probability_l2(a, a), torch.zeros(2))
    assert torch.allclose(probability_l2(a, b), probability_l2(b, a))
    assert (probability_l2(a, b) <= 2).all()
    # Adding to all logits of a position changes no probability.
    assert torch.allclose(probability_l2(a + 5, b), probability_l2(a, b), atol=1e-5)


@settings(deadline=None)
@given(st.integers(0, 50))
def test_a_photo_costs_nothing_against_itself(seed: int) -> None:
    for scale in (0.1, 3.0, 100.0):
        photo = random_logits(seed, scale)
        assert (feature_margin(photo, photo) == 0).all()


def test_recognised_parts_are_free() -> None:
    photo = logits_of(face())
    output = logits_of(face(), 0.905).requires_grad_()
    loss = feature_margin(output, photo)
    loss.sum().backward()
    assert loss.item() == 0
    assert output.grad is not None
    assert (output.grad == 0).all()
    # Where L2 still pulls.
    assert probability_l2(output, photo).item() > 0.005
    assert feature_margin(logits_of(face(), 0.89), photo).item() > 0
    assert feature_margin(logits_of(face(), 0.6), photo, confidence=0.5).item() == 0


def test_cost_is_in_nats() -> None:
    """All parts seen with half the probability that is asked for: log 2."""
    loss = feature_margin(logits_of(face(), 0.45), logits_of(face()))
    assert loss.item() == pytest.approx(math.log(2), rel=1e-3)


def test_surroundings_are_free() -> None:
    photo = logits_of(face())
    outside = torch.isin(face(), torch.tensor([CLASSES.index(c) for c in FREE]))
    wild = torch.where(outside, torch.randint(0, 19, outside.shape), face())
    assert feature_margin(logits_of(wild), photo).item() == 0
    assert probability_l2(logits_of(wild), photo).item() > 0.5


def lost(region: tuple[slice, slice], part: str) -> Tensor:
    """The face with a part turned into hat."""
    ids, rows, columns = face(), *region
    where = torch.zeros_like(ids, dtype=torch.bool)
    where[:, rows, columns] = True
    return torch.where(where & (ids == CLASSES.index(part)), CLASSES.index("hat"), ids)


def test_eyes_count_as_much_as_skin() -> None:
    photo = logits_of(face())
    without_eyes = feature_margin(logits_of(lost(EYES, "l_eye")), photo).item()
    without_skin = feature_margin(logits_of(lost(SKIN, "skin")), photo).item()
    assert without_eyes == pytest.approx(without_skin, rel=1e-4)
    # Four parts of the face are shown; one of them costs its nats over four.
    assert without_eyes == pytest.approx((math.log(0.9) + math.log(15e6)) / 4, rel=1e-4)
    by_area = probability_l2(logits_of(lost(SKIN, "skin")), photo) / probability_l2(
        logits_of(lost(EYES, "l_eye")), photo
    )
    assert by_area.item() > 30


def test_specks_count_for_their_size() -> None:
    """A part below the floor counts in proportion; alone, it is no whole part."""
    speck = torch.zeros(1, 64, 64, dtype=torch.long)
    speck[:, 3, 3] = CLASSES.index("nose")
    gone = feature_margin(logits_of(torch.zeros_like(speck)), logits_of(speck)).item()
    share = 1 / 64**2 / AREA_FLOOR
    assert share < 1
    assert gone == pytest.approx(share * (math.log(0.9) + math.log(15e6)), rel=1e-4)


def test_parts_that_are_the_likeliest_nowhere_count() -> None:
    """A small eye may get 0.4 of a position, the skin around it 0.6."""
    photo = torch.full((1, 19, 4, 4), -20.0)
    photo[:, CLASSES.index("skin")] = math.log(0.6)
    photo[:, CLASSES.index("l_eye"), 1, 1:3] = math.log(0.4)
    blind = photo.clone()
    blind[:, CLASSES.index("l_eye")] = -20
    assert feature_margin(blind, photo).item() > 1


def test_being_surer_than_the_photo_is_free() -> None:
    hesitant = logits_of(face(), 0.8)
    assert feature_margin(logits_of(face(), 1 - 1e-6), hesitant).item() == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_nearer_to_the_photo_is_cheaper(seed: int) -> None:
    photo = logits_of(face(), 0.999)
    noise = torch.randn(1, 19, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 4
    values = [
        feature_margin(torch.lerp(noise, photo, share), photo).item()
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1] == 0


def test_gradient_points_to_the_part() -> None:
    photo = logits_of(face())
    output = logits_of(lost(EYES, "l_eye"), 1 - 1e-6).requires_grad_()
    feature_margin(output, photo).sum().backward()
    assert output.grad is not None
    rows, columns = EYES
    inside = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    inside[rows, columns] = True
    gradient = output.grad[0]
    assert (gradient[CLASSES.index("l_eye"), inside] < 0).all()
    assert (gradient[CLASSES.index("hat"), inside] > 0).all()
    assert (gradient[:, ~inside] == 0).all()
    # Surely wrong, and yet the gradient is whole: the part's share over its positions.
    pull = -(gradient[[CLASSES.index("l_eye"), CLASSES.index("r_eye")]][:, inside].sum())
    assert pull.item() == pytest.approx(1 / 4, rel=1e-3)


@pytest.mark.parametrize("loss", [probability_l2, feature_margin])
def test_saturated_logits_stay_finite(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    wrong = torch.full((1, 19, SIDE, SIDE), -1e4)
    wrong[:, CLASSES.index("hat")] = 1e4
    right = torch.full((1, 19, SIDE, SIDE), -1e4).scatter(1, face()[:, None], 1e4)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        output = wrong.to(dtype, copy=True).requires_grad_()
        value = loss(output, right.to(dtype))
        value.sum().backward()
        assert value.dtype == torch.float32
        assert value.isfinite().all()
        assert value.item() > 0
        assert output.grad is not None
        assert output.grad.isfinite().all()


def test_no_face_costs_nothing() -> None:
    photo = logits_of(torch.zeros(2, 8, 8, dtype=torch.long))
    assert (feature_margin(torch.randn(2, 19, 8, 8), photo) == 0).all()


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

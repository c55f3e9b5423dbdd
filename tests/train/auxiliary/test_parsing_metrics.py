"""Scores of small confusion matrices worked out by hand, and the sheet."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facestyle.errors import UserError
from train.auxiliary.face_classes import CLASSES, IGNORE, MERGED, colorize
from train.auxiliary.parsing_metrics import GAP, confusion, parsing_sheet, scores

SKIN, L_EYE, R_EYE, HAIR = (CLASSES.index(c) for c in ("skin", "l_eye", "r_eye", "hair"))


def ids(*values: int) -> torch.Tensor:
    return torch.tensor(values)


def test_scores_by_hand() -> None:
    truth = ids(0, 0, 0, 0, SKIN, SKIN, HAIR, IGNORE)
    found = ids(0, 0, 0, SKIN, SKIN, 0, HAIR, HAIR)
    result = scores(confusion(truth, found))
    assert list(result.iou) == ["background", "skin", "hair"]
    assert result.iou == pytest.approx({"background": 3 / 5, "skin": 1 / 3, "hair": 1})
    assert result.mean_iou == pytest.approx((3 / 5 + 1 / 3 + 1) / 3)
    assert result.pixel_accuracy == pytest.approx(5 / 7)
    assert result.mean_accuracy == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)


def test_sides_are_one_part() -> None:
    result = scores(confusion(ids(L_EYE, R_EYE, R_EYE), ids(R_EYE, R_EYE, L_EYE)))
    assert result.iou == {"eyes": 1.0}
    assert result.mean_iou == result.pixel_accuracy == result.mean_accuracy == 1


def test_false_alarms_of_absent_classes_count_against_the_others_only() -> None:
    result = scores(confusion(ids(SKIN, SKIN), ids(SKIN, HAIR)))
    assert result.iou == {"skin": 0.5}


pixels = st.lists(
    st.tuples(st.sampled_from([*range(19), IGNORE]), st.integers(0, 18)), min_size=1, max_size=40
)


@settings(deadline=None)
@given(pixels, pixels)
def test_batches_add_up(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    def matrix(pairs: list[tuple[int, int]]) -> torch.Tensor:
        truth, found = torch.tensor(pairs, dtype=torch.uint8).T
        return confusion(truth, found)

    both = matrix(first + second)
    assert torch.equal(matrix(first) + matrix(second), both)
    assert both.sum() == sum(t != IGNORE for t, _ in first + second)
    assert both.shape == (len(MERGED), len(MERGED))
    if both.any():
        result = scores(both)
        assert all(0 <= v <= 1 for v in (*result.iou.values(), result.pixel_accuracy))
        assert result.mean_iou <= result.mean_accuracy + 1e-12


def test_what_cannot_be_scored() -> None:
    with pytest.raises(UserError, match="no labelled pixel"):
        scores(confusion(ids(IGNORE), ids(0)))
    with pytest.raises(ValueError, match=r"0\.\.18"):
        confusion(ids(0), ids(IGNORE))
    with pytest.raises(ValueError, match="truth"):
        confusion(ids(0, 1), ids(0))


def test_colours() -> None:
    labels = torch.arange(19)[None, None]
    colours = colorize(labels)
    assert colours.shape == (1, 3, 1, 19)
    assert colours.dtype == torch.uint8
    distinct = {tuple(c) for c in colours[0, :, 0].T.tolist()}
    assert len(distinct) == len(MERGED)
    assert torch.equal(colours[..., L_EYE], colours[..., R_EYE])
    ignored = colorize(torch.full((1, 1, 1), IGNORE)).flatten().tolist()
    assert tuple(ignored) not in distinct


@pytest.mark.parametrize("side", [16, 160])
def test_sheet(side: int) -> None:
    images = torch.ones(2, 3, side, side)
    truths = torch.full((2, side, side), HAIR)
    predictions = torch.zeros_like(truths)
    sheet = parsing_sheet(images, truths, predictions)
    assert sheet.width >= 3 * side
    assert sheet.height > 2 * side
    middle = side // 2 + GAP
    row = middle + 20
    photo, truth, found = (
        sheet.getpixel((middle + column * (side + GAP), row)) for column in range(3)
    )
    assert photo == (255, 255, 255)
    colour = colorize(truths[:1, :1, :1]).flatten().tolist()
    assert truth == tuple(round(0.35 * 255 + 0.65 * c) for c in colour)
    assert found == (89, 89, 89)  # 35 % of white through the black of the background

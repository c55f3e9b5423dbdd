"""Classes merged, and the likeliest of each position."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.made_parsings import SIDE, face, logits_of, random_logits
from train.auxiliary.face_classes import MERGED, merge_labels, merge_logits, most_likely


@settings(deadline=None)
@given(st.integers(0, 100))
def test_merging_adds_probabilities(seed: int) -> None:
    logits = random_logits(seed)
    p, merged = logits.softmax(1), merge_logits(logits).softmax(1)
    ids = merge_labels(torch.arange(19))
    expected = torch.zeros_like(merged).index_add(1, ids, p)
    assert torch.allclose(merged, expected, atol=1e-6)
    assert len(MERGED) == merged.shape[1]


def test_merging_in_half_precision_knows_absent_classes() -> None:
    logits = torch.zeros(1, 19, 1, 1, dtype=torch.float16)
    logits[:, 4:6] = -1e4
    merged = merge_logits(logits)
    assert merged.isfinite().all()
    assert merged[0, 4].item() == -1e4


def test_likeliest_parts_at_image_size() -> None:
    ids = face()
    found = most_likely(logits_of(ids), SIDE, SIDE)
    assert torch.equal(found, ids)
    # Sides are not told apart: the left stands for both.
    mirrored = logits_of(ids)[:, [0, 1, 2, 3, 5, 4, 7, 6, 9, 8, *range(10, 19)]]
    assert torch.equal(most_likely(mirrored, SIDE, SIDE), ids)
    assert most_likely(logits_of(ids), 4 * SIDE, 3 * SIDE).shape == (1, 4 * SIDE, 3 * SIDE)

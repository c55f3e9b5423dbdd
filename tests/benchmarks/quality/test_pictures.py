"""Which photos and paintings are paired."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality.pictures import pairs


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 90))
def test_pairs_are_spread_evenly(photos: int, paintings: int, limit: int) -> None:
    everything = pairs(photos, paintings, None)
    assert sum(len(set(found)) for found in everything.values()) == photos * paintings
    some = pairs(photos, paintings, limit)
    assert sum(len(set(found)) for found in some.values()) == min(limit, photos * paintings)
    counts = [len(some.get(index, [])) for index in range(photos)]
    assert max(counts) - min(counts) <= 1


def test_pairs_use_every_painting() -> None:
    some = pairs(14, 13, 26)
    counts = Counter(index for found in some.values() for index in found)
    assert set(counts) == set(range(13)) and max(counts.values()) <= 3

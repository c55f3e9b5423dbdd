"""Which labelled photos are learnt from, and which are kept to judge by."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import train.data.labelled as labelled
from train.data.samples import Sample


def samples(count: int) -> list[Sample]:
    return [
        Sample(f"{i:04}", lambda: Image.new("RGB", (1, 1)), parsing=lambda: None)  # type: ignore[arg-type,return-value]
        for i in range(count)
    ]


@given(st.integers(0, 500), st.floats(0, 1))
def test_every_sample_is_on_one_side(count: int, holdout: float) -> None:
    every = samples(count)
    learn, judge = labelled.divide(every, holdout)
    assert sorted(s.name for s in (*learn, *judge)) == [s.name for s in every]
    assert abs(len(judge) - holdout * count) <= (0.5 if holdout <= 0.5 else labelled.RUNS)


def test_held_out_are_runs_of_neighbours_from_all_over() -> None:
    _, judge = labelled.divide(samples(800), 0.1)
    places = [int(s.name) for s in judge]
    jumps = [b - a for a, b in itertools.pairwise(places) if b - a > 1]
    assert len(places) == 80
    assert jumps == [91] * (labelled.RUNS - 1)


def test_a_source_is_split_alike_every_time(tmp_path: Path) -> None:
    for index in range(16):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{index:02}.png")
        Image.new("L", (8, 8), 1).save(tmp_path / f"{index:02}_mask.png")
    once, again = (labelled.split(str(tmp_path), 0.5, "parsing") for _ in range(2))
    assert [[s.name for s in part] for part in once] == [[s.name for s in part] for part in again]
    assert [len(part) for part in once] == [8, 8]

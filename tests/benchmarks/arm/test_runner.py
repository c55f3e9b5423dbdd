"""What goes to the Arm side and comes back."""

from __future__ import annotations

import numpy as np

from benchmarks.arm import runner


def test_probes_and_back() -> None:
    arrays = {"canary, strength 0.5": {"a": np.zeros(1)}, "b/c": {"a": np.ones(2)}}
    again = runner.by_probe(runner.flat(arrays))
    assert list(again) == list(arrays) and again["b/c"]["a"].sum() == 2

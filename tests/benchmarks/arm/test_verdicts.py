"""What a run on an emulated processor proves."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch

from benchmarks.arm import verdicts
from benchmarks.arm.counts import Counts
from benchmarks.arm.emulator import Emulated
from export.formats.tflite import Arithmetic

FLOAT, DYNAMIC, INTEGER = Arithmetic


class TestJudge:
    COUNTS = Counts(10, 10, 0, 5)
    FIGURES: ClassVar = {
        "max_difference": 1e-4,
        "differing_values": 0.0,
        "psnr_to_host_db": 60.0,
        "psnr_to_pytorch_db": 50.0,
    }

    def test_int8_is_bit_exact_or_wrong(self) -> None:
        assert verdicts.as_here(INTEGER, self.FIGURES).passed
        assert not verdicts.as_here(INTEGER, self.FIGURES | {"differing_values": 1.0}).passed

    def test_floats(self) -> None:
        assert not verdicts.as_here(FLOAT, self.FIGURES).passed
        assert verdicts.as_here(FLOAT, self.FIGURES | {"max_difference": 9e-6}).passed
        assert not verdicts.as_here(FLOAT, self.FIGURES | {"max_difference": np.nan}).passed

    def test_dynamic(self) -> None:
        assert verdicts.as_here(DYNAMIC, self.FIGURES).passed
        assert not verdicts.as_here(DYNAMIC, self.FIGURES | {"psnr_to_host_db": np.nan}).passed

    def test_half_precision_must_be_half_precision(self) -> None:
        done = Emulated({}, self.COUNTS, self.COUNTS, 1.0)
        assert all(verdict.passed for verdict in verdicts.in_half(done, self.FIGURES))
        single = replace(done, counts=replace(self.COUNTS, half=0))
        said = [v.passed for v in verdicts.in_half(single, self.FIGURES | {"max_difference": 1e-7})]
        assert said == [True, False, False]
        lost = verdicts.in_half(done, self.FIGURES | {"psnr_to_pytorch_db": np.nan})
        assert not lost[0].passed

    def test_counts_that_differ(self) -> None:
        done = Emulated({}, self.COUNTS, replace(self.COUNTS, other=11), 1.0)
        assert not verdicts.counted_twice(done).passed

    def test_what_is_not_finite_is_infinitely_far(self) -> None:
        good, bad = torch.zeros(2), torch.tensor([0.0, float("nan")])
        assert verdicts.difference(good, good + 0.5) == 0.5
        assert np.isnan(verdicts.difference(good, bad)) and np.isnan(
            verdicts.difference(good, bad[:1])
        )
        assert np.isnan(verdicts.worst([1.0, float("nan")], max))

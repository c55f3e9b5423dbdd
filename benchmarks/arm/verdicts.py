"""What a run on an emulated processor proves, and what not."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from benchmarks.arm.cases import ModelCase
from benchmarks.arm.emulator import Emulated
from export.formats.base import HALF_DB
from export.formats.tflite import Arithmetic
from export.verify import compare
from export.verify.verdicts import Assurance, Verdict, at_least, equal

SAME = 1e-5
"""Greatest difference of a float file to this computer, as a share of the output's range: other
kernels add up in another order, no more."""

DYNAMIC_DB = 50.0
"""Least PSNR of a dynamic int8 file to this computer. Activations are rounded to 8 bits on the way,
so the last bit of a float, which kernels do not agree on, may move a value by a whole step: 62 dB
and more are usual."""

REALLY_HALF = 1e-6
"""What half precision must change in the output at least, as a share of its range."""

ASSURANCE = Assurance.RUNTIME


def figures(case: ModelCase, run: Emulated) -> dict[str, float]:
    """How far the outputs are from this computer's and from PyTorch's, at worst over the probes.

    Returns:
        ``max_difference`` to this computer, as a share of the output's range;
        ``differing_values``, of all; ``psnr_to_host_db`` and ``psnr_to_pytorch_db``.
    """
    port = case.graph.contract.outputs[0]
    differences, to_host, to_torch, unlike = [], [], [], 0
    for name, wanted in case.wanted.items():
        here, there = case.output(case.host[name]), case.output(run.outputs[name])
        peak = compare.peak(port, wanted)
        differences.append(difference(there, here) / peak)
        to_host.append(compare.psnr(there, here, peak))
        to_torch.append(compare.psnr(there, wanted, peak))
        unlike += int((here != there).sum())
    return {
        "max_difference": worst(differences, max),
        "differing_values": unlike,
        "psnr_to_host_db": worst(to_host, min),
        "psnr_to_pytorch_db": worst(to_torch, min),
    }


def difference(a: Tensor, b: Tensor) -> float:
    """Greatest absolute difference; NaN where one is not finite or shapes differ."""
    if a.shape != b.shape or not (torch.isfinite(a).all() and torch.isfinite(b).all()):
        return math.nan
    return float((a.double() - b.double()).abs().max())


def worst(values: list[float], choose: Any) -> float:
    """The least or the greatest; NaN if any is."""
    return math.nan if any(math.isnan(v) for v in values) else float(choose(values))


def counted_twice(run: Emulated) -> Verdict:
    """Whether a second run executes as many instructions."""
    return equal("instructions of a second run", run.again.total, run.counts.total, ASSURANCE)


def as_here(arithmetic: Arithmetic, found: dict[str, float]) -> Verdict:
    """Whether a file of some arithmetic computes on Arm what it computes here."""
    if arithmetic is Arithmetic.INTEGER:
        return equal("values unlike this computer's", int(found["differing_values"]), 0, ASSURANCE)
    if arithmetic is Arithmetic.DYNAMIC:
        return at_least(
            "PSNR to this computer", found["psnr_to_host_db"], DYNAMIC_DB, "dB", ASSURANCE
        )
    value = found["max_difference"]
    return Verdict(
        "greatest difference to this computer",
        f"{value:.1e}",
        f"<= {SAME:.0e}",
        value <= SAME,
        ASSURANCE,
        value,
    )


def in_half(run: Emulated, found: dict[str, float]) -> list[Verdict]:
    """Whether half precision stays near enough, and whether it was half precision at all."""
    moved = found["max_difference"]
    return [
        at_least("PSNR to PyTorch", found["psnr_to_pytorch_db"], HALF_DB, "dB", ASSURANCE),
        Verdict(
            "instructions that calculate in half precision",
            f"{run.counts.half:,}",
            "> 0",
            run.counts.half > 0,
            ASSURANCE,
        ),
        Verdict(
            "change by half precision",
            f"{moved:.1e}",
            f"> {REALLY_HALF:.0e}",
            # NaN is a change too, though not a good one: the PSNR above says so.
            not moved <= REALLY_HALF,
            ASSURANCE,
        ),
    ]


def of_run(case: ModelCase, run: Emulated, found: dict[str, float], half: bool) -> list[Verdict]:
    """All of one row."""
    said = in_half(run, found) if half else [as_here(case.arithmetic, found)]
    return [*said, counted_twice(run)]

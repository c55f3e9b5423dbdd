"""What is kept of an operator's numbers while inputs stream by: never the numbers."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from export.verify.fp16_range.arithmetic import Step
from export.verify.fp16_range.program import DIVISORS, REDUCTIONS, Kind, Operator, short, tensors

EXPONENTS = 256
"""Of fp32; 127 stands for 1 up to 2, 0 for zero."""

BIAS = 127
SMALL = 0.01
"""The share of non-zero values that ``Tally.small`` leaves below it."""


class Tally:
    """Running figures of one operator.

    Attributes:
        greatest: largest magnitude seen; infinite where something was not finite.
        cause: the input that it came from.
        divisor: least magnitude that was divided by, or whose root or logarithm was taken.
        divisor_cause: the input that it came from.
        inside: the largest number that a plain implementation could form inside the operator: the
            sum of a reduction before it is divided, every partial sum of a convolution whatever
            the order, the exponential in a sigmoid.
    """

    def __init__(self) -> None:
        self.greatest, self.cause = 0.0, ""
        self.divisor, self.divisor_cause = math.inf, ""
        self.inside = 0.0
        self._exponents = torch.zeros(EXPONENTS, dtype=torch.int64)

    def add(self, step: Step, operator: Operator, case: str, real: bool) -> None:
        """Take in one execution of the operator, in exact arithmetic."""
        for x in tensors(step.value):
            found = largest(x)
            if found > self.greatest or not self.cause:
                self.greatest, self.cause = found, case
            if real:
                # Flat pictures leave nothing but rounding noise of centred features: only real
                # ones tell what size numbers typically have.
                self._exponents += exponents(x)
        name = short(step.node)
        if step.node.op == "call_function" and name in DIVISORS:
            least = _least(step.arguments[DIVISORS[name]])
            if least < self.divisor:
                self.divisor, self.divisor_cause = least, case
        self.inside = max(self.inside, _inside(step, operator))

    @property
    def small(self) -> float:
        """A magnitude that 1 % of the non-zero values lie below, rounded down to a power of two."""
        counts = self._exponents[1:].cumsum(0)
        if not counts[-1]:
            return 0.0
        return 2.0 ** (1 + int((counts > SMALL * counts[-1]).nonzero()[0]) - BIAS)

    def below(self, exponent: int) -> float:
        """Share of the non-zero values under ``2**exponent``."""
        counts = self._exponents[1:]
        total = int(counts.sum())
        return int(counts[: exponent + BIAS - 1].sum()) / total if total else 0.0


def largest(x: Tensor) -> float:
    """The largest magnitude; infinite where anything is not finite, 0 of nothing.

    >>> largest(torch.tensor([1.0, -3.0])), largest(torch.tensor([0.0, math.nan]))
    (3.0, inf)
    """
    if not x.numel():
        return 0.0
    low, high = x.aminmax()
    found = max(-low.item(), high.item())
    return found if math.isfinite(found) else math.inf


def exponents(x: Tensor) -> Tensor:
    """How often each exponent of fp32 occurs: (``EXPONENTS``,) counts.

    >>> exponents(torch.tensor([1.0, 1.5, -0.25, 0.0])).nonzero().flatten().tolist()
    [0, 125, 127]
    """
    bits = x.float().contiguous().view(torch.int32)
    return torch.bincount(((bits >> 23) & 0xFF).flatten(), minlength=EXPONENTS)


def _least(x: Any) -> float:
    return x.abs().min().item() if isinstance(x, Tensor) else abs(float(x))


def _inside(step: Step, operator: Operator) -> float:
    if operator.kind is Kind.CONTRACTION:
        magnitudes = [a.abs() if isinstance(a, Tensor) else a for a in step.arguments]
        assert callable(step.node.target)
        return largest(step.node.target(*magnitudes, **step.node.kwargs))
    if operator.kind is Kind.REDUCTION:
        name, (x, *others) = short(step.node), step.arguments
        assert name in REDUCTIONS
        assert callable(step.node.target)
        result = step.node.target(x.abs(), *others, **step.node.kwargs)
        if name == "sum":
            return largest(result)
        window = math.prod(others[0]) if name == "avg_pool2d" else x.numel() // result.numel()
        return largest(result) * window
    if short(step.node) == "sigmoid":
        low = step.arguments[0].min().item()
        return math.exp(min(-low, 700.0))
    return 0.0

"""From figures to places on a chart's axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

LOGARITHMIC_BEYOND = 30.0
"""A wider range than this hides its small figures on a linear axis."""

LEAST, GREATEST = 1e-200, 1e200
"""Of figures that are told apart; what is less is 0."""


@dataclass(frozen=True)
class Scale:
    """An axis; places are shares of its length, 0 to 1.

    Attributes:
        low, high: figures at its ends, ``low < high``.
        logarithmic: equal ratios are equally long; ``low`` is positive then.
    """

    low: float
    high: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Where a figure is; one beyond an end is at that end."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(at)
        # Halved first: the difference of two huge figures of unlike sign would overflow.
        place = (at / 2 - low / 2) / (high / 2 - low / 2)
        return min(max(place, 0.0), 1.0)

    def ticks(self, most: int = 6) -> list[float]:
        """Round figures on the axis, at least two where there are such, ``most`` at most."""
        if self.logarithmic:
            return self._decades(most)
        step = _round_step((self.high - self.low) / max(most - 1, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]

    def _decades(self, most: int) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for leading in ((1, 2, 5), (1, 3), (1,)):
            found = [
                at
                for power in range(first, last + 1)
                for at in (digit * 10.0**power for digit in leading)
                if self.low <= at <= self.high
            ]
            if len(found) <= most:
                return found
        return found[:: math.ceil(len(found) / most)]


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * n for n in (1, 2, 2.5, 5, 10, 20) if power * n >= least * (1 - 1e-9))


def covering(values: Iterable[float], *, zero: bool = False, margin: float = 0.0) -> Scale:
    """A linear axis that holds all figures.

    Args:
        zero: begin at 0; the figures are not negative.
        margin: free space at the ends, as a share of the range; none at 0.
    """
    found = [min(max(value, -GREATEST), GREATEST) for value in values]
    low, high = min(found, default=0.0), max(found, default=1.0)
    if zero:
        low = 0.0
    room = (high - low) * margin
    least = max(abs(low), abs(high), LEAST) * 1e-6
    if high - low <= least:
        room = max(abs(high) * 0.1, 1e-6)
    return Scale(low if zero else low - room, high + room)


def spanning(values: Iterable[float]) -> Scale:
    """An axis for times: from 0, or logarithmic where their range is wide."""
    found = [min(value, GREATEST) for value in values if value > LEAST]
    if not found:
        return Scale(0.0, 1.0)
    low, high = min(found), max(found)
    if high / low > LOGARITHMIC_BEYOND:
        return Scale(low / 1.25, high * 1.1, logarithmic=True)
    return Scale(0.0, high * 1.05)

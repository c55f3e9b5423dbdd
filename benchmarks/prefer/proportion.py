"""A share of yes and no answers: its interval, and whether chance alone would give it."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""Of the normal distribution, 95 % lie within so many standard deviations."""


def wilson(count: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson, 1927), within [0, 1].

    Args:
        count: of ``total``, which is at least 1.
    """
    share, spread = count / total, Z**2 / total
    middle = share + spread / 2
    half = math.sqrt(spread * share * (1 - share) + spread**2 / 4)
    low, high = ((middle + sign * half) / (1 + spread) for sign in (-1, 1))
    return max(0.0, low), min(1.0, high)


def binomial_p(count: int, total: int) -> float:
    """Two-sided exact p-value: how often fair coins are at least as far from half as this.

    Args:
        count: heads of ``total`` coins, which are at least 1.
    """
    fewer = min(count, total - count)
    tail = sum(math.comb(total, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / 2**total)

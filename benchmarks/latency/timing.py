"""Percentiles of samples, and ratios of models that took turns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

PERCENTILES = (50, 90, 95, 99)

TOP_OPERATORS = 10
"""How many of a row's dearest operators a report names."""

RESAMPLES = 2000
"""Of the bootstrap; its interval moves by about a hundredth of its width."""


def timing(samples_ms: Sequence[float], rounds: Sequence[int] = ()) -> dict[str, Any]:
    """A ``timing`` of the report's schema.

    Args:
        samples_ms: in order of measurement, at least one.
        rounds: how many of them each turn took, if the model took turns with others.
    """
    values = np.asarray(samples_ms, np.float64)
    made: dict[str, Any] = {
        "runs": len(values),
        "seconds": float(values.sum() / 1000),
        **figures(values),
        "samples_ms": [round(float(v), 4) for v in values],
    }
    return made | ({"rounds": list(rounds)} if rounds else {})


def figures(samples_ms: np.ndarray | Sequence[float]) -> dict[str, float]:
    """Least, mean, percentiles and spread of samples."""
    values = np.asarray(samples_ms, np.float64)
    found = {"min_ms": float(values.min()), "mean_ms": float(values.mean())}
    found |= {f"p{p}_ms": float(np.percentile(values, p)) for p in PERCENTILES}
    return found | {"spread": spread(found)}


def spread(found: dict[str, float]) -> float:
    """How far nine runs of ten lie apart, (p90 - min) / p50."""
    return max(0.0, found["p90_ms"] - found["min_ms"]) / max(found["p50_ms"], 1e-9)


def round_medians(made: dict[str, Any]) -> np.ndarray:
    """The median of every round of a ``timing`` with samples."""
    edges = np.cumsum([0, *made["rounds"]])
    samples = np.asarray(made["samples_ms"], np.float64)
    return np.array([np.median(samples[a:b]) for a, b in pairwise(edges)])


def ratio(
    row: dict[str, Any], base: dict[str, Any], starts: int, seed: int = 0
) -> tuple[float, float, float]:
    """How much longer one model takes than another that it took turns with.

    What disturbs a machine lasts longer than a turn, so the two are compared within each round.
    How fast a process is differs from one start to the next, so the interval is drawn from starts
    first and from the rounds of each then.

    Args:
        row, base: ``timing`` of both, with as many rounds.
        starts: processes that the rounds were run by, as many by each.
        seed: of the bootstrap.

    Returns:
        the median over rounds of the ratio of medians, and its 95 % bootstrap interval.
    """
    ratios = (round_medians(row) / round_medians(base)).reshape(starts, -1)
    rng = np.random.default_rng(seed)
    chosen = rng.integers(starts, size=(RESAMPLES, starts))
    inside = rng.integers(ratios.shape[1], size=(RESAMPLES, *ratios.shape))
    drawn = ratios[chosen[..., None], inside]
    low, high = np.percentile(np.median(drawn, axis=(1, 2)), (2.5, 97.5))
    return float(np.median(ratios)), float(low), float(high)


def drift(medians: Sequence[float]) -> float:
    """Of a sustained run: median over the last fifth of its windows over that of the first, less 1.

    Args:
        medians: of every window, at least one.
    """
    fifth = max(1, len(medians) // 5)
    return float(np.median(medians[-fifth:]) / np.median(medians[:fifth]) - 1)

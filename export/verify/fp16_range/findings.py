"""What an audit means: verdicts, and a summary for the manifest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from export.verify.fp16_range.arithmetic import GREATEST, LEAST_NORMAL
from export.verify.fp16_range.audit import WANTED_DB, Audit, Row, Trial
from export.verify.verdicts import Assurance, Verdict

HEADROOM = 4.0
"""Least factor between the largest number seen and 65504.

Two powers of two for inputs that were not tried; and what keeps it stays below 2**14, up to where
the narrow numbers of OpenGL ES (``mediump``, which GPUs compute shaders in) must at least reach.
"""

LOST_DB = 45.0
"""Least PSNR to fp32 of a run without any number below 2**-14, where ``mediump`` may end.

As much as half precision itself is allowed to cost: it stands for the worst GPU there might be,
and keeps those graphs out whose picture falls apart there, as one does that divides by what became
zero.
"""


def verdicts(found: Audit) -> list[Verdict]:
    """Whether a graph may run in half precision.

    1. Headroom: the largest number at any operator, constant or input fits ``HEADROOM`` times.
    2. Divisors: no operator divides by, or takes the root of, less than fp16's least normal
       number: below it a GPU may have zero, and the result is infinite.
    3. Values lost: with everything below that number made zero the output stays much the same,
       within ``LOST_DB``. Small numbers alone are no fault: what they are added to may be large.
    4. Half precision itself, every result rounded: finite, and within ``WANTED_DB``.
    """
    return [_headroom(found), *_divisors(found), _lost(found), _finite(found), _half(found)]


def _verdict(check: str, figure: str, limit: str, passed: bool, value: float) -> Verdict:
    return Verdict(check, figure, limit, passed, Assurance.REFERENCE, value)


def _headroom(found: Audit) -> Verdict:
    short = [row for row in found.rows if row.headroom < HEADROOM]
    # Where there is too little, the first to blame: what comes after may only inherit it.
    row = short[0] if short else found.worst(1)[0]
    rank = "first" if short else "least"
    return _verdict(
        "fp16 headroom",
        f"{rank} {row.headroom:.3g}x at {row.name} ({row.greatest:.4g} on {row.cause})",
        f">= {HEADROOM:g}x to {GREATEST:.0f}",
        row.headroom >= HEADROOM,
        row.headroom,
    )


def _divisors(found: Audit) -> list[Verdict]:
    rows = [(row.divisor, row) for row in found.rows if row.divisor is not None]
    if not rows:
        return []
    least, row = min(rows, key=lambda pair: pair[0])
    return [
        _verdict(
            "fp16 divisors and roots",
            f"least {least:.3g} at {row.name} (on {row.divisor_cause})",
            f">= {LEAST_NORMAL:.3g}, fp16's least normal number",
            least >= LEAST_NORMAL,
            least,
        )
    ]


def _worst(figures: list[tuple[float, Trial]]) -> tuple[float, Trial]:
    return min(figures, key=lambda pair: (not math.isnan(pair[0]), pair[0]))


def _lost(found: Audit) -> Verdict:
    figure, trial = _worst([(t.flushed_psnr, t) for t in found.trials])
    where = f"; most lost at {trial.flushed_culprit}" if trial.flushed_culprit else ""
    return _verdict(
        "values lost below fp16's range",
        f"{figure:.1f} dB without them, on {trial.case}{where}",
        f">= {LOST_DB:g} dB",
        figure >= LOST_DB,
        figure,
    )


def _finite(found: Audit) -> Verdict:
    bad = [t for t in found.trials if t.not_finite]
    first = f"not at {bad[0].not_finite} (on {bad[0].case})" if bad else "everywhere"
    return _verdict("finite in fp16", first, "everywhere", not bad, float(len(bad)))


def _half(found: Audit) -> Verdict:
    figure, trial = _worst([(t.psnr, t) for t in found.trials])
    return _verdict(
        "fp16 arithmetic to fp32",
        f"{figure:.1f} dB on {trial.case}; error grows most at {trial.culprit}",
        f">= {WANTED_DB:g} dB",
        figure >= WANTED_DB,
        figure,
    )


@dataclass(frozen=True)
class RangeEntry:
    """An operator's numbers; see ``Row``. None stands for what is not finite."""

    name: str
    operator: str
    kind: str
    greatest: float | None
    input: str
    headroom: float | None
    one_percent_below: float | None
    share_subnormal: float | None
    share_lost: float | None


@dataclass(frozen=True)
class TrialEntry:
    """One input executed in half precision; see ``Trial``. None: exact, or not finite."""

    input: str
    psnr_db: float | None
    error_grows_at: str
    without_small_values_db: float | None
    not_finite: str | None


@dataclass(frozen=True)
class RangeSummary:
    """What a manifest says of an audit.

    Attributes:
        inputs: how many were executed.
        operators: how many there are.
        worst: those nearest to the ends of the range.
        sensitive: those of kinds that half precision is known to fail at.
        overflow_if_summed_in_fp16: greatest sums of the operators that would overflow, by name.
        activations_may_grow: by what factor, still within the limit; None where it was not tried.
        trials: inputs executed in half precision.
    """

    inputs: int
    operators: int
    worst: tuple[RangeEntry, ...]
    sensitive: tuple[RangeEntry, ...]
    overflow_if_summed_in_fp16: dict[str, float | None]
    activations_may_grow: float | None
    trials: tuple[TrialEntry, ...]


def summary(found: Audit) -> RangeSummary:
    """An audit for a manifest."""
    sums = sorted((r for r in found.rows if r.overflows_inside), key=lambda r: -r.inside)
    return RangeSummary(
        inputs=found.inputs,
        operators=len(found.rows),
        worst=tuple(map(_entry, found.worst())),
        sensitive=tuple(_entry(row) for row in found.rows if row.sensitive),
        overflow_if_summed_in_fp16={r.name: _number(r.inside) for r in sums},
        activations_may_grow=found.breaking.factor if found.breaking else None,
        trials=tuple(
            TrialEntry(
                input=t.case,
                psnr_db=_number(t.psnr),
                error_grows_at=t.culprit,
                without_small_values_db=_number(t.flushed_psnr),
                not_finite=t.not_finite,
            )
            for t in found.trials
        ),
    )


def _entry(row: Row) -> RangeEntry:
    return RangeEntry(
        name=row.name,
        operator=row.operator,
        kind=row.kind.value,
        greatest=_number(row.greatest),
        input=row.cause,
        headroom=_number(row.headroom),
        one_percent_below=_number(row.small),
        share_subnormal=_number(row.subnormal),
        share_lost=_number(row.lost),
    )


def _number(value: float) -> float | None:
    """Four digits; None for what JSON cannot hold."""
    return float(f"{value:.4g}") if math.isfinite(value) else None

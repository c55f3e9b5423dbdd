"""Two reports side by side: what became significantly slower.

The rule: inference or the whole frame of a row is slower (or faster) if a two-sided Mann-Whitney
test gives p < 0.01, after Holm's correction over all tests of the comparison, and the medians
differ by more than 5 %. Without the correction, one of a hundred tests would tell of a change where
there is none. Where a run was interleaved its rounds are compared, each by its median, since runs
that follow each other are disturbed by the same things; otherwise every run counts. Stages with too
few rounds to be significant among so many tests are not judged, nor counted among the tests. Two
runs on one machine differ by more than either's own noise tells, since how fast a process is
depends on where it lies in memory (about 3 % here), which is what the 5 % are for.
Reports of different devices, and rows that are not valid or not alike, are shown but not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.latency.timing import RESAMPLES, round_medians
from benchmarks.report import facts, tables
from benchmarks.report.document import Document
from benchmarks.report.facts import Row
from export.report.page import units

SIGNIFICANT, LEAST_CHANGE = 0.01, 0.05

STAGES = {"inference": "inference", facts.WHOLE: "end to end"}

SLOWER, FASTER, SAME = "slower", "faster", "no significant change"

EQUAL = "no change"
"""Of figures that no test is for."""

NOT_JUDGED = "not judged"

TOO_FEW = f"{NOT_JUDGED}: too few"

TO_JUDGE = ""
"""Until all tests are known."""

EXACT = 30
"""Samples at most of which p is computed exactly: by approximation a few are never significant."""


@dataclass(frozen=True)
class Times:
    """A stage in both reports.

    Attributes:
        old, new: medians in ms; of the rounds' medians where there are rounds.
        low, high: 95 % bootstrap interval of ``new / old``; None without samples.
        p: of the test by itself; None without samples.
        corrected: p after Holm's correction; None unless judged.
        counts: how many were compared, older and newer.
        counted: the same in words, such as ``10 and 10 rounds``.
        verdict: ``slower``, ``faster``, ``no change``, or why there is none.
    """

    stage: str
    old: float
    new: float
    low: float | None
    high: float | None
    p: float | None
    counts: tuple[int, int]
    counted: str
    verdict: str
    corrected: float | None = None

    @property
    def ratio(self) -> float | None:
        """New over old."""
        return self.new / self.old if self.old else None


@dataclass(frozen=True)
class Figure:
    """One that is the same however often it is taken, or nearly so; None: not given."""

    title: str
    old: str
    new: str
    ratio: float | None


@dataclass(frozen=True)
class Pair:
    """A row in both reports; one with warnings is not judged."""

    name: str
    warnings: Sequence[str]
    times: Sequence[Times]
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Fidelity:
    """A quality figure in both reports."""

    name: str
    strength: float
    title: str
    better: str
    old: float
    new: float

    @property
    def verdict(self) -> str:
        """Its direction alone: means say nothing on significance."""
        if self.new == self.old:
            return EQUAL
        return "better" if (self.new > self.old) == (self.better == "higher") else "worse"


@dataclass(frozen=True)
class Comparison:
    """Of two reports; ``refusals`` say why nothing is judged, if so."""

    old: str
    new: str
    refusals: Sequence[str]
    pairs: Sequence[Pair]
    only_old: Sequence[str]
    only_new: Sequence[str]
    fidelity: Sequence[Fidelity]

    @property
    def slower(self) -> list[tuple[str, Times]]:
        """The regressions."""
        return [(pair.name, t) for pair in self.pairs for t in pair.times if t.verdict == SLOWER]

    @property
    def regression(self) -> bool:
        """Whether anything became slower."""
        return bool(self.slower)


def compare(a: Document, b: Document) -> Comparison:
    """What changed from ``a``, the older report, to ``b``; rows are matched by name."""
    old = {row["name"]: row for row in a["rows"]}
    new = {row["name"]: row for row in b["rows"]}
    refusals = _refusals(a["device"], b["device"])
    return Comparison(
        old=_title(a),
        new=_title(b),
        refusals=refusals,
        pairs=_judged(
            [_pair(old[name], new[name], judged=not refusals) for name in old if name in new]
        ),
        only_old=[name for name in old if name not in new],
        only_new=[name for name in new if name not in old],
        fidelity=_fidelity(a.get("quality"), b.get("quality")),
    )


def _title(made: Document) -> str:
    return f"{made['device']['name']}, {units.moment(made['created'])}"


def _refusals(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    return [
        f"different devices ({key}: {a.get(key)} and {b.get(key)}): times are not judged"
        for key in ("kind", "name", "processor", "cores")
        if a.get(key) != b.get(key)
    ]


def _pair(old: Row, new: Row, *, judged: bool) -> Pair:
    warnings = _warnings(old, new)
    times = [
        made
        for stage in STAGES
        if (made := _times(stage, old, new, judged=judged and not warnings))
    ]
    return Pair(old["name"], warnings, times, _figures(old, new))


def _warnings(old: Row, new: Row) -> list[str]:
    found = [
        f"not valid in the {which} report: {'; '.join(facts.problems(row))}"
        for which, row in (("older", old), ("newer", new))
        if facts.problems(row)
    ]
    unlike = [
        (key, old["runtime"].get(key), new["runtime"].get(key))
        for key in ("name", "delegate", "threads")
    ] + [(key, old.get(key), new.get(key)) for key in ("height", "width", "precision")]
    found += [
        f"not alike: {key} {units.plain(was)}, then {units.plain(now)}"
        for key, was, now in unlike
        if was != now
    ]
    return found


def _units(timing: Mapping[str, Any]) -> tuple[np.ndarray, str] | None:
    """What is independent in a stage, and what it is called; None without samples."""
    samples, rounds = timing.get("samples_ms"), timing.get("rounds")
    if not samples:
        return None
    if rounds and len(rounds) > 1 and min(rounds) > 0 and sum(rounds) == len(samples):
        return round_medians(dict(timing)), "rounds"
    return np.asarray(samples, np.float64), "runs"


def _times(stage: str, old: Row, new: Row, *, judged: bool) -> Times | None:
    found = [row["stages"].get(stage) for row in (old, new)]
    if found[0] is None or found[1] is None:
        return None
    one, two = _units(found[0]), _units(found[1])
    if one is None or two is None or one[1] != two[1]:
        was, now = (facts.statistic(row, stage, "p50_ms") for row in (old, new))
        if was is None or now is None:
            return None
        reason = f"{NOT_JUDGED}: no samples of one kind"
        return Times(STAGES[stage], was, now, None, None, None, (0, 0), units.NONE, reason)
    (a, kind), (b, _) = one, two
    was, now = float(np.median(a)), float(np.median(b))
    low, high = interval(a, b)
    p = significance(a, b)
    counted = f"{len(a)} and {len(b)} {kind}"
    verdict = TO_JUDGE if judged else NOT_JUDGED
    return Times(STAGES[stage], was, now, low, high, p, (len(a), len(b)), counted, verdict)


def _judged(pairs: Sequence[Pair]) -> list[Pair]:
    """With verdicts, which need all tests of the comparison."""
    waiting = [t for pair in pairs for t in pair.times if t.verdict == TO_JUDGE]
    able = enough([t.counts for t in waiting])
    kept = [t for t, tested in zip(waiting, able) if tested]
    corrected = dict(zip(map(id, kept), holm([t.p or 0.0 for t in kept])))

    def judged(one: Times) -> Times:
        if one.verdict != TO_JUDGE:
            return one
        p = corrected.get(id(one))
        if p is None:
            return replace(one, verdict=TOO_FEW)
        return replace(one, corrected=p, verdict=judge(one.old, one.new, p))

    return [replace(pair, times=[judged(one) for one in pair.times]) for pair in pairs]


def enough(counts: Sequence[tuple[int, int]]) -> list[bool]:
    """Which tests can be significant, whatever they find, among all that can.

    Args:
        counts: of samples, on both sides of each test.
    """
    least = [_least_p(a, b) for a, b in counts]
    limit = max(least, default=0.0)
    while limit and limit * sum(p <= limit for p in least) >= SIGNIFICANT:
        limit = max((p for p in least if p < limit), default=0.0)
    return [p <= limit for p in least]


def _least_p(count: int, other: int) -> float:
    """Of two samples that do not overlap."""
    # More of them are beyond any doubt, and beyond floating point.
    count, other = min(count, EXACT), min(other, EXACT)
    return 2 / math.comb(count + other, count)


def holm(values: Sequence[float]) -> list[float]:
    """Each p corrected for being one of many, by Holm's step-down method; in the same order."""
    corrected, greatest = [0.0] * len(values), 0.0
    for rank, at in enumerate(sorted(range(len(values)), key=lambda at: values[at])):
        greatest = max(greatest, min(1.0, (len(values) - rank) * values[at]))
        corrected[at] = greatest
    return corrected


def judge(old: float, new: float, p: float) -> str:
    """The rule of this module.

    Args:
        old, new: medians in ms.
        p: after correction.
    """
    if p >= SIGNIFICANT or abs(new - old) <= LEAST_CHANGE * old:
        return SAME
    return SLOWER if new > old else FASTER


def significance(a: np.ndarray, b: np.ndarray) -> float:
    """p of a two-sided Mann-Whitney test."""
    from scipy.stats import mannwhitneyu

    both = np.concatenate([a, b])
    if np.ptp(both) == 0:
        return 1.0
    exact = max(len(a), len(b)) <= EXACT and len(np.unique(both)) == len(both)
    method = "exact" if exact else "asymptotic"
    return float(mannwhitneyu(a, b, alternative="two-sided", method=method).pvalue)


def interval(a: np.ndarray, b: np.ndarray, seed: int = 0) -> tuple[float | None, float | None]:
    """95 % bootstrap interval of the ratio of medians, ``b`` over ``a``."""
    rng = np.random.default_rng(seed)
    under, over = (
        np.median(rng.choice(values, (RESAMPLES, len(values))), axis=1) for values in (a, b)
    )
    if not under.all():
        return None, None
    low, high = np.percentile(over / under, (2.5, 97.5))
    return float(low), float(high)


def _figures(old: Row, new: Row) -> list[Figure]:
    """Of the table of memory and cost, and the file itself; only those that one report has."""
    found = []
    for column, take in tables.COST[1:]:
        was, now = take(old), take(new)
        if was.sort is not None or now.sort is not None:
            known = was.sort is not None and now.sort is not None and was.sort > 0
            ratio = (now.sort or 0.0) / (was.sort or 1.0) if known else None
            found.append(Figure(column.title, was.text, now.text, ratio))
    was_hash, now_hash = ((row.get("file") or {}).get("sha256") for row in (old, new))
    if was_hash and now_hash and was_hash != now_hash:
        found.append(Figure("sha256 of the file", was_hash[:12], now_hash[:12], None))
    return found


def _fidelity(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> list[Fidelity]:
    if not a or not b:
        return []
    new = {(row["name"], row["strength"]): row["figures"] for row in b["rows"]}
    known = {one["key"] for one in b["figures"]}
    return [
        Fidelity(row["name"], row["strength"], one["title"], one["better"], was, now)
        for row in a["rows"]
        for one in a["figures"]
        if one["key"] in known
        and (was := row["figures"].get(one["key"])) is not None
        and (now := new.get((row["name"], row["strength"]), {}).get(one["key"])) is not None
    ]

"""Whether a measured row is valid, and whether its model is fast enough to be called live."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from benchmarks.latency.timing import figures

BUDGETS_MS = (33, 16)
"""A frame at 30 and at 60 frames a second."""

THERMAL = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""Android's thermal status by number (``PowerManager.getCurrentThermalStatus``)."""


@dataclass(frozen=True)
class Rules:
    """What a valid row keeps.

    Attributes:
        minimum_runs: of a model after its warm-up.
        minimum_seconds: measured in all, end to end.
        maximum_spread: of inference, (p90 - min) / p50.
        maximum_others_cpu_share: of the machine's CPU time that went to other programs meanwhile.
        maximum_drift: of sustained inference, slower at the end than at the beginning.
        maximum_thermal_status: Android's, before and after.
    """

    minimum_runs: int = 50
    minimum_seconds: float = 3.0
    maximum_spread: float = 0.5
    maximum_others_cpu_share: float = 0.1
    maximum_drift: float = 0.1
    maximum_thermal_status: int = 0

    def as_figures(self) -> dict[str, float]:
        """For the report."""
        return dataclasses.asdict(self)


def validated(row: dict[str, Any], rules: Rules, cores: int | None = None) -> dict[str, Any]:
    """A row with the percentiles that it lacks, its problems, and its verdict.

    Args:
        row: as a device measured it; problems that the device found stay.
        rules: that it is held against.
        cores: of the device, if known.
    """
    stages = {name: _filled(stage) for name, stage in row["stages"].items()}
    problems = [*row.get("problems", []), *_problems(row, stages, rules, cores)]
    whole = stages.get("end_to_end")
    return row | {
        "stages": stages,
        "problems": list(dict.fromkeys(problems)),
        "real_time": None if whole is None or problems else verdict(whole),
    }


def verdict(end_to_end: dict[str, Any]) -> dict[str, bool] | None:
    """By budget, whether nine frames of ten keep it; by p95 where p90 was not measured."""
    slow = end_to_end.get("p90_ms", end_to_end.get("p95_ms"))
    return None if slow is None else {str(ms): slow <= ms for ms in BUDGETS_MS}


def _filled(stage: dict[str, Any]) -> dict[str, Any]:
    samples = stage.get("samples_ms")
    return {**figures(samples), **stage} if samples else dict(stage)


def _problems(
    row: dict[str, Any], stages: dict[str, Any], rules: Rules, cores: int | None
) -> list[str]:
    inference = stages["inference"]
    seconds = stages.get("end_to_end", inference)["seconds"]
    found = []
    if inference["runs"] < rules.minimum_runs:
        found.append(f"{inference['runs']} runs; {rules.minimum_runs} are needed")
    if seconds < rules.minimum_seconds:
        found.append(f"measured for {seconds:.1f} s; {rules.minimum_seconds:g} s are needed")
    wide = inference.get("spread")
    if wide is not None and wide > rules.maximum_spread:
        found.append(
            f"unsteady: p90 is {wide:.0%} of the median above the fastest run "
            f"(at most {rules.maximum_spread:.0%})"
        )
    threads = row["runtime"].get("threads")
    if threads and cores and threads > cores:
        found.append(f"{threads} threads on {cores} cores")
    return found + _disturbances(row, rules)


def _disturbances(row: dict[str, Any], rules: Rules) -> list[str]:
    conditions = row.get("conditions", {})
    found = []
    shares = (conditions.get(f"{when}others_cpu_share") for when in ("", "sustained_"))
    others = max((share for share in shares if share is not None), default=0.0)
    if others > rules.maximum_others_cpu_share:
        found.append(
            f"other programs took {others:.0%} of the machine "
            f"(at most {rules.maximum_others_cpu_share:.0%}); close them"
        )
    if conditions.get("throttled") or conditions.get("sustained_throttled"):
        found.append("the processor was throttled for heat")
    sustained = row.get("sustained")
    if sustained and sustained["drift"] > rules.maximum_drift:
        found.append(f"{sustained['drift']:.0%} slower at the end of {sustained['seconds']:.0f} s")
    for when in ("before", "after"):
        status = conditions.get(f"thermal_{when}")
        if isinstance(status, int) and status > rules.maximum_thermal_status:
            word = THERMAL[min(status, len(THERMAL) - 1)]
            found.append(f"thermal status {word} {when} the run; let the phone cool")
    return found

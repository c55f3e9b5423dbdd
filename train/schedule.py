"""The learning rate, a pure function of the step: nothing to save, nothing to compound."""

from __future__ import annotations

from train.recipe import ScheduleSpec


def learning_rate(step: int, steps: int, peak: float, schedule: ScheduleSpec) -> float:
    """The rate of a step.

    * ``constant``: the peak.
    * ``inverse``: ``peak / (1 + decay * step)`` (AdaIN, paper 1).
    * ``poly``: ``peak * (1 - step / steps) ** power`` (BiSeNet).
    * ``tail``: the peak, then linearly to zero after ``hold`` of the steps.
    * ``drops``: times ``factor`` after each of the parts of the steps in ``drops``.

    During the first ``warmup`` steps it also rises linearly from nothing.

    Args:
        step: from 0.
        steps: of the whole run.
        peak: highest rate.
        schedule: which one.
    """
    done = step / steps
    if schedule.name == "inverse":
        factor = 1 / (1 + schedule.decay * step)
    elif schedule.name == "poly":
        factor = max(0.0, 1 - done) ** schedule.power
    elif schedule.name == "tail":
        factor = min(1.0, max(0.0, 1 - done) / (1 - schedule.hold)) if schedule.hold < 1 else 1.0
    elif schedule.name == "drops":
        factor = schedule.factor ** sum(done >= part for part in schedule.drops)
    else:
        factor = 1.0
    warm = min(1.0, (step + 1) / schedule.warmup) if schedule.warmup else 1.0
    return peak * warm * factor

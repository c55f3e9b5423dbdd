"""What a check found: a figure, its limit, how far the evidence reaches, pass or fail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Assurance(Enum):
    """What a verdict rests on, weakest first."""

    STRUCTURE = "structure"
    """The saved file was read back and is built as it should be."""
    REFERENCE = "reference numerics"
    """The saved file was executed by a reference implementation."""
    RUNTIME = "real runtime"
    """The saved file was executed by the runtime that phones use."""
    DEVICE = "real device"
    """The saved file was executed on a phone."""


@dataclass(frozen=True)
class Verdict:
    """One check of one file.

    Attributes:
        check: what was checked, in a few words.
        figure: what was found, for people.
        limit: what was asked, for people.
        passed: whether it holds.
        assurance: what the verdict rests on.
        value: the figure as a number, where it is one.
    """

    check: str
    figure: str
    limit: str
    passed: bool
    assurance: Assurance
    value: float | None = None


def equal(check: str, found: object, wanted: object, assurance: Assurance) -> Verdict:
    """Passes where ``found == wanted``.

    >>> equal("inputs", ["content"], ["content", "strength"], Assurance.STRUCTURE).passed
    False
    """
    return Verdict(check, str(found), str(wanted), found == wanted, assurance)


def at_least(check: str, value: float, limit: float, unit: str, assurance: Assurance) -> Verdict:
    """Passes where ``value >= limit``; NaN never does.

    >>> [at_least("PSNR", db, 45.0, "dB", Assurance.REFERENCE).passed for db in (45.0, 44.99)]
    [True, False]
    >>> at_least("PSNR", float("nan"), 45.0, "dB", Assurance.REFERENCE).passed
    False
    """
    return Verdict(
        check, f"{value:.1f} {unit}", f">= {limit:g} {unit}", value >= limit, assurance, value
    )

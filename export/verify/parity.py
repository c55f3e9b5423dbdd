"""How far what a file computes is from PyTorch, picture by picture, and what that rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from export.entries import ParityEntry
from export.formats.base import Precision
from export.verify import compare
from export.verify.test_inputs import Probe
from export.verify.verdicts import Assurance, Verdict, at_least
from facestyle.contract import Contract, Kind, Port
from facestyle.image_range import MAXIMUM

EIGHT_BIT_DB = 50.0
"""Least PSNR where images come back in 8 bits: cutting off what is below a step costs 52.9 dB."""


@dataclass(frozen=True)
class Parity:
    """A file's output beside PyTorch's.

    Attributes:
        probe: the name of the inputs.
        psnr_db: infinite where equal, NaN where not finite.
        max_error: greatest absolute difference, as a share of the output's range; NaN likewise.
        limit_db: what was asked.
        assurance: what executed the file.
    """

    probe: str
    psnr_db: float
    max_error: float
    limit_db: float
    assurance: Assurance

    @property
    def verdict(self) -> Verdict:
        """Whether it is near enough."""
        return at_least(
            f"PSNR to PyTorch, {self.probe}", self.psnr_db, self.limit_db, "dB", self.assurance
        )


@dataclass(frozen=True)
class Limits:
    """What is asked of a file in one runtime.

    Attributes:
        psnr_db: least PSNR.
        error: greatest error, as a share of the output's range.
    """

    psnr_db: float
    error: float


def limits(precision: Precision, output: Port, *, eight_bit: bool) -> Limits:
    """Limits for a file of a precision.

    Args:
        precision: of the file.
        output: of its graph.
        eight_bit: whether what executes it gives images in 8 bits, as Core ML itself does: the
            PSNR then is at most ``EIGHT_BIT_DB``, and one step of 8 bits is added to the error.

    >>> from facestyle import contract
    >>> fp32 = Precision("fp32", psnr_db=80.0, max_error=0.001)
    >>> limits(fp32, contract.stylized(8, 8), eight_bit=False)
    Limits(psnr_db=80.0, error=0.001)
    >>> limits(fp32, contract.stylized(8, 8), eight_bit=True).psnr_db
    50.0
    """
    if eight_bit and output.kind is Kind.IMAGE:
        return Limits(min(precision.psnr_db, EIGHT_BIT_DB), precision.max_error + 1 / MAXIMUM)
    return Limits(precision.psnr_db, precision.max_error)


def measure_parity(
    run: Callable[[Sequence[Tensor]], Tensor],
    probes: Sequence[Probe],
    wanted: dict[str, Tensor],
    contract: Contract,
    limit: Limits,
    assurance: Assurance,
) -> tuple[list[Parity], dict[str, Tensor]]:
    """Execute a file on every probe.

    Args:
        run: executes it.
        probes: the inputs.
        wanted: PyTorch's outputs by the probes' names.
        contract: of the graph.
        limit: what is asked.
        assurance: what ``run`` is.

    Returns:
        The agreement on each probe, and the outputs by the probes' names.
    """
    found, outputs = [], {}
    for probe in probes:
        output = outputs[probe.name] = run(probe.inputs)
        reference = wanted[probe.name]
        peak = compare.peak(contract.outputs[0], reference)
        found.append(
            Parity(
                probe.name,
                compare.psnr(output, reference, peak),
                compare.max_error(output, reference, peak),
                limit.psnr_db,
                assurance,
            )
        )
    return found, outputs


def error_verdict(found: Sequence[Parity], limit: Limits) -> Verdict:
    """Whether no value is too far off: passes where the greatest error is at most the limit's."""
    value = max_error(found)
    assert value is not None
    return Verdict(
        "greatest error of any value",
        f"{value:.2g} of the range",
        f"<= {limit.error:.2g}",
        value <= limit.error,
        found[0].assurance,
        value,
    )


def worst(found: Iterable[Parity]) -> Parity | None:
    """The one of least PSNR, any that is not a number before all others; None where none is.

    >>> found = [Parity(str(db), db, 0.0, 45.0, Assurance.RUNTIME) for db in (60.0, 50.0)]
    >>> worst(found).psnr_db
    50.0
    """
    # NaN compares false with everything, so min() would pass over it.
    return min(found, key=lambda a: (not math.isnan(a.psnr_db), a.psnr_db), default=None)


def max_error(found: Iterable[Parity]) -> float | None:
    """The greatest over several, a share of the range; NaN if any is; None where none is."""
    errors = [a.max_error for a in found]
    return max(errors, key=lambda e: (math.isnan(e), e), default=None)


def as_json(value: float | None, digits: int = 4) -> float | str | None:
    """A figure for JSON, which has no infinity or NaN; both are worth telling apart.

    >>> [as_json(value) for value in (51.23456, math.inf, math.nan, None)]
    [51.2346, 'exact', 'not finite', None]
    """
    if value is None or math.isfinite(value):
        return None if value is None else float(f"{value:.{digits}f}")
    return "exact" if value > 0 else "not finite"


def entries(found: Sequence[Parity]) -> tuple[ParityEntry, ...]:
    """What the manifest says of them: one entry for each runtime, with its worst figures."""
    result = []
    for assurance in dict.fromkeys(a.assurance for a in found):
        own = [a for a in found if a.assurance is assurance]
        least, error = worst(own), as_json(max_error(own), 9)
        assert least is not None and error is not None
        psnr = as_json(least.psnr_db)
        assert psnr is not None
        result.append(
            ParityEntry(
                assurance=assurance,
                psnr_db=psnr,
                at=least.probe,
                limit_db=least.limit_db,
                max_error=error,
                probes=len(own),
            )
        )
    return tuple(result)

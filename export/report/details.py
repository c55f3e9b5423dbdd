"""Parts of a build's page for those who want to know: accelerators, and half precision."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from export.report.table import table
from export.verify.delegates import CoverageSummary
from export.verify.fp16_range import RangeEntry, RangeSummary


def coverage(entries: Sequence[CoverageSummary]) -> str:
    """What each accelerator takes of a file, operator by operator."""
    parts = []
    for found in entries:
        pieces = found.partitions
        inside = "" if pieces is None else f" in {pieces} piece{'s' * (pieces != 1)}"
        lines = [
            [
                kind.operator,
                f"{kind.taken} of {kind.count}",
                "; ".join(kind.causes),
                "; ".join(kind.rewrites),
            ]
            for kind in found.operators
        ]
        parts.append(
            f"<details><summary>{escape(found.delegate)}: takes {found.taken} of "
            f"{found.total} operators{inside}</summary><p>{escape(found.source)}</p>"
            + table(["operator", "taken", "why not", "what would help"], lines)
            + "</details>"
        )
    return "".join(parts)


RANGE = ["operator", "kind", "greatest", "on", "headroom", "below 2⁻¹⁴", "below 2⁻²⁴"]
"""Of ``ranges``; the last two are shares of the values that are not zero, on real pictures."""


def ranges(row: RangeEntry) -> list[str]:
    """How far an operator's numbers go."""
    return [
        row.name,
        row.kind,
        _number(row.greatest),
        row.input,
        f"{_number(row.headroom)}x",
        _share(row.share_subnormal),
        _share(row.share_lost),
    ]


def headroom(graphs: dict[str, RangeSummary]) -> str:
    """How far each graph stays from the ends of half precision."""
    if not graphs:
        return ""
    parts = [
        "<h2>Half precision</h2><p>Every operator executed on portraits, and on black, white, "
        "noise, checkerboards and saturated colours, with real and extreme style codes. Headroom: "
        "by what factor numbers could grow before they leave half precision (65504). The same on "
        "Arm processors that calculate in it: <code>facestyle bench arm</code>.</p>"
    ]
    for name, found in graphs.items():
        trials = [[t.input, _decibels(t.psnr_db), t.error_grows_at] for t in found.trials]
        parts.append(
            f"<details open><summary>{escape(name)}: {found.operators} operators, "
            f"{found.inputs} inputs</summary>"
            + table(RANGE, [ranges(row) for row in found.worst])
            + "<details><summary>Every normalisation, square, reduction, root and division: "
            + f"{len(found.sensitive)} operators</summary>"
            + table(RANGE, [ranges(row) for row in found.sensitive])
            + "</details>"
            + "<p>The graph with every result rounded to half precision:</p>"
            + table(["input", "PSNR to fp32", "error grows most at"], trials)
            + _sums(found.overflow_if_summed_in_fp16)
            + "</details>"
        )
    return "".join(parts)


def _sums(found: dict[str, float | None]) -> str:
    if not found:
        return ""
    names = ", ".join(escape(name) for name in found)
    return (
        f"<p>Would overflow on a phone that added up whole images in half precision (none is known "
        f"to; not counted as a fault): {names}.</p>"
    )


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"


def _decibels(value: float | None) -> str:
    return "exact, or not finite" if value is None else f"{value:.1f} dB"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"

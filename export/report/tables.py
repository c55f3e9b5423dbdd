"""The tables of a build's page: all files, and what is known of one."""

from __future__ import annotations

from collections.abc import Sequence

from export.entries import FileEntry, ParityEntry
from export.report import cells, results_table
from export.report.page import units
from export.report.page.tables import Cell, Column, Table, Tone
from export.verify.delegates import CoverageSummary

BEYOND = 1e9
"""What figures that are no numbers are sorted by, with their sign."""

TONES: dict[str, Tone] = {"pass": "good", "FAIL": "bad", "not verified": "muted"}


def files(entries: Sequence[FileEntry], links: Sequence[str]) -> Table:
    """All files, each linked to its details."""
    columns = [
        _words("file"),
        Column("size"),
        Column("PSNR (limit)", hint="least of all test inputs, to PyTorch"),
        Column("error", hint="greatest of any value, as a share of the range"),
        _words("rests on"),
        Column("MACs", hint="multiply-accumulates of a run"),
        Column("accelerators", figures=False, hint="operators that they take"),
        _words("verdict"),
    ]
    lines = [_file(entry, link) for entry, link in zip(entries, links)]
    return Table("Files", columns, lines, results_table.LEGEND).measured()


def _file(entry: FileEntry, link: str) -> list[Cell]:
    verdict = cells.verdict(entry)
    tone = TONES[verdict]
    return [
        Cell(entry.file, tone=tone if tone == "bad" else "", link=link),
        Cell(cells.kilobytes(entry), entry.bytes),
        _psnr(entry),
        _error(entry),
        _text(cells.rests_on(entry)),
        Cell(cells.macs(entry), entry.macs),
        _text(cells.accelerators(entry)),
        Cell(verdict, tone=tone),
    ]


def _psnr(entry: FileEntry) -> Cell:
    found = _executions(entry)
    if not found:
        return _text("not executed" if entry.proof else units.NONE)
    text = "; ".join(f"{results_table.decibels(e.psnr_db)} (≥ {e.limit_db:g})" for e in found)
    least = min(found, key=_decibels)
    return Cell(text, _decibels(least), "bad" if any(map(_misses, found)) else "")


def _error(entry: FileEntry) -> Cell:
    found = _executions(entry)
    if not found:
        return _text(units.NONE)
    greatest = max(BEYOND if isinstance(e.max_error, str) else e.max_error for e in found)
    return Cell("; ".join(cells.error(e) for e in found), greatest)


def _executions(entry: FileEntry) -> Sequence[ParityEntry]:
    return entry.proof.executions if entry.proof else ()


def _decibels(found: ParityEntry) -> float:
    if isinstance(found.psnr_db, str):
        return BEYOND if found.psnr_db == "exact" else -BEYOND
    return found.psnr_db


def _misses(found: ParityEntry) -> bool:
    return _decibels(found) < found.limit_db


def checks(entry: FileEntry) -> Table | None:
    """All checks of a file, those that failed first; None where it was not verified."""
    if entry.proof is None:
        return None
    columns = [_words(title) for title in ("check", "found", "wanted", "rests on", "verdict")]
    lines = [
        [
            Cell(v.check, tone="" if v.passed else "bad"),
            _text(v.figure),
            _text(v.limit),
            _text(v.assurance.value),
            Cell("pass", tone="good") if v.passed else Cell("FAIL", tone="bad"),
        ]
        for v in sorted(entry.proof.verdicts, key=lambda v: v.passed)
    ]
    return Table(f"Checks of {entry.file}", columns, lines)


def ports(entry: FileEntry) -> Table:
    """Inputs and outputs of a file."""
    lines = [
        [Cell(port.name), Cell(direction), Cell(cells.port_in_words(port))]
        for direction, found in (("input", entry.inputs), ("output", entry.outputs))
        for port in found
    ]
    columns = [_words(title) for title in ("name", "direction", "what")]
    return Table(f"Inputs and outputs of {entry.file}", columns, lines)


def coverage_title(found: CoverageSummary) -> str:
    """What an accelerator takes of a file, in a line."""
    taken = f"takes {found.taken} of {units.count(found.total, 'operator')}"
    return f"{found.delegate}: {taken}{cells.pieces(found)}"


def coverage(found: CoverageSummary, file: str) -> Table:
    """What an accelerator takes of a file, operator by operator."""
    columns = [
        _words("operator"),
        Column("taken"),
        Column("of"),
        _words("why not"),
        _words("what would help"),
    ]
    lines = [
        [
            Cell(kind.operator, tone="" if kind.taken == kind.count else "bad"),
            Cell(str(kind.taken), kind.taken),
            Cell(str(kind.count), kind.count),
            _text("; ".join(kind.causes) or units.NONE),
            _text("; ".join(kind.rewrites) or units.NONE),
        ]
        for kind in found.operators
    ]
    return Table(f"{found.delegate}: operators of {file}", columns, lines).measured()


def constants(entry: FileEntry) -> Table | None:
    """Where a file's constants come from; None where it was not verified."""
    if entry.proof is None:
        return None
    columns = [_words("constant"), _words("shape"), Column("value"), _words("parameter")]
    lines = [
        [
            Cell(c.name, tone="" if c.origin is not None else "bad"),
            Cell(" × ".join(map(str, c.shape)) or "a number"),
            _text(units.NONE) if c.value is None else Cell(str(c.value), c.value),
            Cell("unknown", tone="bad") if c.origin is None else Cell(c.origin),
        ]
        for c in entry.proof.constants
    ]
    return Table(f"Constants of {entry.file}", columns, lines).measured()


def _words(title: str) -> Column:
    return Column(title, figures=False)


def _text(words: str) -> Cell:
    return Cell(words, tone="muted" if words == units.NONE else "")

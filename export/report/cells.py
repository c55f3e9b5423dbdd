"""What both forms of a build's report say, cell by cell."""

from __future__ import annotations

from export.entries import FileEntry, ParityEntry, PortEntry
from export.report import results_table
from export.report.page import units
from export.verify.delegates import CoverageSummary
from export.verify.verdicts import Assurance


def kilobytes(entry: FileEntry) -> str:
    """Size for people."""
    return f"{entry.bytes / 1000:,.0f} KB"


def psnr(entry: FileEntry) -> str:
    """Worst PSNR, or why there is none."""
    if entry.proof is None:
        return "not verified"
    worst = entry.proof.worst_psnr_db
    return "not executed" if worst is None else results_table.decibels(worst)


def macs(entry: FileEntry) -> str:
    """Multiply-accumulates of a run."""
    return f"{entry.macs / 1e9:.3f} G"


def parameters(entry: FileEntry) -> str:
    """How many the file has."""
    return f"{entry.parameters / 1e6:.3f} M"


def error(found: ParityEntry) -> str:
    """Greatest error, in two digits."""
    return found.max_error if isinstance(found.max_error, str) else f"{found.max_error:.2g}"


def rests_on(entry: FileEntry) -> str:
    """What executed a file, each once; a dash where it was not verified."""
    if entry.proof is None:
        return units.NONE
    found = dict.fromkeys(e.assurance.value for e in entry.proof.executions)
    return ", ".join(found) or Assurance.STRUCTURE.value


def accelerators(entry: FileEntry) -> str:
    """What each accelerator takes of a file; a dash where nobody knows."""
    found = entry.proof.coverage if entry.proof else ()
    return "; ".join(map(_taken, found)) or units.NONE


def _taken(found: CoverageSummary) -> str:
    """``XNNPACK 442 of 446 in 5 partitions``."""
    whole = found.taken == found.total
    taken = "all" if whole else f"{found.taken} of {found.total}"
    return f"{found.delegate} {taken}{pieces(found)}"


def pieces(found: CoverageSummary) -> str:
    """`` in 5 partitions``, where that is known."""
    if found.partitions is None:
        return ""
    return f" in {units.count(found.partitions, 'partition')}"


def partitions(entry: FileEntry) -> str:
    """Delegate partitions for people."""
    if entry.proof is None or entry.proof.delegate_partitions is None:
        return "–"
    whole = " (whole graph)" if entry.proof.fully_delegated else ""
    return f"{entry.proof.delegate_partitions}{whole}"


def traced(entry: FileEntry) -> str:
    """How many constants were traced."""
    if entry.proof is None:
        return "–"
    constants = entry.proof.constants
    known = sum(c.origin is not None for c in constants)
    return f"{known} of {len(constants)}"


def summary(entry: FileEntry) -> list[str]:
    """The cells of a file's row in every table."""
    return [
        entry.file,
        kilobytes(entry),
        psnr(entry),
        macs(entry),
        parameters(entry),
        partitions(entry),
        traced(entry),
        verdict(entry),
    ]


HEADINGS = [
    "file",
    "size",
    "worst PSNR to PyTorch",
    "MACs a run",
    "parameters",
    "XNNPACK partitions",
    "constants traced",
    "verdict",
]


def verdict(entry: FileEntry) -> str:
    """``pass``, ``FAIL`` or ``not verified``."""
    if entry.proof is None:
        return "not verified"
    return "pass" if entry.verified else "FAIL"


def port_in_words(port: PortEntry) -> str:
    """An input or output for people."""
    if port.type == "image":
        what = f"image {port.width} x {port.height}, RGB, 0..255"
    else:
        what = f"{port.dtype} {list(port.shape or ())} {port.layout}"
        if port.scale is not None:
            what += f", scale {port.scale:.6g}, zero point {port.zero_point}"
        elif port.range:
            what += f", {port.range[0]:g}..{port.range[1]:g}"
        if port.colour_order:
            what += f", {port.colour_order}"
    return f"{what}. {port.description}"

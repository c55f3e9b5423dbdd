"""What both forms of a build's report say, cell by cell."""

from __future__ import annotations

from export.build.entries import FileEntry, PortEntry
from export.report import results_table


def kilobytes(entry: FileEntry) -> str:
    """Size for people."""
    return f"{entry.bytes / 1000:,.0f} KB"


def psnr(entry: FileEntry) -> str:
    """Worst PSNR, or why there is none."""
    if entry.proof is None:
        return "not verified"
    worst = entry.proof.worst_psnr_db
    return "not executed" if worst is None else results_table.decibels(worst)


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
        f"{entry.macs / 1e9:.3f} G",
        f"{entry.parameters / 1e6:.3f} M",
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

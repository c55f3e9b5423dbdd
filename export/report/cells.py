"""What both forms of a build's report say, cell by cell."""

from __future__ import annotations

from typing import Any

from export.report import results_table


def kilobytes(entry: dict[str, Any]) -> str:
    """Size for people."""
    return f"{entry['bytes'] / 1000:,.0f} KB"


def psnr(entry: dict[str, Any]) -> str:
    """Worst PSNR, or why there is none."""
    if "verdicts" not in entry:
        return "not verified"
    return results_table.decibels(entry["worst_psnr_db"]) if entry["executed"] else "not executed"


def partitions(entry: dict[str, Any]) -> str:
    """Delegate partitions for people."""
    count = entry.get("delegate_partitions")
    if count is None:
        return "–"
    return f"{count}" + (" (whole graph)" if entry["fully_delegated"] else "")


def traced(entry: dict[str, Any]) -> str:
    """How many constants were traced."""
    constants = entry.get("constants")
    if constants is None:
        return "–"
    known = sum(c["from"] is not None for c in constants)
    return f"{known} of {len(constants)}"


def summary(entry: dict[str, Any]) -> list[str]:
    """The cells of a file's row in every table."""
    return [
        entry["file"],
        kilobytes(entry),
        psnr(entry),
        f"{entry['macs'] / 1e9:.3f} G",
        f"{entry['parameters'] / 1e6:.3f} M",
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


def verdict(entry: dict[str, Any]) -> str:
    """``pass``, ``FAIL`` or ``not verified``."""
    if "verdicts" not in entry:
        return "not verified"
    return "pass" if entry["verified"] else "FAIL"


def port_in_words(port: dict[str, Any]) -> str:
    """An input or output for people."""
    if port.get("type") == "image":
        what = f"image {port['width']} x {port['height']}, RGB, 0..255"
    else:
        what = f"{port['dtype']} {port['shape']} {port['layout']}"
        if "scale" in port:
            what += f", scale {port['scale']:.6g}, zero point {port['zero_point']}"
        elif port["range"]:
            what += f", {port['range'][0]:g}..{port['range'][1]:g}"
        if port.get("colour_order"):
            what += f", {port['colour_order']}"
    return f"{what}. {port['description']}"

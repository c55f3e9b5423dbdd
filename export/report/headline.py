"""What a build's page says first: whether the files are right, and what is wrong with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from export.build.manifest import Manifest
from export.entries import FileEntry
from export.report import cells, results_table
from export.report.page import units
from export.verify.verdicts import Assurance


@dataclass(frozen=True)
class Badge:
    """A verdict: for the macro ``badge``."""

    text: str
    tone: str = ""


FILE_BADGES = {
    "pass": Badge("✓ pass", "good"),
    "FAIL": Badge("✗ FAIL", "wrong"),
    "not verified": Badge("not verified"),
}
"""By the verdict's words."""


def badge(files: Sequence[FileEntry]) -> Badge:
    """The verdict on a build."""
    total = units.count(len(files), "file")
    if failed := sum(is_wrong(entry) for entry in files):
        return Badge(f"✗ {failed} of {total} failed", "wrong")
    right = sum(entry.verified for entry in files)
    if right == len(files):
        return Badge(f"✓ {right} of {total} right", "good")
    return Badge(f"{len(files) - right} of {total} not verified")


def file_badge(entry: FileEntry) -> Badge:
    """The verdict on a file."""
    return FILE_BADGES[cells.verdict(entry)]


def is_wrong(entry: FileEntry) -> bool:
    """Whether a file was verified and failed."""
    return entry.proof is not None and not entry.verified


def title(manifest: Manifest) -> str:
    """The network and the photo's size."""
    return f"{manifest.network}, {manifest.height} × {manifest.width}"


def notes(manifest: Manifest) -> list[str]:
    """What to know beside the verdict, in sentences."""
    found = []
    if any(map(is_wrong, manifest.files)):
        found.append("Nothing was published: what the folder held before is as it was.")
    elif all(entry.proof is None for entry in manifest.files):
        found.append("The files were written and not checked; facestyle verify checks them.")
    if manifest.weights.untrained:
        found.append("Random weights are for latency work only.")
    return found


def evidence(files: Sequence[FileEntry]) -> list[str]:
    """What the verdict rests on, in sentences; none where nothing was verified."""
    found = []
    executed = [(a, n) for a in Assurance if (n := _executed(files, a))]
    if executed:
        by = ", ".join(f"{units.count(n, 'file')} ({a.value})" for a, n in executed)
        found.append(f"Executed and compared with PyTorch: {by}.")
    if read := sum(e.proof is not None and not e.proof.executions for e in files):
        found.append(f"Read back, not executed: {units.count(read, 'file')}.")
    return found + _nearest(files)


def _executed(files: Sequence[FileEntry], assurance: Assurance) -> int:
    return sum(
        any(e.assurance is assurance for e in entry.proof.executions)
        for entry in files
        if entry.proof
    )


def _nearest(files: Sequence[FileEntry]) -> list[str]:
    """Which of several files, all right, comes nearest to its limit."""
    if not all(entry.verified for entry in files):
        return []
    margins = [
        (e.psnr_db - e.limit_db, entry.file, e)
        for entry in files
        if entry.proof
        for e in entry.proof.executions
        if not isinstance(e.psnr_db, str)
    ]
    if len(margins) < 2:
        return []
    _, file, least = min(margins, key=lambda found: found[:2])
    figure = results_table.decibels(least.psnr_db)
    return [f"Nearest to its limit: {file}, {figure} of at least {least.limit_db:g} dB."]


def failures(entry: FileEntry) -> list[str]:
    """What is wrong with a file, a line each."""
    verdicts = entry.proof.verdicts if entry.proof else ()
    return [f"{v.check}: {v.figure}, wanted {v.limit}" for v in verdicts if not v.passed]

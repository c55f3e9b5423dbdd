"""All files of a build on all processors asked for."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.arm import cases, document, emulator, half_precision, userland, verdicts
from benchmarks.arm.cases import ModelCase
from benchmarks.arm.processors import Processor
from benchmarks.arm.userland import Userland
from export.build import manifest
from export.formats.tflite import Arithmetic
from export.verify.verdicts import Verdict
from facestyle.errors import UserError


@dataclass(frozen=True)
class ArmRequest:
    """What is to be run; see ``facestyle bench arm --help``.

    Attributes:
        build: folder of a build.
        processors: to emulate.
        graphs: of the build; all if empty.
        checkpoint, encoder: where the build's weights are, if they were moved.
        command: as typed.
    """

    build: Path
    processors: tuple[Processor, ...]
    graphs: tuple[str, ...]
    checkpoint: Path | None
    encoder: Path | None
    command: str


@dataclass(frozen=True)
class Job:
    """One run of one file."""

    case: ModelCase
    processor: Processor
    half: bool

    @property
    def name(self) -> str:
        """For the report: the file, and in which arithmetic it runs."""
        return f"{self.case.name}{', half precision' if self.half else ''}"


def jobs(case: ModelCase, processors: Sequence[Processor]) -> list[Job]:
    """The runs of one file: as it is everywhere; in half precision where there is such."""
    plain = [Job(case, processor, False) for processor in processors]
    if case.arithmetic is not Arithmetic.FLOAT:
        return plain
    return plain + [Job(case, one, True) for one in processors if one.half_precision]


def measure(
    request: ArmRequest, progress: Callable[[str], None], expect: Callable[[int], None]
) -> document.Document:
    """Run everything.

    Args:
        request: what.
        progress: told what is done.
        expect: told how many more times ``progress`` will be called.

    Returns:
        the report.

    Raises:
        UserError: when there is nothing to run, or Arm cannot be emulated here.
    """
    userland.check_platform()
    described, loaded = cases.weights(request.build, request.checkpoint, request.encoder)
    wanted = cases.entries(described, request.graphs)
    expect(len(wanted) + (0 if userland.is_ready() else len(userland.STEPS)))
    ready = userland.get(progress)
    found = []
    for entry in wanted:
        progress(f"{entry.file} on this computer")
        found.append(cases.read(request.build, described, loaded, entry))
    planned = [job for case in found for job in jobs(case, request.processors)]
    expect(len(planned))
    return document.document(
        _side_by_side(planned, ready, progress),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=request.command,
        weights=described.weights.fingerprint,
        tools=manifest.tools(),
        userland=ready.versions,
    )


def _side_by_side(
    planned: Sequence[Job], ready: Userland, progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Rows in the order of the plan. Counts do not depend on what else the computer does, so as
    many runs go on at once as there are cores."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        futures = {pool.submit(row, job, ready): index for index, job in enumerate(planned)}
        rows = {}
        try:
            for future in as_completed(futures):
                index = futures[future]
                rows[index] = future.result()
                progress(f"{planned[index].name} on {planned[index].processor.title}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [rows[index] for index in range(len(planned))]


def row(job: Job, ready: Userland) -> dict[str, Any]:
    """One run as the report has it; a file that does not run at all is a row that failed."""
    case, entry = job.case, job.case.entry
    made: dict[str, Any] = {
        "name": job.name,
        "file": {
            "name": entry.file,
            "sha256": entry.sha256,
            "bytes": entry.bytes,
        },
        "graph": entry.graph,
        "precision": entry.precision,
        "half_precision": job.half,
        "processor": job.processor.name,
        "instructions": None,
        "figures": None,
        "seconds": None,
    }
    try:
        with tempfile.TemporaryDirectory(prefix="facestyle-arm-") as scratch:
            model = case.path
            if job.half:
                model = Path(scratch) / f"half_{case.path.name}"
                half_precision.allow(case.path, model)
            done = emulator.run(ready, job.processor, model, case.inputs, Path(scratch))
    except UserError as error:
        said = [Verdict("runs", str(error), "runs", False, verdicts.ASSURANCE)]
    else:
        found = verdicts.figures(case, done)
        said = verdicts.of_run(case, done, found, job.half)
        made |= {
            "instructions": done.counts.entry(),
            "figures": {k: v if math.isfinite(v) else None for k, v in found.items()},
            "seconds": round(done.seconds, 1),
        }
    return made | {
        "verdicts": [document.verdict_entry(verdict) for verdict in said],
        "passed": all(verdict.passed for verdict in said),
    }

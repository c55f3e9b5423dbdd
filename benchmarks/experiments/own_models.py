"""Latency of this repository's own models, with paper 1's network as the reference.

    python -m benchmarks.experiments.own_models --out benchmarks/results/latency

Exports what is measured (3 minutes), then lets all models take turns at every number of threads:
``mobile`` in every precision, at sizes from 256 to 1024 and in PyTorch; ``vgg19`` (random weights:
time does not depend on them) as ``facestyle export`` writes it, and as a plain conversion gives it.

Makes: report.html, report.md and report.json in --out (benchmarks/results/latency).
Takes: half an hour on two cores together with no_auxiliary (`make bench`); leave the machine alone.
Needs: nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import build_files
from benchmarks.experiments import command, plain_vgg19
from benchmarks.export_stylizers import export_stylizers
from benchmarks.host import machine, run
from benchmarks.host.rounds import STARTS
from benchmarks.host.run import Candidate, HostSettings
from benchmarks.latency.measure import as_document, powers_of_two
from benchmarks.latency.painted_portrait import pictures
from benchmarks.latency.timing import ratio
from benchmarks.report.write import write_report
from export.convert import calibration
from export.formats.tflite import TFLITE
from export.report.page import units
from facestyle import checkpoint
from facestyle.files import check_folder

SIZE = 256
PLAIN = f"vgg19, plain conversion {SIZE}x{SIZE} fp32"
GOALS = (
    ("mobile", f"mobile {SIZE}x{SIZE} fp32", 90.0),
    ("vgg19, rewritten", f"vgg19 {SIZE}x{SIZE} fp32", 1.3),
)
"""Title, name and how many times as fast as ``PLAIN``."""
SIZES = (384, 512, 768, 1024)
PRECISIONS = ("fp32", "fp16", "dynamic", "int8")


def candidates(build: Path, work: Path) -> list[Candidate]:
    """All that is measured, ``mobile`` in fp32 first.

    Args:
        build: of ``mobile`` in all precisions.
        work: folder for the other exports.
    """
    files = build_files.read(build)
    for size in SIZES:
        files += build_files.read(_build(work, "mobile", size, ("fp32",)))
    files += build_files.read(_build(work, "vgg19", SIZE, ("fp32",), trained=False))
    plain = plain_vgg19.write(work / f"vgg19_plain_{SIZE}x{SIZE}_fp32.tflite", SIZE, SIZE)
    reference = replace(
        build_files.single(plain),
        name=PLAIN,
        graph="stylizer",
        network="vgg19, plain conversion",
        precision="fp32",
    )
    found = [run.file_candidate(file) for file in [*files, reference]]
    return found + run.torch_candidates(build, None, None)


def _build(
    work: Path, network: str, size: int, precisions: Sequence[str], trained: bool = True
) -> Path:
    # Times do not depend on the weights; the quality of 8 bits does.
    loaded = checkpoint.load(None, network) if trained else checkpoint.untrained(network)
    measured = any(TFLITE.precision(name).calibrated for name in precisions)
    faces = calibration.read(calibration.DEMO) if measured else None
    out = work / f"{network}_{size}"
    return export_stylizers(loaded, (size, size), precisions, out, calibration=faces)


def goals(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the project set itself to reach against the plain conversion, and whether it did.

    Args:
        rows: of all that ``candidates`` gives, at every number of threads.
    """
    by_name = {row["name"]: row["stages"]["inference"] for row in rows}
    found = []
    for threads in sorted({row["runtime"]["threads"] for row in rows}):
        end = f", {units.count(threads, 'thread')}"
        plain = by_name.get(PLAIN + end)
        for title, name, goal in GOALS:
            own = by_name.get(name + end)
            if plain and own:
                value, low, high = ratio(plain, own, STARTS)
                verdict = "met" if value >= goal else "NOT met"
                found.append(
                    f"goal: {title}{end}: {value:.2f} times as fast as the plain conversion "
                    f"({low:.2f}–{high:.2f}), at least {goal:g}: {verdict}"
                )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure and write."""
    parser = command.parser("own_models", __doc__)
    parser.add_argument("--runs", type=int, default=50, help="of every model, at least")
    parser.add_argument("--seconds", type=float, default=3.0, help="of every model, at least")
    parser.add_argument("--sustain", type=float, default=120.0, help="seconds without a pause")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    args = parser.parse_args(arguments)
    settings = HostSettings(
        threads=powers_of_two(machine.cores()),
        runs=args.runs,
        seconds=args.seconds,
        sustain=args.sustain,
    )
    with command.one_line_errors(parser), tempfile.TemporaryDirectory() as scratch:
        check_folder(args.out)
        build = _build(Path(scratch), "mobile", SIZE, PRECISIONS)
        rows, notes = run.measure_with_bar(candidates(build, Path(scratch)), settings)
        painted = pictures(build)
    told = command.typed(parser, arguments)
    made = as_document(machine.device(), rows, [*goals(rows), *notes], told)
    write_report(args.out, made, painted)
    sys.stdout.write("\n".join([*goals(rows), ""]))
    sys.stdout.write(f"wrote {args.out}/report.html, report.md and report.json\n")


if __name__ == "__main__":
    main()

"""Latency of this repository's own models, with paper 1's network as the reference.

    python -m benchmarks.own_models --out benchmarks/results/latency

Exports what is measured into --work (10 minutes the first time, kept for the next), then lets all
models take turns at every number of threads: ``mobile`` in every precision, at sizes from 256 to
1024 and in PyTorch; ``vgg19`` (random weights: as fast as trained ones) as ``facestyle export``
writes it, and as a plain conversion gives it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from benchmarks import build_files, exported, plain_vgg19
from benchmarks.host import machine, run
from benchmarks.host.run import Entrant, Settings
from benchmarks.measure import as_document, powers_of_two
from benchmarks.painted_portrait import pictures
from benchmarks.report import views
from export import calibration
from facestyle import checkpoint

SIZE = 256
SIZES = (384, 512, 768, 1024)
PRECISIONS = ("fp32", "fp16", "dynamic", "int8")


def entrants(work: Path) -> list[Entrant]:
    """All that is measured, exported where it is not there yet; ``mobile`` in fp32 first."""
    build = _build(work, "mobile", SIZE, PRECISIONS)
    files = build_files.read(build)
    for size in SIZES:
        files += build_files.read(_build(work, "mobile", size, ("fp32",)))
    files += build_files.read(_build(work, "vgg19", SIZE, ("fp32",)))
    plain = work / f"vgg19_plain_{SIZE}x{SIZE}_fp32.tflite"
    if not plain.exists():
        plain_vgg19.write(plain, SIZE, SIZE)
    reference = replace(
        build_files.single(plain),
        name=f"vgg19, plain conversion {SIZE}x{SIZE} fp32",
        graph="stylizer",
        network="vgg19, plain conversion",
        precision="fp32",
    )
    found = [run.file_entrant(file) for file in [*files, reference]]
    return found + run.torch_entrants(build, None, None)


def _build(work: Path, network: str, size: int, precisions: Sequence[str]) -> Path:
    untrained = network != "mobile"
    loaded = checkpoint.untrained(network) if untrained else checkpoint.load(None, network, None)
    folder = work / f"{network}_{loaded.fingerprint}_{size}"
    if not folder.exists():
        faces = calibration.read(calibration.DEMO) if "int8" in precisions else None
        exported.stylizers(loaded, (size, size), precisions, folder, calibration=faces)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("build/benchmarks"), help="for exports")
    parser.add_argument("--runs", type=int, default=50, help="of every model, at least")
    parser.add_argument("--seconds", type=float, default=3.0, help="of every model, at least")
    parser.add_argument("--sustain", type=float, default=120.0, help="seconds without a pause")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    args = parser.parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    found = entrants(args.work)
    settings = Settings(
        threads=powers_of_two(machine.cores()),
        runs=args.runs,
        seconds=args.seconds,
        sustain=args.sustain,
    )
    with tqdm(total=run.steps(len(found), settings), disable=None) as bar:

        def progress(step: str) -> None:
            bar.set_description(step[:60])
            bar.update()

        rows, notes = run.measure(found, settings, progress)
    command = "python -m benchmarks.own_models --out " + str(args.out)
    made = as_document(machine.device(), rows, notes, command)
    views.write(args.out, made, pictures(_build(args.work, "mobile", SIZE, PRECISIONS)))
    sys.stdout.write(f"wrote {args.out}/report.html, report.md and report.json\n")


if __name__ == "__main__":
    main()

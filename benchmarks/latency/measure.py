"""From what was asked for to a report, whichever device it is measured on.

A new device is a driver in a folder of its own beside ``benchmarks/android``, a function and an
entry of ``_DEVICES`` here, and a name in ``benchmarks/cli.py`` and ``report/schema.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import build_files
from benchmarks.build_files import ModelFile
from benchmarks.latency.request import LatencyRequest
from benchmarks.latency.validity import Rules, validated
from benchmarks.report import document
from benchmarks.report.document import Document
from export.build import manifest
from facestyle.errors import UserError

Pictures = Mapping[str, bytes]

Progress = Callable[[str], None]


def measure(
    request: LatencyRequest, progress: Progress, expect: Callable[[int], None]
) -> tuple[Document, Pictures]:
    """Measure what was asked for.

    Args:
        request: checked.
        progress: told what is about to be done.
        expect: told how many more times ``progress`` will be called.

    Returns:
        the report, and pictures for its page by caption, JPEG.

    Raises:
        UserError: when nothing can be measured.
    """
    quality = None
    if request.quality is not None:
        quality = document.read(request.quality).get("quality")
        if quality is None:
            raise UserError(f"{request.quality}: no quality figures in this report")
    device, rows, notes = _DEVICES[request.device](request, progress, expect)
    made = as_document(device, rows, notes, request.command, quality)
    return made, _pictures(request) if request.is_build else {}


def as_document(
    device: Mapping[str, Any],
    rows: Sequence[dict[str, Any]],
    notes: Sequence[str],
    command: str,
    quality: Mapping[str, Any] | None = None,
) -> Document:
    """Judged rows as a report."""
    rules = Rules()
    return document.document(
        device,
        [validated(row, rules, device.get("cores")) for row in rows],
        command=command,
        tools=manifest.tools(),
        rules=rules.as_figures(),
        quality=quality,
        notes=notes,
    )


Measured = tuple[dict[str, Any], list[dict[str, Any]], list[str]]
"""Device, rows and notes of a report."""


def _host(request: LatencyRequest, progress: Progress, expect: Callable[[int], None]) -> Measured:
    from benchmarks.host import machine, run, sizes

    notes: list[str] = []
    candidates = []
    folders: list[Path] = []
    if request.is_build:
        own = build_files.read(request.build, precisions=request.precision)
        wanted = list(dict.fromkeys(str(file.precision) for file in own))
        folders = [
            sizes.resized(
                request.build,
                size,
                wanted,
                request.out / "builds",
                request.checkpoint,
                request.encoder,
                progress,
            )
            for size in request.sizes
        ]
        for folder in dict.fromkeys(folders or [request.build]):
            files = build_files.read(folder, precisions=request.precision)
            candidates += [run.file_candidate(file) for file in files]
    else:
        candidates.append(run.file_candidate(build_files.single(request.build)))
    candidates += [run.file_candidate(build_files.single(path)) for path in request.against]
    candidates = run.with_own_names(candidates)
    own_size = not request.sizes or request.build in folders
    if request.is_build and request.pytorch and not own_size:
        notes.append("PyTorch is measured at the build's own size only; add it to --sizes")
    elif request.is_build and request.pytorch:
        try:
            candidates += run.torch_candidates(request.build, request.checkpoint, request.encoder)
        except UserError as error:
            notes.append(f"PyTorch is not measured: {error}")
    settings = run.HostSettings(
        threads=request.threads or powers_of_two(machine.cores()),
        runs=request.runs,
        seconds=request.seconds,
        sustain=request.sustain,
    )
    expect(run.steps(len(candidates), settings))
    rows, more = run.measure(candidates, settings, progress)
    return machine.device(), rows, notes + more


def powers_of_two(cores: int) -> tuple[int, ...]:
    """1, 2, 4 and so on, as many as there are cores."""
    return tuple(2**i for i in range(cores.bit_length()))


def _android(
    request: LatencyRequest, progress: Progress, expect: Callable[[int], None]
) -> Measured:
    from benchmarks.android import run
    from benchmarks.android.plan import AndroidSettings, attempts

    settings = AndroidSettings(
        threads=request.threads or AndroidSettings.threads,
        delegates=request.delegate or AndroidSettings.delegates,
        runs=request.runs,
        seconds=request.seconds,
        sustain=request.sustain,
    )
    files = _files(request, ("tflite",))
    expect(sum(len(list(attempts(file, settings))) for file in files))
    return run.measure(files, settings, request.serial, request.benchmark_model, progress)


def _apple(request: LatencyRequest, progress: Progress, expect: Callable[[int], None]) -> Measured:
    from benchmarks.apple import core_ml

    settings = core_ml.CoreMLSettings(runs=request.runs, seconds=request.seconds)
    files = _files(request, ("mlpackage", "mlmodel"))
    expect(len(files) * len(settings.units))
    return core_ml.measure(files, settings, progress=progress)


def _files(request: LatencyRequest, formats: Sequence[str]) -> list[ModelFile]:
    """What is measured on a device."""
    if request.is_build:
        return build_files.read(request.build, formats, request.precision)
    return [build_files.single(request.build)]


def _pictures(request: LatencyRequest) -> dict[str, bytes]:
    """What the build's files make of a portrait, so that figures have a face."""
    from benchmarks.latency.painted_portrait import pictures

    return pictures(request.build, request.precision)


_DEVICES: dict[str, Callable[[LatencyRequest, Progress, Callable[[int], None]], Measured]] = {
    "host": _host,
    "android": _android,
    "apple": _apple,
}

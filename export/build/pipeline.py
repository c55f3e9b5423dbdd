"""A build: every file asked for, converted, proved, and only then put in its place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from export.build import manifest
from export.convert import calibration
from export.convert.graphs import Graph, build
from export.formats import Format
from export.formats.base import STYLIZER
from export.report.html import html
from export.report.markdown import markdown
from export.report.pictures import Row, file_pictures
from export.request import ExportRequest, Target, describe
from export.verify import fp16_range, golden, layout
from export.verify.fp16_range import Audit
from export.verify.test_inputs import Probe, probes
from export.verify.test_inputs import portrait as probe_portrait
from export.verify.verdicts import Verdict
from export.verify.verify_file import Evidence, references, verify
from facestyle.errors import UserError
from facestyle.files import write_text
from facestyle.image_range import from_unit, to_unit
from facestyle.style import StyleCode

REJECTED = "rejected"
"""The folder inside a build's for an attempt that failed."""

Progress = Callable[[str], None]
"""Told what is about to be done."""


@dataclass(frozen=True)
class Subject:
    """A graph with all that its files are checked against.

    Attributes:
        graph: itself.
        baked: the name of the style that is part of it.
        probes: inputs to execute files on.
        wanted: PyTorch's outputs for them.
        audit: of its range in half precision; None where no file is computed so.
    """

    graph: Graph
    baked: str | None
    probes: list[Probe]
    wanted: dict[str, Tensor]
    audit: Audit | None = None


@dataclass(frozen=True)
class BuiltFile:
    """One file of a build."""

    path: Path
    target: Target
    subject: Subject
    evidence: Evidence | None

    @property
    def passed(self) -> bool:
        """Verified, or not asked to be."""
        return self.evidence is None or self.evidence.passed


@dataclass(frozen=True)
class Build:
    """The outcome: ``files`` lie in ``folder``, which is the rejected one if any failed."""

    folder: Path
    files: list[BuiltFile] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every file did."""
        return all(file.passed for file in self.files)


def subjects(request: ExportRequest) -> dict[str, list[Subject]]:
    """The graphs to export, by the name they were asked for with."""
    found: dict[str, list[Subject]] = {}
    network = request.checkpoint.network
    for name in dict.fromkeys(target.graph for target in request.targets):
        styles: list[StyleCode | None] = [None]
        if name == STYLIZER:
            styles += [request.styles[baked] for baked in request.baked]
        found[name] = []
        for baked in styles:
            graph = build(
                name,
                network,
                request.height,
                request.width,
                depth=request.depth and name == STYLIZER,
                baked=baked,
            )
            inputs = probes(graph, network)
            style = baked.name if baked else None
            found[name].append(Subject(graph, style, inputs, references(graph, inputs)))
    return found


def file_name(request: ExportRequest, graph: Graph, target: Target) -> str:
    """``mobile_stylizer_256x256_fp16.tflite``; the style encoder has its own fixed size."""
    size = f"{request.height}x{request.width}_" if "content" in _inputs(graph) else ""
    depth = "depth_" if "depth" in _inputs(graph) else ""
    name = f"{request.checkpoint.name}_{graph.name}_{depth}{size}{target.precision.name}"
    return f"{name}{target.format.suffix}"


def _inputs(graph: Graph) -> list[str]:
    return [port.name for port in graph.contract.inputs]


def steps(request: ExportRequest) -> int:
    """How often ``run`` reports progress."""
    graphs = dict.fromkeys(t.graph for t in request.targets)
    baked = {g: 1 + (len(request.baked) if g == STYLIZER else 0) for g in graphs}
    conversions = {(t.graph, t.format) for t in request.targets}
    per_file = 2 if request.verify else 1
    twins = len(layout.formats(request)) if request.verify else 0
    half = {t.graph for t in request.targets if t.precision.in_half} if request.verify else ()
    files = sum(baked[t.graph] * per_file for t in request.targets)
    return files + sum(baked[g] for g in (*(g for g, _ in conversions), *half)) + twins + 2


def run(request: ExportRequest, progress: Progress) -> Build:
    """Write, prove and publish a build.

    Files are made in a temporary folder inside ``request.out``. If all pass they replace
    those of an earlier build; if one fails, ``request.out`` keeps what it had and the attempt
    goes to its folder ``rejected`` for a look, its failed files marked.

    Raises:
        UserError: when the folder cannot be written.
        ConversionError: when a converter gives up. Nothing is left behind.
    """
    out = request.out.resolve()
    fresh = not out.exists()
    _refuse_foreign(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=".partial-", dir=out)
    except OSError as error:
        raise UserError(
            f"cannot write to {out}: {error.strerror}; choose another folder with --out"
        ) from error
    try:
        with scratch as name:
            folder = Path(name) / "build"
            folder.mkdir()
            progress("reading the network")
            made = _files(request, folder, Path(name), progress)
            progress("writing the report")
            _documents(request, folder, made)
            if all(file.passed for file in made):
                _publish(folder, out)
                return Build(out, made)
            _reject(folder, out / REJECTED, made)
            return Build(out / REJECTED, made)
    finally:
        if fresh and out.exists() and not any(out.iterdir()):
            out.rmdir()


def _files(
    request: ExportRequest, folder: Path, scratch: Path, progress: Progress
) -> list[BuiltFile]:
    made = []
    layouts = _layouts(request, scratch, progress) if request.verify else {}
    for name, group in subjects(request).items():
        targets = [t for t in request.targets if t.graph == name]
        for subject in group:
            made += _graph_files(request, subject, targets, layouts, folder, scratch, progress)
    return made


def _layouts(request: ExportRequest, scratch: Path, progress: Progress) -> dict[Format, Verdict]:
    """What the layout test pattern of unequal sides says of each format."""
    found = {}
    for format_ in layout.formats(request):
        progress(f"{format_.name}: layout test pattern")
        found[format_] = layout.check(request, format_, scratch)
    return found


def _graph_files(
    request: ExportRequest,
    subject: Subject,
    targets: Sequence[Target],
    layouts: Mapping[Format, Verdict],
    folder: Path,
    scratch: Path,
    progress: Progress,
) -> list[BuiltFile]:
    graph, made = subject.graph, []
    if request.verify and any(t.precision.in_half for t in targets):
        progress(f"{graph.name}: range in half precision")
        codes = [style.tensor() for style in request.styles.styles]
        subject = replace(subject, audit=fp16_range.audit(graph, request.checkpoint.network, codes))
    converted: dict[Format, Any] = {}
    for target in targets:
        if target.format not in converted:
            progress(f"{graph.name}: converting to {target.format.suffix}")
            place = scratch / f"{graph.name}_{target.format.name}"
            converted[target.format] = target.format.convert(graph, place)
        path = folder / file_name(request, graph, target)
        progress(f"{path.name}: writing")
        target.format.write(
            converted[target.format],
            target.precision,
            path,
            describe(request, graph),
            _examples(request, graph, target),
        )
        evidence = None
        if request.verify:
            progress(f"{path.name}: verifying")
            evidence = verify(
                path, target.format, target.precision, graph, subject.probes, subject.wanted
            )
            if target.format in layouts:
                evidence = evidence.with_verdicts([layouts[target.format]])
            if target.precision.in_half and subject.audit is not None:
                evidence = evidence.with_verdicts(fp16_range.verdicts(subject.audit))
        made.append(BuiltFile(path, target, subject, evidence))
    return made


def _examples(request: ExportRequest, graph: Graph, target: Target) -> list[tuple[Tensor, ...]]:
    """Real inputs, for a precision that measures ranges on them."""
    if request.calibration is None or not target.precision.calibrated:
        return []
    return calibration.examples(request.calibration, graph, request.styles.styles)


def _documents(request: ExportRequest, folder: Path, made: list[BuiltFile]) -> None:
    entries = [
        manifest.describe_file(f.path, f.target, f.subject.graph, f.subject.baked, f.evidence)
        for f in made
    ]
    request.styles.save(folder / manifest.STYLES)
    subjects = {f.subject.graph.name: f.subject for f in made}.values()
    golden.write(folder, [golden.pair(s.graph, s.probes, s.wanted) for s in subjects], entries)
    headroom = {s.graph.name: fp16_range.summary(s.audit) for s in subjects if s.audit is not None}
    document = manifest.describe_build(request, folder, entries, headroom)
    manifest.write(folder, document)
    portrait = probe_portrait(request.height, request.width)
    network = request.checkpoint.network

    def paint(code: Tensor) -> Tensor:
        with torch.inference_mode():
            return to_unit(network.stylize(from_unit(portrait), code, torch.ones(1, 1, 1, 1)))

    pictures = [
        file_pictures(
            Row(entry, f.subject.graph, f.subject.probes, f.subject.wanted, f.evidence, paint)
        )
        for entry, f in zip(entries, made)
    ]
    write_text(folder / "report.html", html(document, pictures))
    write_text(folder / "report.md", markdown(document))


def _refuse_foreign(out: Path) -> None:
    """Never write over files of somebody else's that happen to have a build's names."""
    if (out / REJECTED).exists() and not (out / REJECTED / manifest.NAME).exists():
        raise UserError(f"{out} has a {REJECTED} that is not of a build; choose another --out")
    manifest.earlier(out / REJECTED)
    manifest.earlier(out)
    if (out / manifest.NAME).exists():
        return
    for name in (manifest.STYLES, "report.html", "report.md", golden.GOLDEN):
        if (out / name).exists():
            raise UserError(f"{out} has a {name} that is not of a build; choose another --out")


def _publish(folder: Path, out: Path) -> None:
    """Move a build into place, manifest last, and remove what the one before had beyond it."""
    before = manifest.earlier(out)
    _remove(out / REJECTED)
    items = sorted(folder.iterdir(), key=lambda p: p.name == manifest.NAME)
    for item in items:
        _replace(item, out / item.name)
    for entry in before:
        stale = out / entry.file
        # Only what that build wrote and nobody touched since.
        unchanged = stale.exists() and manifest.sha256(stale) == entry.sha256
        if entry.file not in {item.name for item in items} and unchanged:
            _remove(stale)


def _reject(folder: Path, rejected: Path, made: list[BuiltFile]) -> None:
    for file in made:
        if not file.passed:
            file.path.rename(file.path.with_name(f"FAILED_{file.path.name}"))
    _replace(folder, rejected)


def _replace(source: Path, destination: Path) -> None:
    if destination.is_dir() or source.is_dir():
        _remove(destination)
    source.replace(destination)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""``manifest.json``: what is in a build folder, and what is needed to check it again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from export.convert.graphs import Graph
from export.entries import (
    ConstantEntry,
    FileEntry,
    Proof,
    VerdictEntry,
    file_entry,
)
from export.formats import named
from export.inspect import cost
from export.request import MAX_SIDE, ExportRequest, Target
from export.verify import parity
from export.verify.fp16_range import RangeSummary
from export.verify.golden import GOLDEN
from export.verify.parity import as_json
from export.verify.verify_file import Evidence
from facestyle import __version__
from facestyle.errors import UserError
from facestyle.files import write_text

FAMILY = "facestyle-build/"
FORMAT = f"{FAMILY}3"
NAME = "manifest.json"
STYLES = "styles.json"
TOOLS = (
    "torch",
    "numpy",
    "pillow",
    "safetensors",
    "onnx",
    "tensorflow",
    "ai-edge-litert",
    "coremltools",
)


def sha256(path: Path) -> str:
    """Of a file, or of a folder's file names and contents in order."""
    digest = hashlib.sha256()
    if path.is_file():
        digest.update(path.read_bytes())
    else:
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def size(path: Path) -> int:
    """Bytes of a file or folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def tools(*more: str) -> dict[str, str]:
    """Versions of all that took part.

    Args:
        more: packages beyond an export's.
    """
    found = {"facestyle": __version__, "python": platform.python_version()}
    for name in (*TOOLS, *more):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def lock() -> dict[str, str]:
    """Every installed package and its version: what an export took place in."""
    found = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Weights:
    """What a build was made from; see ``facestyle.checkpoint.Checkpoint``.

    Attributes:
        fingerprint, style_fingerprint, untrained, metadata: as there.
        source, encoder: files; None for shipped and random weights.
    """

    fingerprint: str
    style_fingerprint: str
    untrained: bool
    source: str | None
    encoder: str | None
    metadata: dict[str, str]


@dataclass(frozen=True)
class Calibrated:
    """The pictures that calibrated files were made with; see ``export.convert.calibration``."""

    source: str
    images: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """All that a build says of itself.

    Attributes:
        format: ``FORMAT``.
        command: as typed.
        network: its name.
        weights: that it was made from.
        height, width: of the content image.
        depth: whether stylizers take depth-controlled strength.
        styles: the name of the file of style codes.
        calibration: of calibrated files; None without any.
        tools: versions of what took part.
        lock: every installed package and its version.
        golden: the name of the folder of golden pairs.
        files: one entry each.
        styles_sha256: of the file of style codes.
        headroom: each graph's fp16 range audit, by name.
        golden_sha256: of the folder of golden pairs.
    """

    format: str
    command: str
    network: str
    weights: Weights
    height: int
    width: int
    depth: bool
    styles: str
    calibration: Calibrated | None
    tools: dict[str, str]
    lock: dict[str, str]
    golden: str
    files: tuple[FileEntry, ...]
    styles_sha256: str
    headroom: dict[str, RangeSummary]
    golden_sha256: str

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        stored: dict[str, Any] = msgspec.to_builtins(replace(self, files=()))
        return stored | {"files": [entry.as_json() for entry in self.files]}


def describe_file(
    path: Path, target: Target, graph: Graph, baked: str | None, evidence: Evidence | None
) -> FileEntry:
    """What the manifest says of one file; ``baked`` names the style that is part of it."""
    return FileEntry(
        file=path.name,
        graph=target.graph,
        style=baked,
        format=target.format.name,
        precision=target.precision.name,
        sha256=sha256(path),
        bytes=size(path),
        macs=cost.macs(target.format.written(graph)),
        parameters=cost.parameters(graph),
        inputs=target.format.ports(path, graph.contract.inputs),
        outputs=target.format.ports(path, graph.contract.outputs),
        proof=None if evidence is None else _proof(evidence),
    )


def _proof(evidence: Evidence) -> Proof:
    worst = evidence.worst
    return Proof(
        verified=evidence.passed,
        executed=bool(evidence.parity),
        worst_psnr_db=as_json(worst.psnr_db if worst else None),
        max_error=as_json(parity.max_error(evidence.parity), 9),
        executions=parity.entries(evidence.parity),
        delegate_partitions=evidence.partitions,
        fully_delegated=evidence.fully_delegated,
        operators=evidence.operators,
        coverage=tuple(found.summary() for found in evidence.coverage),
        verdicts=tuple(
            VerdictEntry(
                check=v.check,
                figure=v.figure,
                limit=v.limit,
                passed=v.passed,
                assurance=v.assurance,
            )
            for v in evidence.verdicts
        ),
        constants=tuple(
            ConstantEntry(name=o.constant, shape=o.shape, origin=o.parameter, value=o.value)
            for o in evidence.origins
        ),
    )


def describe_build(
    request: ExportRequest,
    folder: Path,
    files: Sequence[FileEntry],
    headroom: dict[str, RangeSummary],
) -> Manifest:
    """The manifest of a build.

    Args:
        request: what it was made for.
        folder: that has its styles and golden pairs.
        files: its entries.
        headroom: the fp16 range audits, by graph.
    """
    checkpoint, calibration = request.checkpoint, request.calibration
    return Manifest(
        format=FORMAT,
        command=request.command,
        network=checkpoint.name,
        weights=Weights(
            checkpoint.fingerprint,
            checkpoint.style_fingerprint,
            checkpoint.untrained,
            str(request.source) if request.source else None,
            str(request.encoder) if request.encoder else None,
            checkpoint.metadata,
        ),
        height=request.height,
        width=request.width,
        depth=request.depth,
        styles=STYLES,
        calibration=None
        if calibration is None
        else Calibrated(calibration.source, len(calibration.images), calibration.sha256),
        tools=tools(),
        lock=lock(),
        golden=GOLDEN,
        files=tuple(files),
        styles_sha256=sha256(folder / STYLES),
        headroom=headroom,
        golden_sha256=sha256(folder / GOLDEN),
    )


def write(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json``."""
    write_text(folder / NAME, json.dumps(manifest.as_json(), indent=1) + "\n")


def read(folder: Path) -> Manifest:
    """A build's manifest.

    Raises:
        UserError: when the folder holds no build.
    """
    path = folder / NAME
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] != FORMAT:
            raise ValueError(stored["format"])
        files = [file_entry(entry) for entry in stored["files"]]
        manifest = msgspec.convert(stored | {"files": files}, Manifest)
        _check(manifest)
        return manifest
    except FileNotFoundError as error:
        raise UserError(f"{folder}: no build here ({NAME} is missing)") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: not a manifest of this version of facestyle") from error


def _check(manifest: Manifest) -> None:
    """Raise KeyError or ValueError for what types alone do not refuse."""
    if not manifest.files:
        raise ValueError("no files")
    if not all(0 < side <= MAX_SIDE for side in (manifest.height, manifest.width)):
        raise ValueError(f"{manifest.height} x {manifest.width}")
    for name in (manifest.styles, manifest.golden):
        _check_name(name)
    for entry in manifest.files:
        format_ = named(entry.format)
        precision = format_.precision(entry.precision)
        _check_name(entry.file, format_.suffix)
        if entry.graph not in precision.graphs:
            raise ValueError(entry.graph)
        if not Path(entry.file).stem.endswith(f"_{entry.precision}"):
            raise ValueError(entry.file)


def _check_name(name: str, suffix: str = "") -> None:
    """Files are in the build's folder itself, whatever a manifest says."""
    if Path(name).name != name or name in ("", "..") or not name.endswith(suffix):
        raise ValueError(name)


@dataclass(frozen=True)
class EarlierFile:
    """A file of a build of whatever version."""

    file: str
    format: str
    sha256: str


def earlier(folder: Path) -> tuple[EarlierFile, ...]:
    """The files of the build that a folder holds, of whatever version; none without one.

    Raises:
        UserError: when a manifest is there that is not of a build.
    """
    path = folder / NAME
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not stored["format"].startswith(FAMILY):
            raise ValueError(stored["format"])
        files = msgspec.convert(stored["files"], tuple[EarlierFile, ...])
        for entry in files:
            _check_name(entry.file, f".{entry.format}")
        return files
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: not a manifest of a build; choose another --out") from error

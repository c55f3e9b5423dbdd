"""Check a published build again, from nothing but its folder and the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from export.build import manifest
from export.build.manifest import Manifest
from export.convert.graphs import Graph, build
from export.entries import FileEntry, ParityEntry
from export.formats import FORMATS, named
from export.formats.base import STYLIZER
from export.report import results_table
from export.request import Target
from export.suppress_output import ConversionError
from export.verify import golden
from export.verify.test_inputs import Probe, probes
from export.verify.verify_file import references, verify
from facestyle import checkpoint as weights
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError
from facestyle.style import StyleBook

STATED = ("bytes", "macs", "parameters", "inputs", "outputs")
"""What people rely on in the manifest: it must be what the file has, not only what it says."""

PROVED = ("operators", "constants", "delegate_partitions", "fully_delegated")
"""The same, of files that were verified when they were exported."""

FINEST_DB = 80.0
"""Beyond it all is rounding."""

SLACK_DB = 3.0
"""How far a PSNR may be from the stated one: another machine rounds otherwise."""


@dataclass(frozen=True)
class Finding:
    """What became of one thing of a build.

    Attributes:
        name: of a file, or of the folder of golden pairs.
        problems: what is wrong with it; none if it is as it should be.
        figures: what it computes now, for people; empty where nothing is executed.
        executions: the same for machines, as in the manifest.
    """

    name: str
    problems: tuple[str, ...]
    figures: str = ""
    executions: tuple[ParityEntry, ...] = ()


def verify_build(
    folder: Path, checkpoint: Path | None = None, encoder: Path | None = None
) -> Iterator[Finding]:
    """Each thing of a build, checked again.

    Args:
        folder: the build.
        checkpoint, encoder: the weights, if they are no longer where they were at the export.

    Raises:
        UserError: when the folder holds no build, or the weights are other ones.
    """
    document = manifest.read(folder)
    loaded = weights_of(document, checkpoint, encoder)
    styles = folder / document.styles
    unchanged = styles.exists() and manifest.sha256(styles) == document.styles_sha256
    book = StyleBook.load(styles) if unchanged else None
    if book is None:
        yield Finding(styles.name, ("missing or changed since the export",))
    else:
        told = {book.weights, document.weights.style_fingerprint}
        own = told == {loaded.style_fingerprint}
        yield Finding(styles.name, () if own else ("of another style encoder",))
    subjects: dict[str, tuple[Graph, list[Probe], dict[str, Tensor]]] = {}
    for entry in document.files:
        if entry.style is not None and book is None:
            yield Finding(entry.file, (f"cannot be checked without {styles.name}",))
            continue
        if entry.subject not in subjects:
            graph = graph_of(document, entry, loaded, book)
            inputs = probes(graph, loaded.network)
            subjects[entry.subject] = graph, inputs, references(graph, inputs)
        yield _verified(folder / entry.file, entry, *subjects[entry.subject])
    place = folder / golden.GOLDEN
    if not place.is_dir() or manifest.sha256(place) != document.golden_sha256:
        what = "changed since the export" if place.is_dir() else "missing"
        yield Finding(f"{golden.GOLDEN}/", (what,))
    else:
        pairs = [golden.pair(*subject) for subject in subjects.values()]
        found = tuple(golden.problems(folder, pairs, document.files))
        figures = "" if found else "inputs and outputs as PyTorch has them"
        yield Finding(f"{golden.GOLDEN}/", found, figures)

    known = {entry.file for entry in document.files}
    for path in sorted(folder.iterdir()):
        if path.suffix.lstrip(".") in FORMATS and path.name not in known:
            yield Finding(path.name, ("the manifest does not name it: it is not of this build",))


def other_tools(document: Manifest) -> list[str]:
    """Tools whose version is not that of the export, which may explain a difference."""
    now = manifest.tools()
    return [
        f"{name} {then} at the export, {now.get(name, 'none')} now"
        for name, then in document.tools.items()
        if now.get(name) != then
    ]


def files_of(
    document: Manifest, checkpoint: Path | None = None, encoder: Path | None = None
) -> tuple[Path | None, Path | None]:
    """Where a build's weights and its encoder's are; None for shipped and random ones.

    Args:
        document: the build's manifest.
        checkpoint, encoder: where they are, if no longer where they were at the export.
    """
    stored = document.weights
    return (
        checkpoint or (Path(stored.source) if stored.source else None),
        encoder or (Path(stored.encoder) if stored.encoder else None),
    )


def weights_of(
    document: Manifest, checkpoint: Path | None = None, encoder: Path | None = None
) -> Checkpoint:
    """The weights that a build was made from.

    Args:
        document: the build's manifest.
        checkpoint, encoder: where they are, if no longer where they were at the export.

    Raises:
        UserError: when they are missing or other ones.
    """
    stored, name = document.weights, document.network
    if stored.untrained:
        loaded = weights.untrained(name)
    else:
        source, features = files_of(document, checkpoint, encoder)
        loaded = weights.load(source, name, features)
    if loaded.fingerprint != stored.fingerprint:
        raise UserError(
            f"the build was made from weights {stored.fingerprint}, these are "
            f"{loaded.fingerprint}; give the right ones with --checkpoint"
        )
    return loaded


def graph_of(
    document: Manifest, entry: FileEntry, loaded: Checkpoint, styles: StyleBook | None
) -> Graph:
    """The graph that a file of a build was made from.

    Args:
        document: the build's manifest.
        entry: the file.
        loaded: the weights, of ``weights_of``.
        styles: the build's, which a file with a style in it needs.
    """
    return build(
        entry.graph,
        loaded.network,
        document.height,
        document.width,
        depth=document.depth and entry.graph == STYLIZER,
        baked=None if entry.style is None or styles is None else styles[entry.style],
    )


def _verified(
    path: Path, entry: FileEntry, graph: Graph, inputs: list[Probe], wanted: dict[str, Tensor]
) -> Finding:
    if not path.exists():
        return Finding(path.name, ("missing",))
    if manifest.sha256(path) != entry.sha256:
        return Finding(path.name, ("changed since the export (sha256 differs)",))
    format_ = named(entry.format)
    target = Target(entry.graph, format_, format_.precision(entry.precision))
    try:
        evidence = verify(path, format_, target.precision, graph, inputs, wanted)
    except (UserError, ConversionError) as error:
        return Finding(path.name, (str(error),))
    found = manifest.describe_file(path, target, graph, entry.style, evidence)
    proof = found.proof
    assert proof is not None
    wrong = [key for key in STATED if getattr(entry, key) != getattr(found, key)]
    if entry.proof is not None:
        wrong += [key for key in PROVED if getattr(entry.proof, key) != getattr(proof, key)]
        if not _near(entry.proof.worst_psnr_db, proof.worst_psnr_db):
            wrong.append("worst_psnr_db")
    problems = [f"the manifest's {key} is not what the file has" for key in wrong]
    problems += [
        f"{v.check}: {v.figure}, wanted {v.limit}" for v in evidence.verdicts if not v.passed
    ]
    return Finding(path.name, tuple(problems), results_table.cell(found), proof.executions)


def _near(stated: float | str | None, found: float | str | None) -> bool:
    a, b = (
        min(FINEST_DB if value == "exact" else value, FINEST_DB)
        if isinstance(value, int | float) or value == "exact"
        else value
        for value in (stated, found)
    )
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= SLACK_DB
    return a == b

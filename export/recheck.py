"""Check a published build again, from nothing but its folder and the weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from export import manifest
from export.graphs import build
from export.probes import probes
from export.quiet import ConversionError
from export.request import Target
from export.verify import references, verify
from facestyle import checkpoint as weights
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError
from facestyle.style import StyleBook

STATED = ("bytes", "macs", "parameters", "inputs", "outputs")
"""What apps rely on in the manifest: it must be what the file has, not only what it says."""


def recheck(
    folder: Path, checkpoint: Path | None = None, encoder: Path | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Each file's name and what is wrong with it.

    Args:
        folder: the build.
        checkpoint, encoder: the weights, if they are no longer where they were at the export.

    Raises:
        UserError: when the folder holds no build, or the weights are other ones.
    """
    document = manifest.read(folder)
    loaded = weights_of(document, checkpoint, encoder)
    styles = folder / document["styles"]
    changed = not styles.exists() or manifest.sha256(styles) != document["styles_sha256"]
    yield styles.name, ["missing or changed since the export"] if changed else []
    for entry in document["files"]:
        yield entry["file"], _problems(folder, document, entry, loaded)


def files_of(
    document: dict[str, Any], checkpoint: Path | None = None, encoder: Path | None = None
) -> tuple[Path | None, Path | None]:
    """Where a build's weights and its encoder's are; None for shipped and random ones.

    Args:
        document: the build's manifest.
        checkpoint, encoder: where they are, if no longer where they were at the export.
    """
    stored = document["weights"]
    return (
        checkpoint or (Path(stored["source"]) if stored["source"] else None),
        encoder or (Path(stored["encoder"]) if stored["encoder"] else None),
    )


def weights_of(
    document: dict[str, Any], checkpoint: Path | None = None, encoder: Path | None = None
) -> Checkpoint:
    """The weights that a build was made from.

    Args:
        document: the build's manifest.
        checkpoint, encoder: where they are, if no longer where they were at the export.

    Raises:
        UserError: when they are missing or other ones.
    """
    stored = document["weights"]
    name = document["network"]
    if stored["untrained"]:
        loaded = weights.untrained(name)
    else:
        source, features = files_of(document, checkpoint, encoder)
        loaded = weights.load(source, name, features)
    if loaded.fingerprint != stored["fingerprint"]:
        raise UserError(
            f"the build was made from weights {stored['fingerprint']}, these are "
            f"{loaded.fingerprint}; give the right ones with --checkpoint"
        )
    return loaded


def _problems(
    folder: Path, document: dict[str, Any], entry: dict[str, Any], loaded: Checkpoint
) -> list[str]:
    path = folder / str(entry["file"])
    if not path.exists():
        return ["missing"]
    if manifest.sha256(path) != entry["sha256"]:
        return ["changed since the export (sha256 differs)"]
    name, baked = str(entry["graph"]), None
    if entry["style"] is not None:
        baked = StyleBook.load(folder / document["styles"])[entry["style"]]
    graph = build(
        name,
        loaded.network,
        document["height"],
        document["width"],
        depth=document["depth"] and name == "stylizer",
        baked=baked,
    )
    inputs = probes(graph, loaded.network)
    target = Target(name, entry["format"], entry["precision"])
    try:
        evidence = verify(
            path, target.format, target.precision, graph, inputs, references(graph, inputs)
        )
    except (UserError, ConversionError) as error:
        return [str(error)]
    told = manifest.file_entry(path, target, graph, entry["style"], evidence)
    changed = [key for key in STATED if entry.get(key) != told[key]]
    problems = [f"the manifest's {key} is not what the file has" for key in changed]
    return problems + [
        f"{v.check}: {v.figure}, wanted {v.limit}" for v in evidence.verdicts if not v.passed
    ]

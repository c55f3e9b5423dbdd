"""What a build was made from and with, as names and words."""

from __future__ import annotations

from collections.abc import Sequence

from export.build.manifest import Manifest
from export.entries import FileEntry
from export.report import cells

Facts = list[tuple[str, str]]


def trained(manifest: Manifest) -> str:
    """What the weights are, in a word."""
    return "random" if manifest.weights.untrained else "trained"


def weights(manifest: Manifest) -> Facts:
    """The weights, with all that their checkpoint says of itself."""
    found = manifest.weights
    source = [] if found.untrained else [("from", found.source or "shipped with facestyle")]
    return [
        ("weights", f"{trained(manifest)}, {found.fingerprint}"),
        *source,
        *([("encoder from", found.encoder)] if found.encoder else []),
        ("style codes fit weights", found.style_fingerprint),
        *found.metadata.items(),
    ]


def calibration(manifest: Manifest) -> Facts:
    """The pictures that files were calibrated with; nothing without any."""
    found = manifest.calibration
    if found is None:
        return []
    return [("source", found.source), ("images", str(found.images)), ("sha256", found.sha256)]


def tools(manifest: Manifest) -> Facts:
    """Versions of what took part."""
    return list(manifest.tools.items())


def of_file(entry: FileEntry) -> Facts:
    """What is not in another table of a file."""
    return [
        ("graph", entry.subject),
        ("format", f".{entry.format} {entry.precision}"),
        ("size", f"{entry.bytes:,} bytes"),
        ("parameters", cells.parameters(entry)),
        ("MACs a run", cells.macs(entry)),
        *_measured(entry),
        ("sha256", entry.sha256),
    ]


def _measured(entry: FileEntry) -> Sequence[tuple[str, str]]:
    if entry.proof is None:
        return []
    found = [("constants traced", cells.traced(entry))]
    if entry.proof.delegate_partitions is not None:
        found.append(("XNNPACK partitions", cells.partitions(entry)))
    return found

"""A build made again from what its manifest says, and compared byte for byte.

The strongest check there is: whatever a file has that the same weights and tools do not give, is
found. It needs the tools that the build was made with.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from export.build import manifest
from export.build.manifest import Manifest
from export.build.verify_build import Finding, files_of, weights_of
from export.convert import calibration
from export.convert.calibration import Calibration
from export.entries import FileEntry
from export.formats import named
from export.request import ExportRequest, Target
from facestyle.errors import UserError
from facestyle.style import StyleBook


def compare(folder: Path, fresh: Path) -> Iterator[Finding]:
    """Each file of a build, compared with the one in a build made anew."""
    for entry in manifest.read(folder).files:
        path = folder / entry.file
        if not path.exists():
            yield Finding(path.name, ("missing",))
        elif manifest.sha256(path) != manifest.sha256(fresh / path.name):
            yield Finding(path.name, ("not what the same weights and tools give",))
        else:
            yield Finding(path.name, (), "the same as made again, byte for byte")


def request_of(
    folder: Path, checkpoint: Path | None, encoder: Path | None, out: Path
) -> ExportRequest:
    """What a build was asked for, to be written to ``out`` and not verified.

    Args:
        folder: the build.
        checkpoint, encoder: the weights, if they are no longer where they were at the export.
        out: another folder.

    Raises:
        UserError: when there is no build, or its weights or calibration pictures are other ones.
    """
    document = manifest.read(folder)
    source, features = files_of(document, checkpoint, encoder)
    styles = (entry.style for entry in document.files)
    return ExportRequest(
        checkpoint=weights_of(document, checkpoint, encoder),
        source=source,
        encoder=features,
        height=document.height,
        width=document.width,
        targets=tuple(dict.fromkeys(map(_target, document.files))),
        styles=StyleBook.load(folder / document.styles),
        baked=tuple(dict.fromkeys(style for style in styles if style is not None)),
        depth=document.depth,
        calibration=_calibration(document),
        out=out,
        verify=False,
        command=document.command,
    )


def _target(entry: FileEntry) -> Target:
    format_ = named(entry.format)
    return Target(entry.graph, format_, format_.precision(entry.precision))


def _calibration(document: Manifest) -> Calibration | None:
    stored = document.calibration
    if stored is None:
        return None
    found = calibration.read(stored.source)
    if found.sha256 != stored.sha256:
        raise UserError(
            f"the build was calibrated on other pictures than {stored.source} has now; int8 "
            "cannot be made again"
        )
    return found

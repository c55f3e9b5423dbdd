"""Model files to measure; those of a build are checked to be what its manifest says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.build import manifest
from export.build.manifest import Manifest
from export.entries import FileEntry
from export.formats.base import STYLIZER
from export.formats.tflite import TFLITE
from export.inspect import tflite_file
from facestyle.contract import Kind
from facestyle.errors import UserError
from facestyle.style import StyleBook


@dataclass(frozen=True)
class ModelFile:
    """One model file to measure.

    Attributes:
        path: where it is on this computer.
        name: for reports, unique among the files of a run.
        sha256: of the file, in hexadecimal.
        graph: stylizer, style_encoder or full; None for a file that is not of a build.
        network, precision: as in the build's manifest; None if unknown.
        height, width: of the photo, in pixels; None if unknown.
        macs, parameters: of one run; None if unknown.
    """

    path: Path
    name: str
    sha256: str
    graph: str | None = None
    network: str | None = None
    precision: str | None = None
    height: int | None = None
    width: int | None = None
    macs: int | None = None
    parameters: int | None = None

    def entry(self) -> dict[str, Any]:
        """The members of a report's row that tell which file was measured."""
        return {
            "file": {
                "name": self.path.name,
                "sha256": self.sha256,
                "bytes": manifest.size(self.path),
            },
            "graph": self.graph,
            "network": self.network,
            "format": self.path.suffix.lstrip("."),
            "precision": self.precision,
            "height": self.height,
            "width": self.width,
            "cost": self.cost(),
        }

    def cost(self) -> dict[str, int | None]:
        """Figures that never wobble, as the report has them.

        Raises:
            UserError: when a ``.tflite`` file is none.
        """
        if self.path.suffix == ".tflite":
            from benchmarks.host.file_cost import cost

            return cost(tflite_file.read(self.path))
        return counted(self.macs, self.parameters)


def counted(macs: int | None, parameters: int | None) -> dict[str, int | None]:
    """The report's ``cost`` of what is not a ``.tflite`` file, of which less can be counted."""
    return {
        "macs": macs,
        "parameters": parameters,
        "bytes_moved": None,
        "arm_instructions": None,
    }


def single(path: Path) -> ModelFile:
    """A model file that is of no build.

    Raises:
        UserError: when it is missing, or neither a ``.tflite`` file nor an ``.mlmodel``.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.suffix != ".mlmodel":
        tflite_file.read(path)
    return ModelFile(path, path.name, manifest.sha256(path))


def read(
    folder: Path,
    formats: Sequence[str] = (TFLITE.name,),
    precisions: Sequence[str] = (),
    graph: str = STYLIZER,
) -> list[ModelFile]:
    """A build's files of one graph.

    Args:
        folder: of the build.
        formats: wanted ones.
        precisions: wanted ones; all if empty.
        graph: wanted one.

    Raises:
        UserError: when there is no build, none of its files is wanted, or one of them or of its
            style codes is not what the export wrote.
    """
    document = manifest.read(folder)
    check_styles(folder, document)
    found = [
        _file(folder, document, entry)
        for entry in document.files
        if entry.graph == graph
        and entry.format in formats
        and (not precisions or entry.precision in precisions)
    ]
    if not found:
        has = sorted({f"{e.graph} {e.format} {e.precision}" for e in document.files})
        wanted = " ".join(["/".join(formats), "/".join(precisions)]).strip()
        raise UserError(f"{folder}: no {graph} in {wanted} here; the build has {', '.join(has)}")
    return found


def checked(folder: Path, entry: FileEntry) -> Path:
    """The path of a file that a build's manifest names.

    Raises:
        UserError: when it is missing or changed since the export.
    """
    path = folder / entry.file
    if not path.exists():
        raise UserError(f"{path}: missing, though the build's manifest names it; export again")
    if manifest.sha256(path) != entry.sha256:
        raise UserError(f"{path}: changed since the export (sha256 differs); export again")
    return path


def check_styles(folder: Path, document: Manifest) -> None:
    """Refuse a build whose style codes are not for its graphs: apps would paint nonsense.

    Raises:
        UserError: when they are of another style encoder, or of another length than the graphs
            take.
    """
    path = folder / document.styles
    book, own = StyleBook.load(path), document.weights.style_fingerprint
    if book.weights != own:
        raise UserError(
            f"{path}: mismatched style codes, of style encoder {book.weights}; the build's is "
            f"{own}; export it again"
        )
    ports = [p for entry in document.files for p in entry.inputs]
    taken = {max(p.shape) for p in ports if p.kind is Kind.CODE and p.shape is not None}
    for style in book.styles:
        if taken - {len(style.values)}:
            raise UserError(
                f"{path}: mismatched style codes; {style.name!r} has {len(style.values)} numbers, "
                f"the graph takes {max(taken)}; export it again"
            )


def _file(folder: Path, document: Manifest, entry: FileEntry) -> ModelFile:
    path = checked(folder, entry)
    return ModelFile(
        path=path,
        name=name(document, entry),
        sha256=entry.sha256,
        graph=entry.graph,
        network=document.network,
        precision=entry.precision,
        height=document.height,
        width=document.width,
        macs=entry.macs,
        parameters=entry.parameters,
    )


def name(document: Manifest, entry: FileEntry) -> str:
    """``mobile 256x256 fp16``: what tells a build's files apart, less what goes without saying."""
    words = (
        document.network,
        "" if entry.graph == STYLIZER else entry.graph,
        entry.style,
        f"{document.height}x{document.width}",
        entry.precision,
        "" if entry.format == TFLITE.name else entry.format,
    )
    return " ".join(word for word in words if word)

"""What a file painted beside what PyTorch painted, and what both were given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from export.convert.graphs import Graph
from export.entries import FileEntry
from export.verify import test_inputs
from export.verify.test_inputs import Probe
from export.verify.verify_file import Evidence
from facestyle import gallery
from facestyle.contract import Kind
from facestyle.images import to_image

SHOWN, SHOWN_CODE = "portrait, strength 1", "painting"
"""The test inputs that are shown, of graphs that give a picture and of those that give a code."""

DIFFERENCE_GAIN = 8


@dataclass(frozen=True)
class Row:
    """A file's manifest entry with what its pictures are made from."""

    entry: FileEntry
    graph: Graph
    probes: Sequence[Probe]
    wanted: dict[str, Tensor]
    evidence: Evidence | None
    paint: Callable[[Tensor], Tensor]
    """The portrait painted by PyTorch with a style code."""


@dataclass(frozen=True)
class Given:
    """A picture that went in.

    Attributes:
        title: what it is: ``photo``, ``painting``, ``depth``.
        about: which one.
    """

    title: str
    about: str
    image: Image.Image


@dataclass(frozen=True)
class FilePictures:
    """A file's pictures.

    Attributes:
        given: what went in.
        wanted: what PyTorch made of it.
        painted: what the file made of it; None where it was not executed.
        difference: between these, ``DIFFERENCE_GAIN`` times; None likewise.
        gives_code: it gives a style code, which PyTorch painted the photo with.
    """

    given: tuple[Given, ...]
    wanted: Image.Image
    painted: Image.Image | None
    difference: Image.Image | None
    gives_code: bool


def file_pictures(row: Row) -> FilePictures:
    """The pictures of a file."""
    contract = row.graph.contract
    gives_code = contract.outputs[0].kind is Kind.CODE
    shown = SHOWN_CODE if gives_code else SHOWN
    to_picture = row.paint if gives_code else contract.outputs[0].to_unit
    wanted = to_picture(row.wanted[shown])
    output = row.evidence.outputs.get(shown) if row.evidence else None
    painted = None if output is None else to_picture(output)
    return FilePictures(
        _given(row, *wanted.shape[2:]),
        to_image(wanted),
        None if painted is None else to_image(painted),
        None if painted is None else to_image((painted - wanted).abs() * DIFFERENCE_GAIN),
        gives_code,
    )


def _given(row: Row, height: int, width: int) -> tuple[Given, ...]:
    """Photo and painting, also those that a style code comes from and is shown with, and maps."""
    photo = to_image(test_inputs.portrait(height, width))
    found = [Given("photo", _title(gallery.portraits(), test_inputs.PORTRAIT), photo)]
    if painting := _painting(row):
        found.append(painting)
    return (*found, *_maps(row))


def _maps(row: Row) -> list[Given]:
    probe = next((p for p in row.probes if p.name == SHOWN), None)
    values = zip(row.graph.contract.inputs, probe.inputs if probe else ())
    about = "black keeps the photo, white paints it"
    return [
        Given(port.name, about, to_image(value.expand(-1, 3, -1, -1)))
        for port, value in values
        if port.kind is Kind.MAP
    ]


def _painting(row: Row) -> Given | None:
    """The painting behind the pictures, where it is one of the gallery's."""
    style = row.entry.style or test_inputs.PAINTING
    if style not in {p.name for p in gallery.paintings()}:
        return None
    about = _title(gallery.paintings(), style)
    return Given("painting", about, to_image(test_inputs.painting(style)))


def _title(pictures: Sequence[gallery.Picture], name: str) -> str:
    return next(p.title for p in pictures if p.name == name)

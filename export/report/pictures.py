"""The pictures of a build's report: what went in, what PyTorch and the file made of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from PIL import Image
from torch import Tensor

from export.build.entries import FileEntry
from export.convert.graphs import Graph
from export.verify import test_inputs
from export.verify.test_inputs import Probe
from export.verify.verify_file import Evidence
from facestyle import gallery
from facestyle.images import to_image

SHOWN, SHOWN_CODE = "portrait, strength 1", "painting"
"""The probes in the picture rows, of graphs that give a picture and of those that give a code."""

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


def pictures(row: Row) -> str:
    """A row of figures, self-contained."""
    contract = row.graph.contract
    names = [port.name for port in contract.inputs]
    figures = []
    if "content" in names:
        probe, place = next(p for p in row.probes if p.name == SHOWN), names.index("content")
        content = contract.inputs[place].to_unit(probe.inputs[place])
        figures.append(_figure("content", to_image(content)))
        wanted, output = row.wanted[SHOWN], _output(row, SHOWN)
        wanted = contract.outputs[0].to_unit(wanted)
        output = None if output is None else contract.outputs[0].to_unit(output)
    else:
        # A style code is no picture: what counts is how the portrait looks when painted with it.
        wanted, output = row.paint(row.wanted[SHOWN_CODE]), _output(row, SHOWN_CODE)
        output = None if output is None else row.paint(output)
    painting = _painting(row.entry.style, names)
    if painting is not None:
        figures.append(_figure("painting", to_image(painting)))
    figures.append(_figure("PyTorch", to_image(wanted)))
    if output is None:
        figures.append("<figure><figcaption>this file was not executed here</figcaption></figure>")
    else:
        difference = (output - wanted).abs() * DIFFERENCE_GAIN
        figures.append(_figure("this file", to_image(output)))
        figures.append(_figure(f"difference × {DIFFERENCE_GAIN}", to_image(difference)))
    return f"<div class=row>{''.join(figures)}</div>"


def _output(row: Row, probe: str) -> Tensor | None:
    return row.evidence.outputs.get(probe) if row.evidence else None


def _painting(baked: str | None, inputs: Sequence[str]) -> Tensor | None:
    """The painting behind a picture row, where it is one of the gallery's."""
    if "painting" in inputs or "style_code" in inputs:
        return test_inputs.painting()
    return test_inputs.painting(baked) if baked in {p.name for p in gallery.paintings()} else None


def _figure(caption: str, image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, subsampling=0)
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f"<figure><img alt='{escape(caption)}' src='data:image/jpeg;base64,{data}'>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )

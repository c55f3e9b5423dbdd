"""Golden pairs: an input and what PyTorch makes of it, for an app to check itself at first run.

One for each graph of a build, in its folder ``golden/``: the layout canary (no flip,
transposition or swap of channels leaves it as it is) with a style at full strength. An app runs
its file on the inputs and compares with the output, both as ``golden.json`` describes them; so it
finds what no check of a file can, such as its own channel order or a phone's wrong driver.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from export.convert.graphs import Graph
from export.entries import FileEntry
from export.formats import named
from export.formats.base import HALF_DB
from export.verify.compare import peak, psnr
from export.verify.parity import limits
from export.verify.test_inputs import Probe
from facestyle.contract import Kind, Port
from facestyle.files import write_text
from facestyle.images import to_bytes, to_image

GOLDEN = "golden"
"""The folder of golden pairs in a build's."""

INDEX = "golden.json"
FORMAT = "facestyle-golden/1"

CHOSEN = ("canary, strength 1", "canary")
"""The probe that is golden: of graphs with a strength, and of style encoders."""

ABOUT = (
    "Give a file of this graph the inputs; compare its output with the output here. The PSNR, "
    "10 log10(peak^2 / mean squared difference), must be at least least_psnr_db, or "
    "least_psnr_db_in_half where it runs in half precision, as on GPUs and the Neural Engine. Raw "
    "files are little-endian, row by row, channels last: .u8 are bytes R G B, the same as in the "
    ".png; .f32 are floats. A .u8 is {scaled} for .tflite files and given as it is, as an "
    "image, to Core ML, which gives images in 8 bits (hence its lower limit) and has codes as "
    "{code}: the same numbers in the same order. int8 files take and give what the "
    "manifest's scale and zero_point say."
)

UNCHANGED_DB = 80.0
"""What PyTorch computes anew is the same but for rounding on another machine."""


@dataclass(frozen=True)
class Pair:
    """A graph with an input and its own output."""

    graph: Graph
    probe: Probe
    output: Tensor


def pair(graph: Graph, probes: Iterable[Probe], wanted: Mapping[str, Tensor]) -> Pair:
    """The golden one among a graph's probes."""
    probe = next(p for p in probes if p.name in CHOSEN)
    return Pair(graph, probe, wanted[probe.name])


def write(folder: Path, pairs: Sequence[Pair], files: Sequence[FileEntry]) -> None:
    """Write ``golden/`` of a build.

    Args:
        folder: of the build.
        pairs: one for each graph.
        files: the manifest's entries.
    """
    place = folder / GOLDEN
    place.mkdir()
    outputs = {pair.graph.name: pair.graph.contract.outputs[0] for pair in pairs}
    index = {
        "format": FORMAT,
        "about": ABOUT.format(scaled=_scaled(pairs), code=_code_shape(pairs)),
        "graphs": {pair.graph.name: _write_pair(place, pair) for pair in pairs},
        "files": {entry.file: _limits(entry, outputs[entry.subject]) for entry in files},
    }
    write_text(place / INDEX, json.dumps(index, indent=1) + "\n")


def _code_shape(pairs: Sequence[Pair]) -> str:
    """Of the network's style codes, where one of the graphs takes or gives them."""
    ports = [port for p in pairs for port in (*p.graph.contract.inputs, *p.graph.contract.outputs)]
    shapes = (" x ".join(map(str, port.shape)) for port in ports if port.kind is Kind.CODE)
    return next(shapes, "1 x K x 1 x 1")


def _write_pair(place: Path, pair: Pair) -> dict[str, Any]:
    name, contract = pair.graph.name, pair.graph.contract
    (output,) = contract.outputs
    return {
        "inputs": [
            _write_value(place, name, port, value)
            for port, value in zip(contract.inputs, pair.probe.inputs)
        ],
        # Floats: 8 bits alone would hide all that is beyond 59 dB.
        "output": _write_value(place, name, output, pair.output, exact=True)
        | {"peak": peak(output, pair.output)},
    }


def _write_value(
    place: Path, graph: str, port: Port, value: Tensor, *, exact: bool = False
) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": port.name, "kind": port.kind.value}
    if port.kind is Kind.SCALAR:
        return entry | {"value": float(value)}
    rows = value[0].permute(1, 2, 0).contiguous().numpy()
    entry["shape"] = list(rows.shape)
    file = f"{graph}_{port.name}"
    if port.kind is Kind.IMAGE:
        to_image(port.to_unit(value)).save(place / f"{file}.png", optimize=True)
        entry["png"] = f"{file}.png"
    if port.kind is Kind.IMAGE and not exact:
        entry["raw"] = f"{file}.u8"
        pixels = to_bytes(port.to_unit(value))[0].permute(1, 2, 0)
        (place / entry["raw"]).write_bytes(pixels.numpy().tobytes())
    else:
        entry["raw"] = f"{file}.f32"
        (place / entry["raw"]).write_bytes(rows.astype("<f4").tobytes())
    return entry


def _scaled(pairs: Sequence[Pair]) -> str:
    """How 8-bit images become a network's values."""
    ports = [port for pair in pairs for port in pair.graph.contract.inputs]
    image = next(port for port in ports if port.kind is Kind.IMAGE)
    shift = f", plus {image.offset:g}" if image.offset else ""
    return f"divided by {image.pixels_per_unit:g}{shift}"


def _limits(entry: FileEntry, output: Port) -> dict[str, Any]:
    format_ = named(entry.format)
    precision = format_.precision(entry.precision)
    limit = limits(precision, output, eight_bit=format_.eight_bit).psnr_db
    return {
        "graph": entry.subject,
        "least_psnr_db": limit,
        "least_psnr_db_in_half": min(limit, HALF_DB),
    }


def problems(folder: Path, pairs: Sequence[Pair], files: Sequence[FileEntry]) -> Iterator[str]:
    """What is wrong with a build's golden pairs, each compared with one made anew.

    Args:
        folder: of the build.
        pairs: computed anew.
        files: the manifest's entries.
    """
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch), pairs, files)
        fresh, stored = Path(scratch) / GOLDEN, folder / GOLDEN
        wanted = {path.name for path in fresh.iterdir()}
        found = {path.name for path in stored.iterdir()}
        for name in sorted(wanted | found):
            if name not in found:
                yield f"{name} is missing"
            elif name not in wanted:
                yield f"{name} is of no known use"
            elif not _alike(stored / name, fresh / name):
                yield f"{name} is not what PyTorch gives now"


def _alike(stored: Path, fresh: Path) -> bool:
    """Whether two files say the same, but for what rounding on another machine may change."""
    try:
        match fresh.suffix:
            case ".json":
                return _same(*(json.loads(p.read_text(encoding="utf-8")) for p in (stored, fresh)))
            case ".png":
                a, b = (np.asarray(Image.open(p), np.int16) for p in (stored, fresh))
                return a.shape == b.shape and int(np.abs(a - b).max()) <= 1
            case ".f32":
                x, y = (torch.from_numpy(np.fromfile(p, "<f4")) for p in (stored, fresh))
                return psnr(x, y, float(y.max() - y.min()) or 1.0) >= UNCHANGED_DB
            case _:
                return stored.read_bytes() == fresh.read_bytes()
    except (OSError, ValueError):
        return False


def _same(a: Any, b: Any) -> bool:
    """JSON values that are equal; the peak of an output is computed, so it may be rounded."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-3)
    return bool(a == b)

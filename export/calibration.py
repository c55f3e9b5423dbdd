"""Real faces and paintings whose ranges an int8 conversion measures. Never a silent default."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from export.graphs import Graph
from facestyle import gallery, images
from facestyle.contract import Kind, Port
from facestyle.errors import UserError
from facestyle.networks import StyleNetwork
from facestyle.style import StyleCode

DEMO = "demo"
LIMIT = 64
"""At most this many images of a folder are used, evenly spread."""


@dataclass(frozen=True)
class Calibration:
    """Pictures with their origin.

    Attributes:
        source: the folder, or ``demo``.
        images: the files used.
        sha256: of their contents, in order.
    """

    source: str
    images: tuple[Path, ...]
    sha256: str


def read(source: str) -> Calibration:
    """The calibration set named on the command line.

    Raises:
        UserError: when the folder is missing or holds no images.
    """
    if source == DEMO:
        files = [p.path for p in gallery.portraits()]
    else:
        folder = Path(source)
        if not folder.is_dir():
            raise UserError(f"--calibration {source}: no such folder of faces (or say 'demo')")
        files = images.find(folder)
    step = max(1, -(-len(files) // LIMIT))
    chosen = tuple(files[::step])
    digest = hashlib.sha256()
    for file in chosen:
        digest.update(file.read_bytes())
    return Calibration(source, chosen, digest.hexdigest())


def examples(
    calibration: Calibration, graph: Graph, network: torch.nn.Module, styles: Sequence[StyleCode]
) -> list[tuple[Tensor, ...]]:
    """Inputs of a graph: every face with a style and a strength, taken in turn.

    Strength 0 and 1, and every style, are seen at least once if there are faces enough; with few
    faces each comes several times.
    """
    codes = [style.tensor() for style in styles]
    if not codes:
        codes = [_code(network, picture.path) for picture in gallery.paintings()]
    rounds = max(1, -(-2 * len(codes) // len(calibration.images)))
    strengths = (1.0, 0.5, 1.0, 0.0)
    height, width = graph.contract.inputs[0].shape[2:]
    faces = [images.cover(images.load(path), height, width) for path in calibration.images]
    result = []
    for turn in range(rounds * len(faces)):
        face, code = faces[turn % len(faces)], codes[turn % len(codes)]
        strength = strengths[turn % len(strengths)]
        result.append(tuple(_value(port, face, code, strength) for port in graph.contract.inputs))
    return result


def _code(network: torch.nn.Module, path: Path) -> Tensor:
    with torch.inference_mode():
        return cast(StyleNetwork, network).encode_style(images.cover(images.load(path), 256, 256))


def _value(port: Port, face: Tensor, code: Tensor, strength: float) -> Tensor:
    match port.kind:
        case Kind.IMAGE:
            return face
        case Kind.CODE:
            return code
        case Kind.MAP:
            return torch.linspace(0, 1, port.shape[3]).expand(port.shape).contiguous()
        case Kind.SCALAR:
            value = {"depth_low": 0.0, "depth_high": 1.0}.get(port.name, strength)
            return torch.full(port.shape, value)

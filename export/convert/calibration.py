"""Real faces and paintings whose ranges an int8 conversion measures. Never a silent default."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from export.convert.graphs import Graph
from export.verify.test_inputs import STRENGTHS, value
from facestyle import gallery, images
from facestyle.errors import UserError
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
        images.load(file)  # what is damaged is refused now, not after minutes of converting
        digest.update(file.read_bytes())
    return Calibration(source, chosen, digest.hexdigest())


def examples(
    calibration: Calibration, graph: Graph, styles: Sequence[StyleCode]
) -> list[tuple[Tensor, ...]]:
    """Inputs of a graph: every style at every strength, and every face, each at least once.

    The faces are taken in turn, one further on each round, so that none is tied to a style.
    """
    height, width = graph.contract.inputs[0].shape[2:]
    faces = [images.cover(images.load(path), height, width) for path in calibration.images]
    pairs = list(itertools.product((style.tensor() for style in styles), STRENGTHS))
    count = max(len(pairs), len(faces))
    result = []
    for turn, (code, strength) in zip(range(count), itertools.cycle(pairs)):
        face = faces[(turn + turn // len(faces)) % len(faces)]
        result.append(tuple(value(port, face, code, strength) for port in graph.contract.inputs))
    return result

"""Paper 1's network as a plain conversion gives it: the reference that ours is measured against.

The same graph and random weights as ``facestyle export --preset vgg19 --untrained``, without the
exact rewrite of ``export.convert.rewrites``: its mirror pads and nearest-neighbour resizes stay,
and cut the graph into pieces.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from torch import nn

from export.convert.graphs import build
from export.convert.tflite import to_tensorflow, to_tflite
from export.formats.tflite import FP32
from facestyle import checkpoint
from facestyle.files import atomic


def write(path: Path, height: int, width: int) -> Path:
    """Write the stylizer of ``vgg19`` with random weights as fp32 ``.tflite``."""

    def unchanged(module: nn.Module) -> nn.Module:
        return module

    graph = build("stylizer", checkpoint.untrained("vgg19").network, height, width)
    with tempfile.TemporaryDirectory() as scratch, atomic(path) as temporary:
        to_tflite(
            to_tensorflow(graph, Path(scratch), unchanged),
            FP32.configure,
            temporary,
        )
    return path

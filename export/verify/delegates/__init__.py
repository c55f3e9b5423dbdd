"""What each accelerator takes of a saved file, operator by operator, without running it there.

For a ``.tflite`` file: XNNPACK, the CPU's accelerator, and TFLite's GPU delegate. For a Core ML
file: the Neural Engine. XNNPACK's table is checked against the installed runtime by
``partitions_agree``; the others are what their sources say.
"""

from __future__ import annotations

from pathlib import Path

from export.verify.delegates.agreement import partitions_agree
from export.verify.delegates.table import Basis, Coverage, CoverageSummary, Kind, Placement
from facestyle.errors import UserError

__all__ = [
    "Basis",
    "Coverage",
    "CoverageSummary",
    "Kind",
    "Placement",
    "of_coreml",
    "of_tflite",
    "partitions_agree",
]


def of_tflite(path: Path) -> tuple[Coverage, ...]:
    """What XNNPACK and the GPU delegate take of a ``.tflite`` file.

    Raises:
        UserError: when the file cannot be read.
    """
    from export.verify.delegates import gpu, xnnpack
    from export.verify.delegates.tflite_graph import read

    graph = read(path)
    try:
        return xnnpack.coverage(graph), gpu.coverage(graph)
    except ValueError as error:
        raise UserError(f"{path}: a damaged TFLite model: {error}") from error


def of_coreml(path: Path) -> tuple[Coverage, ...]:
    """What the Neural Engine takes of a Core ML file.

    Raises:
        UserError: when the file cannot be read.
    """
    from export.verify.delegates import neural_engine
    from export.verify.delegates.coreml_graph import read_operations

    return (neural_engine.coverage(read_operations(path)),)

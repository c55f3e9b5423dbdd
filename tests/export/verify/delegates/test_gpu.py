"""What the GPU delegate takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from export.verify.delegates import (
    Basis,
    of_tflite,
)
from tests.support.made_tflite import (
    Made,
    binary,
    concatenated,
    convolution,
    halves,
    padded,
    pool,
    reduced,
    reshaped,
    resized,
    softmax,
    strided,
    unary,
)

GPU: dict[str, tuple[Callable[[], Made], str | None]] = {
    "MIRROR_PAD reflect": (lambda: padded("MIRROR_PAD"), None),
    "MIRROR_PAD symmetric": (lambda: padded("MIRROR_PAD", mode=1), "mirror mode SYMMETRIC"),
    "RESIZE_NEAREST_NEIGHBOR": (lambda: resized("RESIZE_NEAREST_NEIGHBOR"), None),
    "L2_POOL_2D": (lambda: pool("L2_POOL_2D", "float32", 2, 2), "no such operator"),
    "RSQRT int8": (lambda: unary("RSQRT", "int8"), None),
    "ABS int16": (lambda: unary("ABS", "int16"), "int16, taken in"),
    "RESHAPE rank 5": (lambda: reshaped((1, 4, 2, 2, 8)), "5 dimensions"),
    "ADD of rank 2": (lambda: binary("ADD", second=(4, 8)), "broadcast of 2 to 4 dimensions"),
    "ADD of rank 1": (lambda: binary("ADD", second=(8,), constant=True), None),
    "SUB of a number": (lambda: binary("SUB", second=(), constant=True), None),
    "CONV_2D groups": (lambda: convolution(groups=2), None),
    "CONV_2D computed": (lambda: convolution(computed=True), None),
    "CONV_2D computed groups": (lambda: convolution(computed=True, groups=2), "grouped"),
    "CONV_2D dynamic int8": (lambda: convolution(weights="int8"), None),
    "CONV_2D halves": (lambda: halves(bias=True), None),
    "MEAN": (lambda: reduced("MEAN", (1, 2)), None),
    "STRIDED_SLICE stride": (lambda: strided((1, 2, 2, 8), (1, 4, 4, 8), (1, 2, 2, 1)), None),
    "CONCATENATION 6": (lambda: concatenated(6), None),
    "SOFTMAX beta": (lambda: softmax(2), "beta"),
    "ADD version": (lambda: binary("ADD", version=4), "version 4, read up to 2"),
    "ZEROS_LIKE": (lambda: unary("ZEROS_LIKE"), "unknown to this table"),
}


@pytest.mark.parametrize("label", GPU)
def test_gpu_delegate(label: str, tmp_path: Path) -> None:
    make, cause = GPU[label]
    _, table = of_tflite(make().write(tmp_path))
    row = table.rows[-1]
    assert row.basis is Basis.SOURCE
    assert row.taken == (cause is None)
    assert cause is None or cause in str(row.cause)
    assert table.partitions is None

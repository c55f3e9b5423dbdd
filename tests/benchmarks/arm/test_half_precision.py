"""The permission to calculate in half precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.arm import emulator, half_precision
from tests.support import made_models


def test_permission_for_half_precision_changes_nothing_else(tmp_path: Path) -> None:
    from export.inspect.tflite import TFLiteModel

    model, copy = made_models.picture_model(tmp_path / "a.tflite"), tmp_path / "b.tflite"
    half_precision.allow(model, copy)
    found = TFLiteModel(copy)
    entries = {e.name: bytes(found.model.buffers[e.buffer].data) for e in found.model.metadata}
    assert entries[b"reduced_precision_support"] == b"fp16accfp16"
    assert found.hidden() == [] and found.sequence() == TFLiteModel(model).sequence()
    inputs = {"p": {"content": np.full((1, 24, 32, 3), 0.25, np.float32)}}
    (before,) = emulator.on_this_computer(model, inputs)["p"].values()
    (after,) = emulator.on_this_computer(copy, inputs)["p"].values()
    assert np.array_equal(before, after)

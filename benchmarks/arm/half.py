"""A file that LiteRT runs in half precision where the processor can."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.inspect.tflite import TFLiteModel

KEY, VALUE = "reduced_precision_support", b"fp16accfp16"
"""Metadata with which a model allows XNNPACK to calculate and to add up in half precision.

LiteRT's Python package has no other way to ask for it; Android's delegate options have a flag.
``fp16accfp32`` changes nothing: XNNPACK has no kernels that add up in single precision.
"""


def allow(source: Path, target: Path) -> None:
    """Write a copy of a ``.tflite`` file that allows half precision; all else stays as it is.

    Raises:
        UserError: when the source is no such file.
    """
    model = TFLiteModel(source).model
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(VALUE, np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = KEY, len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(source.stat().st_size)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(bytes(builder.Output()))

"""A file that LiteRT runs in half precision where the processor can."""

from __future__ import annotations

from pathlib import Path

from ai_edge_litert import schema_py_generated as schema

from export.inspect import tflite_file

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
    model = tflite_file.read(source)
    entry = schema.MetadataT(name=KEY, buffer=tflite_file.add_buffer(model, VALUE))
    model.metadata = [*(model.metadata or []), entry]
    target.write_bytes(tflite_file.serialize(model))

"""The Core ML specification: the messages that a model file is made of.

``schema.binpb`` holds Apple's message definitions as a serialised ``FileDescriptorSet``. They are
those of coremltools 9.0, under the licence beside them. They are kept here, and not imported from
coremltools, for the reasons that the README gives. They have a descriptor pool of their own, so
that both can be used in one process.

``python -m coreml_reference.specification.update``, with coremltools installed, writes them anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

SCHEMA = Path(__file__).with_name("schema.binpb")
"""The message definitions."""


def _message(name: str) -> Any:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(SCHEMA.read_bytes()).file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


ModelSpec: Any = _message("CoreML.Specification.Model")
"""The message ``Model`` of ``Model.proto``: what an .mlmodel file is."""

__all__ = ["SCHEMA", "DecodeError", "ModelSpec"]

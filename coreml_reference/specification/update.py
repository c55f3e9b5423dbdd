"""Write ``schema.binpb`` from the coremltools that is installed."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2

from coreml_reference.specification import SCHEMA


def schema(file: Any) -> bytes:
    """A file's message definitions and those that it imports, imported ones first.

    Args:
        file: the ``FileDescriptor``.

    Returns:
        A serialised ``FileDescriptorSet``.
    """
    found: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def add(file: Any) -> None:
        for imported in file.dependencies:
            add(imported)
        if file.name not in found:
            found[file.name] = descriptor_pb2.FileDescriptorProto()
            file.CopyToProto(found[file.name])

    add(file)
    return descriptor_pb2.FileDescriptorSet(file=found.values()).SerializeToString()


if __name__ == "__main__":
    from coremltools.proto import Model_pb2

    SCHEMA.write_bytes(schema(Model_pb2.DESCRIPTOR))

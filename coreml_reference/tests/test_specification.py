"""Apple's message definitions, and the names that ops have from Apple."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coreml_reference.mlprogram import ops
from coreml_reference.specification import SCHEMA, ModelSpec
from coreml_reference.specification.update import schema
from coreml_reference.tests.quiet import quiet

with quiet():
    from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry
    from coremltools.proto import Model_pb2

CONSTEXPR_GROUPS = {"constexpr_ops", "compression"}
"""What coremltools calls them before iOS 18 and since."""


def test_definitions_are_coremltools() -> None:
    assert SCHEMA.read_bytes() == schema(Model_pb2.DESCRIPTOR)


def test_messages_are_the_same() -> None:
    ours, theirs = ModelSpec(), Model_pb2.Model()
    for spec in (ours, theirs):
        spec.specificationVersion = 7
        spec.mlProgram.functions["main"].opset = "CoreML5"
        spec.description.input.add(name="x").type.imageType.width = 3
    assert ours.SerializeToString() == theirs.SerializeToString()


@pytest.mark.parametrize("name", ops.OPS)
def test_an_op_is_in_the_module_of_its_group(name: str) -> None:
    (module,) = [module for module in ops.MODULES if name in module.OPS]
    assert _groups(name) == {module.__name__.rpartition(".")[2]}


@pytest.mark.parametrize("name", ops.constexpr_ops.CONSTEXPR_OPS)
def test_constexpr_ops_are_in_their_module(name: str) -> None:
    assert _groups(name) <= CONSTEXPR_GROUPS


def _groups(name: str) -> set[str]:
    """Modules that define an op in coremltools, in its versions."""
    return {op.__module__.rpartition(".")[2] for op in SSAOpRegistry.core_ops[name].values()}


def test_coremltools_is_not_needed() -> None:
    code = (
        "import sys, coreml_reference\n"
        "assert not {'coremltools', 'tensorflow'} & set(sys.modules), 'imported'\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)

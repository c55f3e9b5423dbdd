"""The text of an ML Program: its functions, and operations with what they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coreml_reference.errors import DamagedFile, UnsupportedOperation
from coreml_reference.mlprogram.values import Value, read_value
from coreml_reference.mlprogram.weight_file import WeightFiles

LABEL = "name"
"""An attribute that all operations may have; it changes nothing."""

CONST, CONSTEXPR = "const", "constexpr_"
"""The operation that holds a value, and how the names of those begin that compute one."""


@dataclass(frozen=True)
class Reference:
    """The name of another operation's result, or of an input."""

    name: str


@dataclass(frozen=True)
class Operation:
    """An operation as the program has it.

    Attributes:
        kind: its operator.
        arguments: by parameter; most have one value, some a list of them.
        outputs: names, and types as protocol buffers.
        nested: whether it has blocks of its own, as loops do.
    """

    kind: str
    arguments: Mapping[str, tuple[Reference | Value, ...]]
    outputs: tuple[tuple[str, Any], ...]
    nested: bool

    @property
    def name(self) -> str:
        """Of the first result."""
        return self.outputs[0][0] if self.outputs else f"a {self.kind}"

    @property
    def is_constant(self) -> bool:
        """Whether its result is known before anything runs."""
        return self.kind == CONST or self.kind.startswith(CONSTEXPR)

    def references(self) -> Iterator[str]:
        """Names of what it is given."""
        for values in self.arguments.values():
            yield from (value.name for value in values if isinstance(value, Reference))


def operations(block: Any, weights: WeightFiles) -> Iterator[Operation]:
    """A block's operations, each followed by those of the blocks in it.

    Raises:
        DamagedFile: when a value is not what its type says.
        UnsupportedOperation: for a kind of value that is not known here.
    """
    for operation in block.operations:
        yield _operation(operation, weights)
        for inner in operation.blocks:
            yield from operations(inner, weights)


def all_operations(package_spec: Any, weights: WeightFiles) -> Iterator[Operation]:
    """Every operation of every function, whether it ever runs or not.

    Raises:
        DamagedFile: when a value is not what its type says.
        UnsupportedOperation: for a kind of value that is not known here.
    """
    for function in package_spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            yield from operations(block, weights)


def main_function(package_spec: Any) -> tuple[Any, Any]:
    """The function that a model runs, and its block for the operators of its time.

    Raises:
        DamagedFile: when there is none.
    """
    functions = package_spec.mlProgram.functions
    name = package_spec.description.defaultFunctionName or "main"
    if name not in functions:
        raise DamagedFile(f"its program has no function {name}")
    function = functions[name]
    if function.opset not in function.block_specializations:
        raise DamagedFile(f"its function {name} has no block for {function.opset or 'any system'}")
    if not function.opset.startswith("CoreML"):
        raise UnsupportedOperation(function.opset, "unknown set of operations")
    return function, function.block_specializations[function.opset]


def _operation(operation: Any, weights: WeightFiles) -> Operation:
    outputs = tuple((output.name, output.type) for output in operation.outputs)
    name = outputs[0][0] if outputs else f"a {operation.type}"
    arguments: dict[str, tuple[Reference | Value, ...]] = {
        parameter: (read_value(value, weights, name),)
        for parameter, value in operation.attributes.items()
        if parameter != LABEL and value.WhichOneof("value") is not None
    }
    for parameter, argument in operation.inputs.items():
        arguments[parameter] = tuple(
            Reference(binding.name)
            if binding.WhichOneof("binding") == "name"
            else read_value(binding.value, weights, name)
            for binding in argument.arguments
        )
    return Operation(operation.type, arguments, outputs, bool(operation.blocks))

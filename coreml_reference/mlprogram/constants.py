"""Constants of an ML Program, decoded; nothing is executed for it.

A whole program can be read so even if it has operations that cannot be executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile
from coreml_reference.mlprogram.mil import CONST, Operation, Reference
from coreml_reference.mlprogram.ops.constexpr_ops import ConstexprArguments, Decoded, decode, exact
from coreml_reference.mlprogram.values import Value


@dataclass(frozen=True)
class Constant:
    """A constant.

    Attributes:
        name: of the operation that has it.
        operation: ``const``, the compression, or the operation that it is a literal of.
        value: decoded, in the type that the program says.
        margin: how far decoding may lead from what was compressed, fp32, broadcastable to
            ``value``: see ``ops.constexpr_ops``. 0 where nothing was lost but by the type.
        stored: what it is decoded from, by parameter.
    """

    name: str
    operation: str
    value: Tensor
    margin: Tensor
    stored: Mapping[str, Tensor | str]


class Constants:
    """What is known of a program's values before it runs.

    Attributes:
        values: texts, lists and decoded tensors by name.
        used: names of compressed values that others are decoded from.
    """

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.used: set[str] = set()
        self._margins: dict[str, Tensor] = {}

    def add(self, operation: Operation) -> None:
        """Take a constant in.

        Raises:
            DamagedFile: when it cannot be decoded.
        """
        names = [name for name, _ in operation.outputs]
        if operation.kind == CONST:
            given = operation.arguments.get("val", ())
            if len(given) != 1 or len(names) != 1 or isinstance(given[0], Reference):
                raise DamagedFile(f"the constant {operation.name} has no value")
            self.values[names[0]] = given[0]
            return
        decoded = decode(
            operation.kind, ConstexprArguments(self._arguments(operation)), operation.name
        )
        if len(decoded) != len(names):
            raise DamagedFile(f"{operation.name} has {len(names)} results, not {len(decoded)}")
        for name, result in zip(names, decoded, strict=True):
            self.values[name], self._margins[name] = result.value, result.margin

    def margin(self, name: str) -> Tensor:
        """Of a tensor."""
        return self._margins.get(name, torch.zeros(()))

    def _arguments(self, operation: Operation) -> dict[str, list[Decoded | str]]:
        return {
            parameter: [self._decoded(value, operation) for value in values]
            for parameter, values in operation.arguments.items()
        }

    def _decoded(self, value: Reference | Value, operation: Operation) -> Decoded | str:
        if isinstance(value, Reference):
            name = value.name
            self.used.add(name)
            if name not in self.values:
                raise DamagedFile(f"compressed weights {operation.name} lack {name}")
            known = self.values[name]
            if isinstance(known, Tensor):
                return Decoded(known, self.margin(name))
            value = known
        if isinstance(value, Tensor):
            return exact(value)
        if isinstance(value, str):
            return value
        raise DamagedFile(f"compressed weights {operation.name} have a list")


def constants(program: Iterable[Operation]) -> Iterator[Constant]:
    """Every constant tensor of a program, literals of its operations too.

    Compressed values that are only there to decode another are not listed: they are part of it.

    Args:
        program: its operations in order.

    Raises:
        DamagedFile: when one cannot be decoded.
    """
    known = Constants()
    listed: list[tuple[Operation, Constant]] = []
    for operation in program:
        if not operation.is_constant:
            listed += [(operation, constant) for constant in _literals(operation)]
            continue
        known.add(operation)
        stored = dict(_stored(operation, known))
        for name, _ in operation.outputs:
            value = known.values[name]
            if isinstance(value, Tensor):
                found = Constant(name, operation.kind, value, known.margin(name), stored)
                listed.append((operation, found))
    for operation, constant in listed:
        if known.used.isdisjoint(name for name, _ in operation.outputs):
            yield constant


def _stored(operation: Operation, known: Constants) -> Iterator[tuple[str, Tensor | str]]:
    for parameter, values in operation.arguments.items():
        for value in values:
            value = known.values[value.name] if isinstance(value, Reference) else value
            if isinstance(value, Tensor | str):
                yield parameter, value


def _literals(operation: Operation) -> Iterator[Constant]:
    for parameter, values in operation.arguments.items():
        for value in values:
            if isinstance(value, Tensor):
                zero = torch.zeros(())
                yield Constant(operation.name, operation.kind, value, zero, {parameter: value})

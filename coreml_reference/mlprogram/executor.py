"""ML Programs, executed operation by operation.

Values have the types that the program declares. An operation computes in fp32 (whole numbers
in int64), and its result is rounded to its type, as hardware does that adds up in fp32 and
keeps halves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from coreml_reference.errors import (
    CoreMLError,
    DamagedFile,
    UnsupportedOperation,
    WrongInput,
)
from coreml_reference.executor import Observer
from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.constants import Constants
from coreml_reference.mlprogram.mil import Operation, Reference, main_function, operations
from coreml_reference.mlprogram.op import Op
from coreml_reference.mlprogram.ops import OPS
from coreml_reference.mlprogram.values import TensorType, Value, describe, tensor_type
from coreml_reference.mlprogram.weight_file import WeightFiles
from coreml_reference.package import Package

FAILURES = (ArithmeticError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
"""What PyTorch raises for shapes and numbers that do not fit together."""


@dataclass(frozen=True)
class _Step:
    """An operation ready to run.

    Attributes:
        operation: as the program has it.
        op: how to compute it.
        types: of its results.
        last: names of values that nothing needs after it.
    """

    operation: Operation
    op: Op
    types: tuple[TensorType, ...]
    last: tuple[str, ...]


class ProgramExecutor:
    """An ML Program."""

    def __init__(self, package: Package) -> None:
        """Read a program and see that it can be executed.

        Raises:
            DamagedFile: when it or its weights contradict themselves.
            UnsupportedOperation: for an operation or a setting that is not known here.
        """
        function, block = main_function(package.spec)
        self._inputs = {port.name: _declared(port.type, port.name) for port in function.inputs}
        self._known = Constants()
        defined = set(self._inputs)
        steps = []
        for operation in operations(block, WeightFiles(package)):
            if operation.is_constant:
                self._known.add(operation)
                _check_constants(operation, self._known)
            else:
                steps.append(_step(operation, defined, self._known))
            defined.update(name for name, _ in operation.outputs)
        self._outputs = [feature.name for feature in package.spec.description.output]
        for feature in package.spec.description.input:
            if feature.name not in self._inputs:
                raise DamagedFile(f"its program has no input {feature.name}")
        for name in self._outputs:
            if name not in defined:
                raise DamagedFile(f"its program has no output {name}")
        self._steps = _with_last_uses(steps, {*self._outputs, *self._known.values})

    def run(
        self, inputs: Mapping[str, Tensor], observer: Observer | None = None
    ) -> dict[str, Tensor]:
        """Execute.

        Args:
            inputs: by name.
            observer: told of the result of each operation that is no constant.

        Raises:
            DamagedFile: when an operation cannot be computed, or does not give what the program
                says.
            UnsupportedOperation: for a setting that is not known here.
            WrongInput: for a missing or misshapen input.
        """
        values: dict[str, Value] = dict(self._known.values)
        values.update(self._given(inputs))
        for step in self._steps:
            results = _results(step, values)
            for (name, _), result in zip(step.operation.outputs, results, strict=True):
                values[name] = result
                if observer is not None:
                    observer(name, step.operation.kind, result)
            for name in step.last:
                values.pop(name, None)
        found = {name: values[name] for name in self._outputs}
        return {name: value for name, value in found.items() if isinstance(value, Tensor)}

    def _given(self, inputs: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
        for name, kind in self._inputs.items():
            if name not in inputs:
                raise WrongInput(f"input {name} is missing")
            tensor = inputs[name].to(kind.dtype)
            if not kind.fits(tensor):
                raise WrongInput(f"{name} takes {kind}, not {describe(tensor.shape)}")
            yield name, tensor


def _declared(value_type: Any, name: str) -> TensorType:
    kind = tensor_type(value_type, name)
    if kind is None:
        raise UnsupportedOperation(f"{name} is no tensor", "unknown type")
    return kind


def _check_constants(operation: Operation, known: Constants) -> None:
    for name, value_type in operation.outputs:
        kind, value = tensor_type(value_type, name), known.values[name]
        if kind is not None and not (isinstance(value, Tensor) and kind.fits(value)):
            raise DamagedFile(f"the constant {name} is not {kind} as it should be")


def _step(operation: Operation, defined: Collection[str], known: Constants) -> _Step:
    """Check an operation as far as that goes without running it."""
    kind, name = operation.kind, operation.name
    if kind not in OPS or operation.nested:
        raise UnsupportedOperation(kind)
    op = OPS[kind]
    for reference in operation.references():
        if reference not in defined:
            raise DamagedFile(f"{name} ({kind}) needs {reference}, which is not there yet")
    for parameter in op.required:
        if not operation.arguments.get(parameter):
            raise DamagedFile(f"{name} ({kind}) lacks {parameter}")
    for parameter, values in operation.arguments.items():
        if parameter not in (*op.required, *op.optional):
            raise UnsupportedOperation(f"{parameter} of {kind}", "unknown setting")
        choices = op.choices.get(parameter, ())
        for given in values if choices else ():
            value = known.values.get(given.name) if isinstance(given, Reference) else given
            if not isinstance(value, str) or value not in choices:
                raise UnsupportedOperation(f"{parameter} {value} of {kind}", "unknown setting")
    types = tuple(_declared(value_type, output) for output, value_type in operation.outputs)
    return _Step(operation, op, types, ())


def _with_last_uses(steps: Sequence[_Step], kept: Collection[str]) -> list[_Step]:
    """Note after which step each value can be forgotten."""
    seen = set(kept)
    found = []
    for step in reversed(steps):
        names = {*step.operation.references(), *(name for name, _ in step.operation.outputs)}
        found.append(replace(step, last=tuple(names - seen)))
        seen |= names
    return found[::-1]


def _results(step: _Step, values: Mapping[str, Value]) -> list[Tensor]:
    operation = step.operation
    arguments = Arguments(
        {
            parameter: [values[v.name] if isinstance(v, Reference) else v for v in given]
            for parameter, given in operation.arguments.items()
        }
    )
    label = f"{operation.name} ({operation.kind})"
    try:
        computed = step.op.compute(arguments)
        dtypes = step.op.result(arguments)
    except UnsupportedOperation:
        raise
    except CoreMLError as error:
        raise DamagedFile(f"{label}: {error}") from error
    except FAILURES as error:
        raise DamagedFile(f"{label} cannot be computed: {_first_line(error)}") from error
    tensors = [computed] if isinstance(computed, Tensor) else list(computed)
    kinds = [dtypes] * len(tensors) if isinstance(dtypes, torch.dtype) else dtypes
    results = [tensor.to(dtype) for tensor, dtype in zip(tensors, kinds, strict=True)]
    if len(results) != len(step.types):
        raise DamagedFile(f"{label} has {len(results)} results, not {len(step.types)}")
    for (name, _), result, declared in zip(operation.outputs, results, step.types, strict=True):
        if not declared.fits(result):
            found = f"{str(result.dtype).removeprefix('torch.')} {describe(result.shape)}"
            raise DamagedFile(f"{name} ({operation.kind}) is {found}, not {declared}")
    return results


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

"""A program executed operator by operator, in the arithmetic that is to be studied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_aggregate

from export.verify.fp16_range.program import Program

GREATEST = 65504.0
"""The greatest number of fp16."""

LEAST_NORMAL = 2.0**-14
"""The least number of fp16 with full precision; a GPU may take less for zero."""

LARGEST_SUBNORMAL = LEAST_NORMAL * (1 - 2.0**-24)
"""The fp32 number before it."""

Rounding = Callable[[Tensor], Tensor]


def exact(x: Tensor) -> Tensor:
    """As it is, fp32."""
    return x


def half(x: Tensor) -> Tensor:
    """To fp16 and back, as IEEE 754 has it: subnormals are kept, beyond 65504 is infinite.

    >>> half(torch.tensor([2049.0, 70000.0])).tolist()
    [2048.0, inf]
    """
    return x.half().float()


def flushed(x: Tensor) -> Tensor:
    """fp32 without what fp16 cannot hold in full precision: below ``LEAST_NORMAL`` is zero.

    Nothing else is rounded, so a run in this arithmetic shows what lost values do, apart from
    what lost digits do.

    >>> flushed(torch.tensor([2.0**-14, 2.0**-15])).tolist()
    [6.103515625e-05, 0.0]
    """
    return F.hardshrink(x, LARGEST_SUBNORMAL)


class Step(NamedTuple):
    """One executed node."""

    node: Node
    arguments: tuple[Any, ...]
    """Positional, as the operator was given them."""
    value: Any


@dataclass(frozen=True)
class Machine:
    """A program with its constants rounded.

    Attributes:
        program: what to run.
        rounding: applied to inputs, constants and every operator's result.
        constants: rounded.
    """

    program: Program
    rounding: Rounding
    constants: dict[Node, Tensor]

    @classmethod
    def of(cls, program: Program, rounding: Rounding) -> Machine:
        """A program in an arithmetic."""
        constants = {n: _each(v, rounding) for n, v in program.constants.items()}
        return cls(program, rounding, constants)

    def steps(self, inputs: tuple[Tensor, ...], boost: float = 1.0) -> Iterator[Step]:
        """Execute, one node after the other; a value is forgotten after its last use.

        Args:
            inputs: in the contract's order.
            boost: what every normalisation's input is multiplied by.
        """
        values: dict[Node, Any] = dict(self.constants)
        values |= {n: self.rounding(x) for n, x in zip(self.program.inputs, inputs)}
        for node in self.program.nodes:
            arguments: tuple[Any, ...] = ()
            if node.op == "call_function":
                arguments, options = self._arguments(node, values)
                if boost != 1 and node in self.program.centrings:
                    arguments = (self.rounding(arguments[0] * boost), *arguments[1:])
                assert callable(node.target)
                value = node.target(*arguments, **options)
                values[node] = _each(value, self.rounding)
            yield Step(node, arguments, values[node])
            for unused in self.program.last_use.get(node, ()):
                del values[unused]

    def run(self, inputs: tuple[Tensor, ...], boost: float = 1.0) -> Tensor:
        """The graph's output."""
        found = [s.value for s in self.steps(inputs, boost) if s.node is self.program.output]
        return found[0]

    def _arguments(
        self, node: Node, values: dict[Node, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        def value(argument: Any) -> Any:
            if isinstance(argument, Node):
                return values[argument]
            if isinstance(argument, float):
                # Numbers written into the graph are constants of the file, so fp16 there too.
                return self.rounding(torch.tensor(argument, dtype=torch.float32)).item()
            return argument

        return map_aggregate(node.args, value), map_aggregate(node.kwargs, value)


def _each(value: Any, rounding: Rounding) -> Any:
    if isinstance(value, Tensor):
        return rounding(value) if value.is_floating_point() else value
    if isinstance(value, tuple | list):
        return tuple(_each(v, rounding) for v in value)
    return value

"""Arithmetic, comparisons and logic of two tensors, which are broadcast."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import Op, op
from coreml_reference.mlprogram.values import check_size

BOOL = torch.bool


BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "floor_div": torch.floor_divide,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mod": torch.remainder,
    "mul": torch.mul,
    "pow": torch.pow,
    "real_div": torch.true_divide,
    "sub": torch.sub,
}


COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "equal": torch.eq,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
    "not_equal": torch.ne,
}


def _binary(function: Callable[[Tensor, Tensor], Tensor], result: torch.dtype | None) -> Op:
    def compute(arguments: Arguments) -> Tensor:
        x, y = arguments.tensor("x"), arguments.tensor("y")
        check_size(torch.broadcast_shapes(x.shape, y.shape), "a result")
        return function(x, y)

    return op(compute, "x y", result)


OPS = {
    **{name: _binary(function, None) for name, function in BINARY.items()},
    **{name: _binary(function, BOOL) for name, function in COMPARISONS.items()},
}

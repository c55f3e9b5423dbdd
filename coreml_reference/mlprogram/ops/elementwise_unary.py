"""Functions of each number alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.data_types import DTYPES
from coreml_reference.mlprogram.op import Op, op

BOOL = torch.bool


UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "acos": torch.acos,
    "asin": torch.asin,
    "atan": torch.atan,
    "atanh": torch.atanh,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "floor": torch.floor,
    "round": torch.round,
    "sign": torch.sign,
    "sin": torch.sin,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "square": lambda x: x * x,
    "tan": torch.tan,
    "tanh": torch.tanh,
}


AFTER_EPSILON: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "inverse": (torch.reciprocal, 1e-4),
    "log": (torch.log, 1e-45),
    "rsqrt": (torch.rsqrt, 1e-12),
}
"""Functions of x + epsilon, and epsilon where it is not given."""


def _unary(function: Callable[[Tensor], Tensor]) -> Op:
    return op(lambda arguments: function(arguments.tensor("x")), "x")


def _after_epsilon(function: Callable[[Tensor], Tensor], default: float) -> Op:
    def compute(arguments: Arguments) -> Tensor:
        epsilon = torch.tensor(arguments.number("epsilon", default), dtype=torch.float32)
        if not arguments.has("epsilon"):
            epsilon = epsilon.to(arguments.raw("x").dtype)
        return function(arguments.tensor("x") + epsilon.float())

    return op(compute, "x epsilon?")


def _clip(arguments: Arguments) -> Tensor:
    """``clip``: x within alpha..beta."""
    return arguments.tensor("x").clamp(arguments.number("alpha"), arguments.number("beta"))


def _threshold(arguments: Arguments) -> Tensor:
    """``threshold``: max(x, alpha)."""
    return arguments.tensor("x").clamp(min=arguments.number("alpha"))


def _cast(arguments: Arguments) -> Tensor:
    """``cast``: x as ``dtype``; fractions are cut off, NaN becomes 0."""
    x, dtype = arguments.tensor("x"), arguments.dtype("dtype")
    if x.dtype.is_floating_point and not (dtype.is_floating_point or dtype is BOOL):
        return x.trunc().nan_to_num(0).clamp(-(2.0**62), 2.0**62).long()
    return x


def _logical_not(arguments: Arguments) -> Tensor:
    """``logical_not``: whether x is zero."""
    return ~arguments.tensor("x").bool()


OPS = {
    **{name: _unary(function) for name, function in UNARY.items()},
    **{name: _after_epsilon(*entry) for name, entry in AFTER_EPSILON.items()},
    "cast": op(_cast, "x dtype", lambda arguments: arguments.dtype("dtype"), dtype=tuple(DTYPES)),
    "clip": op(_clip, "x alpha beta"),
    "logical_not": op(_logical_not, "x", BOOL),
    "threshold": op(_threshold, "x alpha"),
}

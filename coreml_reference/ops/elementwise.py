"""Operations on each number alone, with one or two operands."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from coreml_reference.arguments import Arguments
from coreml_reference.operation import Operation, operation
from coreml_reference.types import DTYPES
from coreml_reference.values import affordable

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
    "identity": lambda x: x,
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


def _unary(function: Callable[[Tensor], Tensor]) -> Operation:
    return operation(lambda arguments: function(arguments.tensor("x")), "x")


def _after_epsilon(function: Callable[[Tensor], Tensor], default: float) -> Operation:
    def compute(arguments: Arguments) -> Tensor:
        epsilon = torch.tensor(arguments.number("epsilon", default), dtype=torch.float32)
        if not arguments.has("epsilon"):
            epsilon = epsilon.to(arguments.raw("x").dtype)
        return function(arguments.tensor("x") + epsilon.float())

    return operation(compute, "x epsilon?")


def _binary(function: Callable[[Tensor, Tensor], Tensor], result: torch.dtype | None) -> Operation:
    def compute(arguments: Arguments) -> Tensor:
        x, y = arguments.tensor("x"), arguments.tensor("y")
        affordable(torch.broadcast_shapes(x.shape, y.shape), "a result")
        return function(x, y)

    return operation(compute, "x y", result)


def _clip(arguments: Arguments) -> Tensor:
    return arguments.tensor("x").clamp(arguments.number("alpha"), arguments.number("beta"))


def _threshold(arguments: Arguments) -> Tensor:
    return arguments.tensor("x").clamp(min=arguments.number("alpha"))


def _cast(arguments: Arguments) -> Tensor:
    x, dtype = arguments.tensor("x"), arguments.dtype("dtype")
    if x.dtype.is_floating_point and not (dtype.is_floating_point or dtype is BOOL):
        return x.trunc().nan_to_num(0).clamp(-(2.0**62), 2.0**62).long()
    return x


def _logical_not(arguments: Arguments) -> Tensor:
    return ~arguments.tensor("x").bool()


def _select(arguments: Arguments) -> Tensor:
    condition, a, b = (arguments.tensor(name) for name in ("cond", "a", "b"))
    affordable(torch.broadcast_shapes(condition.shape, a.shape, b.shape), "a result")
    return torch.where(condition.bool(), a, b)


OPERATIONS = {
    **{name: _unary(function) for name, function in UNARY.items()},
    **{name: _after_epsilon(*entry) for name, entry in AFTER_EPSILON.items()},
    **{name: _binary(function, None) for name, function in BINARY.items()},
    **{name: _binary(function, BOOL) for name, function in COMPARISONS.items()},
    "cast": operation(
        _cast, "x dtype", lambda arguments: arguments.dtype("dtype"), dtype=tuple(DTYPES)
    ),
    "clip": operation(_clip, "x alpha beta"),
    "logical_not": operation(_logical_not, "x", BOOL),
    "select": operation(_select, "cond a b", "a"),
    "threshold": operation(_threshold, "x alpha"),
}

"""Reductions over dimensions."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments, absolute
from coreml_reference.mlprogram.op import Op, op


def _mean(x: Tensor, axes: list[int]) -> Tensor:
    """Of whole numbers rounded down."""
    if x.dtype.is_floating_point:
        return x.mean(axes, keepdim=True)
    return x.double().mean(axes, keepdim=True).floor()


def _prod(x: Tensor, axes: list[int]) -> Tensor:
    for axis in axes:
        x = x.prod(axis, keepdim=True)
    return x


REDUCTIONS: dict[str, Callable[[Tensor, list[int]], Tensor]] = {
    "reduce_l1_norm": lambda x, axes: x.abs().sum(axes, keepdim=True),
    "reduce_l2_norm": lambda x, axes: x.square().sum(axes, keepdim=True).sqrt(),
    "reduce_log_sum": lambda x, axes: x.sum(axes, keepdim=True).log(),
    "reduce_log_sum_exp": lambda x, axes: x.float().logsumexp(axes, keepdim=True),
    "reduce_max": lambda x, axes: x.amax(axes, keepdim=True),
    "reduce_mean": _mean,
    "reduce_min": lambda x, axes: x.amin(axes, keepdim=True),
    "reduce_prod": _prod,
    "reduce_sum": lambda x, axes: x.sum(axes, keepdim=True),
    "reduce_sum_square": lambda x, axes: x.square().sum(axes, keepdim=True),
}
"""All keep the reduced dimensions, with size 1."""

EXTREMES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "reduce_argmax": lambda x, axis: x.argmax(axis, keepdim=True),
    "reduce_argmin": lambda x, axis: x.argmin(axis, keepdim=True),
}


def _reduction(function: Callable[[Tensor, list[int]], Tensor]) -> Op:
    def compute(arguments: Arguments) -> Tensor:
        x = arguments.tensor("x")
        given = arguments.integers("axes", range(x.dim())) or range(x.dim())
        axes = sorted({absolute(axis, x.dim()) for axis in given})
        y = function(x, axes) if axes else x
        return y if arguments.boolean("keep_dims", False) else _without(y, axes)

    return op(compute, "x axes? keep_dims?")


def _extreme(function: Callable[[Tensor, int], Tensor]) -> Op:
    def compute(arguments: Arguments) -> Tensor:
        x = arguments.tensor("x")
        axis = arguments.axis("axis", x.dim(), -1)
        y = function(x, axis)
        return y if arguments.boolean("keep_dims", False) else _without(y, [axis])

    return op(
        compute, "x axis? keep_dims? output_dtype?", lambda a: a.dtype("output_dtype", "int32")
    )


def _without(x: Tensor, axes: list[int]) -> Tensor:
    return x.reshape([size for axis, size in enumerate(x.shape) if axis not in axes])


OPS = {
    **{name: _reduction(function) for name, function in REDUCTIONS.items()},
    **{name: _extreme(function) for name, function in EXTREMES.items()},
}

"""Reductions along axes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from coreml_reference.neuralnetwork.layer import Layer, Layers, Node, Run

Reduction = Callable[[Tensor, tuple[int, ...]], Tensor]
"""From a tensor and axes, which stay with a size of one."""


def _product(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    for axis in axes:
        x = x.prod(axis, keepdim=True)
    return x


REDUCTIONS: dict[str, Reduction] = {
    "reduceSum": lambda x, axes: x.sum(axes, keepdim=True),
    "reduceMean": lambda x, axes: x.mean(axes, keepdim=True),
    "reduceProd": _product,
    "reduceMax": lambda x, axes: x.amax(axes, keepdim=True),
    "reduceMin": lambda x, axes: x.amin(axes, keepdim=True),
    "reduceL1": lambda x, axes: x.abs().sum(axes, keepdim=True),
    "reduceL2": lambda x, axes: x.square().sum(axes, keepdim=True).sqrt(),
    "reduceSumSquare": lambda x, axes: x.square().sum(axes, keepdim=True),
    "reduceLogSum": lambda x, axes: x.sum(axes, keepdim=True).log(),
    "reduceLogSumExp": lambda x, axes: x.logsumexp(axes, keepdim=True),
}

SMALL = 1e-6
"""Epsilon of a sum of logarithms where a file has none, or zero."""

AXES = {"CHW": (-3, -2, -1), "HW": (-2, -1), "C": (-3,), "H": (-2,), "W": (-1,)}
"""``ReduceLayerParams.ReduceAxis``."""


def _reduce(node: Node) -> Run:
    reduction, everything = REDUCTIONS[node.kind], node.params.reduceAll
    axes, keep = tuple(map(int, node.params.axes)), node.params.keepDims
    if not axes and not everything:
        raise node.damaged("no axes")

    def run(x: Tensor) -> Tensor:
        along = tuple(range(x.ndim)) if everything else tuple(_axis(a, x.ndim) for a in axes)
        y = reduction(x, along)
        if keep:
            return y
        # No tensor of a neural network is without dimensions.
        return y.reshape([n for i, n in enumerate(y.shape) if i not in along] or [1])

    return run


def _axis(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise IndexError(f"axis {axis} of {ndim} dimensions")
    return axis % ndim


def _legacy(node: Node) -> Run:
    mode, axes = node.choice("mode"), AXES[node.choice("axis")]
    epsilon = node.params.epsilon or SMALL
    if mode == "ARGMAX":
        if len(axes) > 1:
            raise node.damaged("an ARGMAX along several axes")
        return lambda x: x.argmax(axes[0], keepdim=True).float()
    reductions: dict[str, Reduction] = {
        "SUM": REDUCTIONS["reduceSum"],
        "AVG": REDUCTIONS["reduceMean"],
        "PROD": REDUCTIONS["reduceProd"],
        "LOGSUM": lambda x, along: (x + epsilon).log().sum(along, keepdim=True),
        "SUMSQUARE": REDUCTIONS["reduceSumSquare"],
        "L1": REDUCTIONS["reduceL1"],
        "L2": REDUCTIONS["reduceL2"],
        "MAX": REDUCTIONS["reduceMax"],
        "MIN": REDUCTIONS["reduceMin"],
    }
    reduction = reductions[mode]
    return lambda x: reduction(x, axes)


def _extreme(node: Node) -> Run:
    axis, remove = int(node.params.axis), node.params.removeDim
    find = torch.argmax if node.kind == "argMax" else torch.argmin
    return lambda x: find(x, axis, keepdim=not (remove and x.ndim > 1)).float()


LAYERS: Layers = {
    **dict.fromkeys(REDUCTIONS, Layer(_reduce)),
    "reduce": Layer(_legacy),
    "argMax": Layer(_extreme),
    "argMin": Layer(_extreme),
}

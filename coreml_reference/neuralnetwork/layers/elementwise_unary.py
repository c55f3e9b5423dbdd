"""Functions of each number alone."""

from __future__ import annotations

import torch

from coreml_reference.neuralnetwork.layer import (
    Layer,
    Layers,
    Node,
    Run,
)

SMALL = 1e-6
"""Epsilon where a file has none, or zero."""


def _unary(node: Node) -> Run:
    params = node.params
    # Zero stands for what was never set.
    scale, shift, alpha = params.scale or 1.0, params.shift, params.alpha
    epsilon = params.epsilon or SMALL
    runs: dict[str, Run] = {
        "SQRT": torch.sqrt,
        "RSQRT": lambda x: torch.rsqrt(x + epsilon),
        "INVERSE": lambda x: 1 / (x + epsilon),
        "POWER": lambda x: x**alpha,
        "EXP": torch.exp,
        # coremltools gives a logarithm an epsilon of its own, no greater than a denormal.
        "LOG": lambda x: torch.log(x + params.epsilon),
        "ABS": torch.abs,
        "THRESHOLD": lambda x: x.clamp(min=alpha),
    }
    run = runs[node.choice("type")]
    return lambda x: run(x if (scale, shift) == (1, 0) else scale * x + shift)


def _clip(node: Node) -> Run:
    low, high = node.params.minVal, node.params.maxVal
    if not low <= high:
        raise node.damaged(f"limits {low:g} to {high:g}")
    return lambda x: x.clamp(low, high)


FUNCTIONS: dict[str, Run] = {
    "ceil": torch.ceil,
    "floor": torch.floor,
    "sign": torch.sign,
    # Halves go to the even neighbour; which way Core ML sends them is not documented.
    "round": torch.round,
    "exp2": torch.exp2,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "asinh": torch.asinh,
    "acosh": torch.acosh,
    "atanh": torch.atanh,
    "erf": torch.erf,
    "copy": torch.clone,
    "logicalNot": lambda x: (x == 0).float(),
}


def _function(node: Node) -> Run:
    return FUNCTIONS[node.kind]


LAYERS: Layers = {
    "unary": Layer(_unary),
    "clip": Layer(_clip),
    **dict.fromkeys(FUNCTIONS, Layer(_function)),
}

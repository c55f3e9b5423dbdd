"""Activations and the functions of one number."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.layers.node import Layer, Layers, Node, Run

SMALL = 1e-6
"""Epsilon where a file has none, or zero."""


def _activation(node: Node) -> Run:
    form = node.one_of("NonlinearityType")
    params = getattr(node.params, form)
    if form in ("PReLU", "parametricSoftplus"):
        return _parametric(node, form)
    alpha, beta = getattr(params, "alpha", 0.0), getattr(params, "beta", 0.0)
    runs: dict[str, Run] = {
        "linear": lambda x: alpha * x + beta,
        "ReLU": F.relu,
        "leakyReLU": lambda x: torch.where(x >= 0, x, alpha * x),
        "thresholdedReLU": lambda x: torch.where(x >= alpha, x, 0.0),
        "tanh": torch.tanh,
        "scaledTanh": lambda x: alpha * torch.tanh(beta * x),
        "sigmoid": torch.sigmoid,
        "sigmoidHard": lambda x: (alpha * x + beta).clamp(0, 1),
        "ELU": lambda x: torch.where(x >= 0, x, alpha * torch.expm1(x)),
        "softsign": lambda x: x / (1 + x.abs()),
        "softplus": _softplus,
    }
    return runs[form]


def _parametric(node: Node, form: str) -> Run:
    params = getattr(node.params, form)
    # Along channels, which are third from the end.
    alpha = node.weight("alpha", (-1,), params=params)[:, None, None]
    if form == "PReLU":
        return _by_channel(alpha, lambda x: torch.where(x >= 0, x, alpha * x))
    beta = node.weight("beta", (-1,), params=params)[:, None, None]
    if len({len(alpha), len(beta)} - {1}) > 1:
        raise node.damaged(f"{len(alpha)} values of alpha, {len(beta)} of beta")
    wider = max(alpha, beta, key=len)
    return _by_channel(wider, lambda x: alpha * _softplus(beta * x))


def _by_channel(values: Tensor, run: Callable[[Tensor], Tensor]) -> Run:
    def checked(x: Tensor) -> Tensor:
        if x.ndim < 3 or len(values) not in (1, x.shape[-3]):
            raise ValueError(f"{len(values)} parameters for an input of {tuple(x.shape)}")
        return run(x)

    return checked


def _softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros(()))


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


def _clamped_relu(node: Node) -> Run:
    alpha, beta = node.params.alpha, node.params.beta
    return lambda x: torch.where(x >= 0, x, alpha * x).clamp(max=beta)


def _gelu(node: Node) -> Run:
    runs: dict[str, Run] = {
        "EXACT": F.gelu,
        "TANH_APPROXIMATION": lambda x: F.gelu(x, approximate="tanh"),
        "SIGMOID_APPROXIMATION": lambda x: x * torch.sigmoid(1.702 * x),
    }
    return runs[node.choice("mode")]


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
    "activation": Layer(_activation),
    "unary": Layer(_unary),
    "clip": Layer(_clip),
    "clampedReLU": Layer(_clamped_relu),
    "gelu": Layer(_gelu),
    **dict.fromkeys(FUNCTIONS, Layer(_function)),
}

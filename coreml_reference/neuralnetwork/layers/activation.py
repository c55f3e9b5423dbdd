"""Activation functions."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.neuralnetwork.layer import (
    Layer,
    Layers,
    Node,
    Run,
)

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


def _softmax(node: Node) -> Run:
    axis = -3 if node.kind == "softmax" else int(node.params.axis)
    return lambda x: x.softmax(axis)


LAYERS: Layers = {
    "activation": Layer(_activation),
    "clampedReLU": Layer(_clamped_relu),
    "gelu": Layer(_gelu),
    "softmax": Layer(_softmax),
    "softmaxND": Layer(_softmax),
}

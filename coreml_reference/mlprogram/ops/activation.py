"""Activation functions."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import Op, op

PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros(())),
    "softsign": F.softsign,
}

WITH_ALPHA: dict[str, Callable[[Tensor, float], Tensor]] = {
    "elu": lambda x, alpha: torch.where(x > 0, x, alpha * torch.expm1(x)),
    "leaky_relu": lambda x, alpha: torch.where(x >= 0, x, alpha * x),
    "thresholded_relu": lambda x, alpha: torch.where(x >= alpha, x, 0),
}

WITH_BOTH: dict[str, Callable[[Tensor, float, float], Tensor]] = {
    "clamped_relu": lambda x, alpha, beta: torch.where(x >= 0, x, alpha * x).clamp(max=beta),
    "linear_activation": lambda x, alpha, beta: alpha * x + beta,
    "scaled_tanh": lambda x, alpha, beta: alpha * torch.tanh(beta * x),
    "sigmoid_hard": lambda x, alpha, beta: (alpha * x + beta).clamp(0, 1),
}


def _plain(function: Callable[[Tensor], Tensor]) -> Op:
    return op(lambda arguments: function(arguments.tensor("x")), "x")


def _with_alpha(function: Callable[[Tensor, float], Tensor]) -> Op:
    return op(
        lambda arguments: function(arguments.tensor("x"), arguments.number("alpha")), "x alpha"
    )


def _with_both(function: Callable[[Tensor, float, float], Tensor]) -> Op:
    return op(
        lambda arguments: function(
            arguments.tensor("x"), arguments.number("alpha"), arguments.number("beta")
        ),
        "x alpha beta",
    )


def _gelu(arguments: Arguments) -> Tensor:
    """``gelu``: x * Phi(x), exactly or as ``mode`` approximates it."""
    x, mode = arguments.tensor("x"), arguments.string("mode", "EXACT")
    if mode == "EXACT":
        return F.gelu(x)
    if mode == "TANH_APPROXIMATION":
        return F.gelu(x, approximate="tanh")
    return x * torch.sigmoid(1.702 * x)


def _softmax(arguments: Arguments) -> Tensor:
    """``softmax``: exp(x) / sum(exp(x)) along ``axis``, the last by default."""
    x = arguments.tensor("x")
    return x.softmax(arguments.axis("axis", x.dim(), -1))


def _prelu(arguments: Arguments) -> Tensor:
    """``prelu``: x, or alpha * x where negative; x (N, C, ...), alpha (C,)."""
    x = arguments.tensor("x")
    return torch.where(x >= 0, x, _per_channel(arguments, "alpha", x) * x)


def _softplus_parametric(arguments: Arguments) -> Tensor:
    """``softplus_parametric``: alpha * log(1 + exp(beta * x)); alpha and beta (C,)."""
    x = arguments.tensor("x")
    alpha, beta = (_per_channel(arguments, name, x) for name in ("alpha", "beta"))
    return alpha * torch.logaddexp(beta * x, torch.zeros(()))


def _per_channel(arguments: Arguments, name: str, x: Tensor) -> Tensor:
    """A vector (C,) that broadcasts to x (N, C, ...)."""
    return arguments.tensor(name).reshape(-1, *[1] * (x.dim() - 2))


OPS = {
    **{name: _plain(function) for name, function in PLAIN.items()},
    **{name: _with_alpha(function) for name, function in WITH_ALPHA.items()},
    **{name: _with_both(function) for name, function in WITH_BOTH.items()},
    "gelu": op(_gelu, "x mode?", mode=("EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION")),
    "prelu": op(_prelu, "x alpha"),
    "softmax": op(_softmax, "x axis?"),
    "softplus_parametric": op(_softplus_parametric, "x alpha beta"),
}

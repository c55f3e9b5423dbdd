"""Normalisations."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments, absolute
from coreml_reference.mlprogram.op import op


def _batch_norm(arguments: Arguments) -> Tensor:
    """``batch_norm``: gamma * (x - mean) / sqrt(variance + epsilon) + beta; all (C,)."""
    x = arguments.tensor("x")
    mean, variance = (_along_channels(arguments.tensor(n), x) for n in ("mean", "variance"))
    y = (x - mean) * (variance + arguments.number("epsilon", 1e-5)).rsqrt()
    return _scaled(arguments, y)


def _instance_norm(arguments: Arguments) -> Tensor:
    """``instance_norm``: the same, with each image's and channel's own statistics."""
    x = arguments.tensor("x")
    y = _standard(x, list(range(2, x.dim())), arguments.number("epsilon", 1e-5))
    return _scaled(arguments, y)


def _layer_norm(arguments: Arguments) -> Tensor:
    """``layer_norm``: the same over ``axes``; gamma and beta have those axes' shape."""
    x = arguments.tensor("x")
    axes = sorted({absolute(a, x.dim()) for a in arguments.integers("axes", range(x.dim()))})
    y = _standard(x, axes, arguments.number("epsilon", 1e-5))
    shape = [n if axis in axes else 1 for axis, n in enumerate(x.shape)]
    gamma, beta = arguments.optional("gamma"), arguments.optional("beta")
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def _l2_norm(arguments: Arguments) -> Tensor:
    """``l2_norm``: x / sqrt(sum(x**2) + epsilon) over the last three dimensions."""
    x = arguments.tensor("x")
    total = x.square().sum((-3, -2, -1), keepdim=True)
    return x / (total + arguments.number("epsilon", 1e-6)).sqrt()


def _local_response_norm(arguments: Arguments) -> Tensor:
    """``local_response_norm``: x / (k + alpha / size * sum(x**2))**beta, over ``size`` channels."""
    return F.local_response_norm(
        arguments.tensor("x"),
        arguments.integer("size"),
        arguments.number("alpha", 1e-4),
        arguments.number("beta", 0.75),
        arguments.number("k", 1.0),
    )


def _standard(x: Tensor, axes: list[int], epsilon: float) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) over axes."""
    centred = x - x.mean(axes, keepdim=True)
    return centred / (centred.square().mean(axes, keepdim=True) + epsilon).sqrt()


def _scaled(arguments: Arguments, y: Tensor) -> Tensor:
    """gamma * y + beta, by channel."""
    gamma, beta = arguments.optional("gamma"), arguments.optional("beta")
    y = y if gamma is None else y * _along_channels(gamma, y)
    return y if beta is None else y + _along_channels(beta, y)


def _along_channels(vector: Tensor, x: Tensor) -> Tensor:
    """A vector (C,) that broadcasts to x (N, C, ...)."""
    return vector.reshape(1, -1, *[1] * (x.dim() - 2))


OPS = {
    "batch_norm": op(_batch_norm, "x mean variance gamma? beta? epsilon?"),
    "instance_norm": op(_instance_norm, "x gamma? beta? epsilon?"),
    "l2_norm": op(_l2_norm, "x epsilon?"),
    "layer_norm": op(_layer_norm, "x axes? gamma? beta? epsilon?"),
    "local_response_norm": op(_local_response_norm, "x size alpha? beta? k?"),
}

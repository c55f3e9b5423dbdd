"""Normalisations."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.neuralnetwork.layer import Layer, Layers, Node, Run, checked, on_images

SMALL = 1e-6
"""Epsilon of most where a file has none, or zero."""

SMALL_OF_BATCHES = 1e-5
"""Of batchnorm."""


def _batchnorm(node: Node) -> Run:
    params = node.params
    shape = (int(params.channels),)
    epsilon = params.epsilon or SMALL_OF_BATCHES
    gamma, beta = (node.weight(name, shape)[:, None, None] for name in ("gamma", "beta"))
    if not params.computeMeanVar:
        if params.instanceNormalization:
            raise node.unsupported("an instanceNormalization without computeMeanVar")
        mean, variance = (node.weight(n, shape)[:, None, None] for n in ("mean", "variance"))
        normal = partial(_normal, mean=mean, variance=variance, epsilon=epsilon)
    else:
        axes = (2, 3) if params.instanceNormalization else (0, 2, 3)
        normal = partial(_normalised, axes=axes, epsilon=epsilon)

    def run(x: Tensor) -> Tensor:
        # One channel would be stretched to any number.
        if x.shape[1] != len(gamma):
            raise ValueError(f"{x.shape[1]} channels, not {len(gamma)}")
        return gamma * normal(x) + beta

    return on_images(run)


def _mvn(node: Node) -> Run:
    axes = (1, 2, 3) if node.params.acrossChannels else (2, 3)
    if not node.params.normalizeVariance:
        return on_images(lambda x: x - x.mean(axes, keepdim=True))
    epsilon = node.params.epsilon or SMALL
    return on_images(lambda x: _normalised(x, axes, epsilon))


def _normalised(x: Tensor, axes: tuple[int, ...], epsilon: float) -> Tensor:
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return _normal(x, mean, variance, epsilon)


def _normal(x: Tensor, mean: Tensor, variance: Tensor, epsilon: float) -> Tensor:
    return (x - mean) / (variance + epsilon).sqrt()


def _l2normalize(node: Node) -> Run:
    epsilon = node.params.epsilon or SMALL
    return on_images(lambda x: x / (x.square().sum((1, 2, 3), keepdim=True) + epsilon).sqrt())


def _lrn(node: Node) -> Run:
    size, k = int(node.params.localSize), node.params.k or 1.0
    alpha, beta = node.params.alpha, node.params.beta
    if size < 1:
        raise node.damaged(f"a localSize of {size}")

    def run(x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        checked((n, c + size, h, w))
        # Alpha is divided by the window, as in Caffe, where this layer comes from.
        return F.local_response_norm(x, size, alpha, beta, k)

    return on_images(run)


def _layer_normalization(node: Node) -> Run:
    shape = tuple(map(int, node.params.normalizedShape))
    gamma, beta = node.weight("gamma", shape), node.weight("beta", shape)
    epsilon = node.params.eps
    return lambda x: F.layer_norm(x, shape, gamma, beta, epsilon)


LAYERS: Layers = {
    "batchnorm": Layer(_batchnorm),
    "mvn": Layer(_mvn),
    "l2normalize": Layer(_l2normalize),
    "lrn": Layer(_lrn),
    "layerNormalization": Layer(_layer_normalization),
}

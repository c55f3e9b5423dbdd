"""Products with matrices, tables of vectors, and what is added or multiplied by channel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.neuralnetwork.layer import Layer, Layers, Node, Run, checked, integers


def _inner_product(node: Node) -> Run:
    wide, channels = int(node.params.inputChannels), int(node.params.outputChannels)
    weight, bias = _linear(node, (channels, wide))

    def run(x: Tensor) -> Tensor:
        # Of four and five dimensions the last three are one vector.
        vectors = x if x.ndim < 4 else x.flatten(-3)
        checked((*vectors.shape[:-1], channels))
        y = F.linear(vectors, weight, bias)
        return y if x.ndim < 4 else y[..., None, None]

    return run


def _batched_matmul(node: Node) -> Run:
    params = node.params
    if len(node.inputs) == 1:
        rows, columns = params.weightMatrixFirstDimension, params.weightMatrixSecondDimension
        # Stored by columns, which is the transposed matrix by rows.
        weight, bias = _linear(node, (int(columns), int(rows)))

        def apply(x: Tensor) -> Tensor:
            checked((*x.shape[:-1], len(weight)))
            return F.linear(x, weight, bias)

        return apply
    if params.hasBias or params.int8DynamicQuantize:
        raise node.unsupported("a bias or a quantisation of two inputs")

    def run(a: Tensor, b: Tensor) -> Tensor:
        a = a[None] if a.ndim == 1 else a.mT if params.transposeA else a
        b = b[:, None] if b.ndim == 1 else b.mT if params.transposeB else b
        batch = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        checked((*batch, a.shape[-2], b.shape[-1]))
        return a @ b

    return run


def _linear(node: Node, shape: tuple[int, int]) -> tuple[Tensor, Tensor | None]:
    """WeightFiles (outputs, inputs) and bias.

    Where a layer asks for inputs in int8, they are taken as they are: how Core ML rounds them
    is not documented. The weights are int8's.
    """
    dynamic = bool(len(node.params.weights.int8RawValue))
    if node.params.int8DynamicQuantize != dynamic:
        raise node.damaged("weights of int8 or inputs, but not both")
    weight = node.weight("weights", shape)
    return weight, node.weight("bias", shape[:1]) if node.params.hasBias else None


def _embedding(node: Node) -> Run:
    several = node.kind == "embeddingND"
    words = int(node.params.vocabSize if several else node.params.inputDim)
    channels = int(node.params.embeddingSize if several else node.params.outputChannels)
    table = node.weight("weights", (channels, words)).T
    bias = node.weight("bias", (channels,)) if node.params.hasBias else torch.zeros(())
    ones, ranks = (1, range(2, 6)) if several else (3, range(4, 6))

    def run(x: Tensor) -> Tensor:
        if x.ndim not in ranks or any(n != 1 for n in x.shape[-ones:]):
            raise ValueError(f"an input of {tuple(x.shape)}")
        checked((x.numel(), channels))
        indices = torch.tensor(integers(x)).reshape(x.shape[:-ones])
        y = F.embedding(indices, table) + bias
        return y if several else y[..., None, None]

    return run


def _bias(node: Node) -> Run:
    bias = _by_channel(node, "bias", "shape")
    return lambda x: _fitting(x, bias) + bias


def _scale(node: Node) -> Run:
    scale = _by_channel(node, "scale", "shapeScale")
    if not node.params.hasBias:
        return lambda x: _fitting(x, scale) * scale
    bias = _by_channel(node, "bias", "shapeBias")
    return lambda x: _fitting(_fitting(x, scale) * scale, bias) + bias


def _by_channel(node: Node, name: str, shape: str) -> Tensor:
    """WeightFiles of shape [1], [C], [1, H, W] or [C, H, W], to go with (C, H, W)."""
    sizes = tuple(map(int, getattr(node.params, shape)))
    if len(sizes) not in (1, 3):
        raise node.damaged(f"a {shape} of {len(sizes)} dimensions")
    weight = node.weight(name, sizes)
    return weight[:, None, None] if len(sizes) == 1 else weight


def _fitting(x: Tensor, weight: Tensor) -> Tensor:
    """The tensor, if it keeps its shape with these weights."""
    if torch.broadcast_shapes(x.shape, weight.shape) != x.shape:
        raise ValueError(f"weights of {tuple(weight.shape)} for an input of {tuple(x.shape)}")
    return x


LAYERS: Layers = {
    "innerProduct": Layer(_inner_product),
    "batchedMatmul": Layer(_batched_matmul, inputs=range(1, 3)),
    "embedding": Layer(_embedding),
    "embeddingND": Layer(_embedding),
    "bias": Layer(_bias),
    "scale": Layer(_scale),
}

"""Arithmetic, comparisons and logic of several tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from coreml_reference.neuralnetwork.layer import (
    SOME,
    TWO,
    Layer,
    Layers,
    Node,
    Run,
    checked,
)

Binary = Callable[[Tensor, Tensor], Tensor]


SEVERAL: dict[str, Binary] = {
    "add": torch.add,
    "multiply": torch.mul,
    "max": torch.maximum,
    "min": torch.minimum,
}
"""Layers that go on from their first input to the last."""


PAIRS: dict[str, Binary] = {
    "addBroadcastable": torch.add,
    "subtractBroadcastable": torch.sub,
    "multiplyBroadcastable": torch.mul,
    "divideBroadcastable": torch.div,
    "floorDivBroadcastable": lambda x, y: torch.floor(x / y),
    # The sign is the divisor's, as in NumPy.
    "modBroadcastable": torch.remainder,
    "powBroadcastable": torch.pow,
    "maxBroadcastable": torch.maximum,
    "minBroadcastable": torch.minimum,
    "logicalAnd": lambda x, y: ((x != 0) & (y != 0)).float(),
    "logicalOr": lambda x, y: ((x != 0) | (y != 0)).float(),
    "logicalXor": lambda x, y: ((x != 0) ^ (y != 0)).float(),
}
"""Layers of two inputs."""


COMPARISONS: dict[str, Binary] = {
    "equal": torch.eq,
    "notEqual": torch.ne,
    "lessThan": torch.lt,
    "lessEqual": torch.le,
    "greaterThan": torch.gt,
    "greaterEqual": torch.ge,
}
"""Layers of two inputs, or one and a number."""


def _bounded(run: Callable[..., Tensor]) -> Run:
    def wrapped(*inputs: Tensor) -> Tensor:
        checked(torch.broadcast_shapes(*(x.shape for x in inputs)))
        return run(*inputs)

    return wrapped


def _several(node: Node) -> Run:
    run = SEVERAL[node.kind]
    if len(node.inputs) == 1 and node.kind in ("add", "multiply"):
        alpha = torch.tensor(node.params.alpha)
        return lambda x: run(x, alpha)
    return _bounded(lambda *inputs: reduce(run, inputs))


def _average(node: Node) -> Run:
    return _bounded(lambda *inputs: reduce(torch.add, inputs) / len(inputs))


def _pair(node: Node) -> Run:
    return _bounded(PAIRS[node.kind])


def _comparison(node: Node) -> Run:
    run = COMPARISONS[node.kind]
    if len(node.inputs) == 1:
        alpha = torch.tensor(node.params.alpha)
        return lambda x: run(x, alpha).float()
    return _bounded(lambda x, y: run(x, y).float())


def _where(node: Node) -> Run:
    return _bounded(lambda condition, x, y: torch.where(condition != 0, x, y))


def _dot(node: Node) -> Run:
    cosine = node.params.cosineSimilarity

    def run(x: Tensor, y: Tensor) -> Tensor:
        if x.ndim < 3 or x.shape != y.shape or tuple(x.shape[-2:]) != (1, 1):
            raise ValueError(f"inputs of {tuple(x.shape)} and {tuple(y.shape)}")
        product = (x * y).sum(-3, keepdim=True)
        if not cosine:
            return product
        return product / (x.norm(dim=-3, keepdim=True) * y.norm(dim=-3, keepdim=True))

    return run


LAYERS: Layers = {
    **dict.fromkeys(SEVERAL, Layer(_several, inputs=SOME)),
    **dict.fromkeys(PAIRS, Layer(_pair, inputs=TWO)),
    **dict.fromkeys(COMPARISONS, Layer(_comparison, inputs=range(1, 3))),
    "average": Layer(_average, inputs=SOME),
    "whereBroadcastable": Layer(_where, inputs=range(3, 4)),
    "dot": Layer(_dot, inputs=TWO),
}

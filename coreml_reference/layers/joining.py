"""Joining, splitting and constants."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from coreml_reference.layers.node import (
    NONE,
    SOME,
    Layer,
    Layers,
    Node,
    Run,
    checked,
)


def _concat(node: Node) -> Run:
    axis = -5 if node.params.sequenceConcat else -3
    return lambda *inputs: _joined(inputs, axis)


def _concat_nd(node: Node) -> Run:
    axis, interleave = int(node.params.axis), node.params.interleave

    def run(*inputs: Tensor) -> Tensor:
        if not interleave:
            return _joined(inputs, axis)
        if len({x.shape for x in inputs}) > 1:
            raise ValueError("inputs of several shapes to interleave")
        at = axis % inputs[0].ndim
        return torch.stack(inputs, at + 1).flatten(at, at + 1)

    return run


def _joined(inputs: Sequence[Tensor], axis: int) -> Tensor:
    if len({x.ndim for x in inputs}) > 1:
        raise ValueError("inputs of several ranks")
    checked((sum(x.numel() for x in inputs),))
    return torch.cat(tuple(inputs), axis)


def _stack(node: Node) -> Run:
    axis = int(node.params.axis)
    return lambda *inputs: torch.stack(inputs, axis)


def _split(node: Node) -> Run:
    count = int(node.params.nOutputs)
    if count != len(node.outputs):
        raise node.damaged(f"{len(node.outputs)} outputs, not {count}")
    return lambda x: _equal_parts(x, count, -3)


def _split_nd(node: Node) -> Run:
    axis, sizes = int(node.params.axis), list(map(int, node.params.splitSizes))
    count = len(sizes) or int(node.params.numSplits)
    if count != len(node.outputs):
        raise node.damaged(f"{len(node.outputs)} outputs, not {count}")
    if sizes:
        return lambda x: torch.split(x, sizes, axis)
    return lambda x: _equal_parts(x, count, axis)


def _equal_parts(x: Tensor, count: int, axis: int) -> tuple[Tensor, ...]:
    if x.shape[axis] % count:
        raise ValueError(f"{x.shape[axis]} values to split into {count} parts")
    return torch.split(x, x.shape[axis] // count, axis)


def _load_constant(node: Node) -> Run:
    shape = tuple(map(int, node.params.shape))
    if len(shape) != 3:
        raise node.damaged(f"a shape of {len(shape)} dimensions, not 3")
    data = node.weight("data", shape)[None, None]
    return lambda: data


def _load_constant_nd(node: Node) -> Run:
    data = node.weight("data", tuple(map(int, node.params.shape)))
    return lambda: data


LAYERS: Layers = {
    "concat": Layer(_concat, inputs=SOME),
    "concatND": Layer(_concat_nd, inputs=SOME),
    "stack": Layer(_stack, inputs=SOME),
    "split": Layer(_split, outputs=SOME),
    "splitND": Layer(_split_nd, outputs=SOME),
    "loadConstant": Layer(_load_constant, inputs=NONE),
    "loadConstantND": Layer(_load_constant_nd, inputs=NONE),
}

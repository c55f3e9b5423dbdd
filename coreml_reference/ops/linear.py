"""Products of matrices."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.arguments import Arguments
from coreml_reference.operation import operation
from coreml_reference.values import affordable


def _linear(arguments: Arguments) -> Tensor:
    x, weight = arguments.tensor("x"), arguments.tensor("weight")
    affordable([*x.shape[:-1], weight.shape[0]], "a result")
    return F.linear(x, weight, arguments.optional("bias"))


def _matmul(arguments: Arguments) -> Tensor:
    x, y = arguments.tensor("x"), arguments.tensor("y")
    x = x.mT if arguments.flag("transpose_x", False) and x.dim() > 1 else x
    y = y.mT if arguments.flag("transpose_y", False) and y.dim() > 1 else y
    if min(x.dim(), y.dim()) > 1:
        lead = torch.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        affordable([*lead, x.shape[-2], y.shape[-1]], "a result")
    return x @ y


def _einsum(arguments: Arguments) -> Tensor:
    values, equation = arguments.tensors("values"), arguments.text("equation")
    inputs, _, output = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for letters, value in zip(inputs.split(","), values, strict=True):
        sizes.update(zip(letters, value.shape, strict=True))
    affordable([sizes[letter] for letter in output], "a result")
    return torch.einsum(equation, values)


def _attention(arguments: Arguments) -> Tensor:
    query, key, value = (arguments.tensor(name) for name in ("query", "key", "value"))
    lead = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    affordable([*lead, query.shape[-2], key.shape[-2]], "scores")
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    mask = arguments.optional("attn_mask")
    if mask is not None:
        allowed = mask.dtype == torch.bool
        scores = scores.masked_fill(~mask, -math.inf) if allowed else scores + mask
    return scores.softmax(-1) @ value


OPERATIONS = {
    "einsum": operation(_einsum, "values equation"),
    "linear": operation(_linear, "x weight bias?"),
    "matmul": operation(_matmul, "x y transpose_x? transpose_y?"),
    "scaled_dot_product_attention": operation(_attention, "query key value attn_mask?"),
}

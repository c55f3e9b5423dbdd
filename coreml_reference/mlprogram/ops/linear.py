"""Products of matrices."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.values import check_size


def _linear(arguments: Arguments) -> Tensor:
    """``linear``: x @ weight.T + bias; x (..., I), weight (O, I), bias (O,) -> (..., O)."""
    x, weight = arguments.tensor("x"), arguments.tensor("weight")
    check_size([*x.shape[:-1], weight.shape[0]], "a result")
    return F.linear(x, weight, arguments.optional("bias"))


def _matmul(arguments: Arguments) -> Tensor:
    """``matmul``: x (..., M, K) @ y (..., K, N) -> (..., M, N), each transposed if asked."""
    x, y = arguments.tensor("x"), arguments.tensor("y")
    x = x.mT if arguments.boolean("transpose_x", False) and x.dim() > 1 else x
    y = y.mT if arguments.boolean("transpose_y", False) and y.dim() > 1 else y
    if min(x.dim(), y.dim()) > 1:
        lead = torch.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        check_size([*lead, x.shape[-2], y.shape[-1]], "a result")
    return x @ y


def _einsum(arguments: Arguments) -> Tensor:
    """``einsum``: products of ``values`` summed as ``equation`` says, such as nchw,nwhu->nchu."""
    values, equation = arguments.tensors("values"), arguments.string("equation")
    inputs, _, output = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for letters, value in zip(inputs.split(","), values, strict=True):
        sizes.update(zip(letters, value.shape, strict=True))
    check_size([sizes[letter] for letter in output], "a result")
    return torch.einsum(equation, values)


OPS = {
    "einsum": op(_einsum, "values equation"),
    "linear": op(_linear, "x weight bias?"),
    "matmul": op(_matmul, "x y transpose_x? transpose_y?"),
}

"""From numbers to 8-bit whole numbers and back, while a program runs."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op


def _quantize(arguments: Arguments) -> Tensor:
    """``quantize``: round(input / scale) + zero_point, within int8 or uint8."""
    x = arguments.tensor("input")
    limits = torch.iinfo(arguments.dtype("output_dtype"))
    steps = (x / _along_axis(arguments, "scale", x)).round()
    if arguments.has("zero_point"):
        steps = steps + _along_axis(arguments, "zero_point", x)
    return steps.nan_to_num(0).clamp(limits.min, limits.max)


def _dequantize(arguments: Arguments) -> Tensor:
    """``dequantize``: (input - zero_point) * scale."""
    x = arguments.tensor("input")
    if arguments.has("zero_point"):
        x = x - _along_axis(arguments, "zero_point", x)
    return x * _along_axis(arguments, "scale", x)


def _along_axis(arguments: Arguments, name: str, x: Tensor) -> Tensor:
    """A scale or zero point: a number, or one for each place along ``axis``."""
    values = arguments.tensor(name)
    if values.dim() == 0:
        return values
    axis = arguments.axis("axis", x.dim())
    return values.reshape([-1 if a == axis else 1 for a in range(x.dim())])


OPS = {
    "dequantize": op(_dequantize, "input zero_point? scale axis?", "scale"),
    "quantize": op(
        _quantize,
        "input zero_point? scale axis? output_dtype",
        lambda arguments: arguments.dtype("output_dtype"),
        output_dtype=("int8", "uint8"),
    ),
}

"""Small questions about an operator's tensors, each with its answer in plain words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from export.verify.delegates.table import Refusal
from export.verify.delegates.tflite_graph import Node, Tensor

Rule = Callable[[Node], Refusal | None]
"""Says why an operator is left out; None where it is taken."""

MAX_RANK = 6
"""Dimensions of an XNNPACK tensor (``XNN_MAX_TENSOR_DIMS``)."""

ACTIVATIONS = ("none", "ReLU", "ReLU from -1 to 1", "ReLU6", "tanh", "sign")
"""Fused ones, by their number in the schema; XNNPACK has the first four."""


def first(*refusals: Refusal | None) -> Refusal | None:
    """The first reason there is."""
    return next((refusal for refusal in refusals if refusal is not None), None)


def both(*rules: Rule) -> Rule:
    """Every rule must hold."""
    return lambda node: first(*(rule(node) for rule in rules))


def judge(rule: Rule, node: Node) -> Refusal | None:
    """What a rule says of an operator, whose shapes and settings may be nonsense."""
    try:
        with np.errstate(all="ignore"):
            return rule(node)
    except (LookupError, TypeError, ValueError):
        return Refusal("shapes or settings that this table cannot read")


def dtype(tensor: Tensor | None, allowed: Collection[str], rewrite: str | None) -> Refusal | None:
    """A tensor is there and has one of the data types."""
    if tensor is None:
        return Refusal("an input is missing")
    if tensor.dtype not in allowed:
        return Refusal(f"{tensor.dtype}, taken in {' or '.join(allowed)} only", rewrite)
    if tensor.dtype == "int8" and (len(tensor.scales) != 1 or tensor.axis != 0):
        return Refusal("int8 that is not quantised with one scale for the whole tensor", rewrite)
    return None


def rank(tensor: Tensor | None, least: int, most: int) -> Refusal | None:
    """A tensor has that many dimensions, none of them empty."""
    if tensor is None:
        return Refusal("an input is missing")
    if not least <= tensor.rank <= most:
        wanted = str(most) if least == most else f"{least} to {most}"
        return Refusal(f"{tensor.rank} dimensions, taken with {wanted}", "RESHAPE around it")
    if min(tensor.shape, default=1) <= 0:
        return Refusal("a dimension of unknown size", "export with fixed shapes")
    return None


def constant(tensor: Tensor | None, what: str) -> Refusal | None:
    """A tensor's values are in the file."""
    if tensor is None:
        return Refusal(f"no {what}")
    if not tensor.constant:
        return Refusal(f"{what} computed at run time", f"make the {what} constant")
    return None


def settings(tensor: Tensor | None, what: str, dtypes: Collection[str]) -> Refusal | None:
    """A tensor is a constant list of integers."""
    if tensor is not None and tensor.dtype not in dtypes:
        return Refusal(f"{what} of data type {tensor.dtype}", f"write the {what} as int32")
    return constant(tensor, what)


def activation(node: Node) -> Refusal | None:
    """XNNPACK has the fused activation."""
    number = node.option("fusedActivationFunction")
    if number < ACTIVATIONS.index("tanh"):
        return None
    name = ACTIVATIONS[number] if number < len(ACTIVATIONS) else str(number)
    return Refusal(f"fused {name}", "the activation as an operator of its own")


def same_quantization(node: Node) -> Refusal | None:
    """What moves values without computing must keep their scale.

    XNNPACK says yes to others and then fails: such a file cannot even be loaded.
    """
    output = node.outputs[0]
    for tensor in node.inputs:
        if tensor is None or tensor.dtype != "int8" or output.dtype != "int8":
            continue
        if (tensor.scales, tensor.zero_point) != (output.scales, output.zero_point):
            return Refusal(
                "int8 input and output of unlike scales, which XNNPACK cannot load",
                "QUANTIZE before it",
            )
    return None


def ratio(
    inputs: Sequence[Tensor | None], output: Tensor, least: float, most: float, below: str
) -> Refusal | None:
    """The product of int8 inputs' scales over the output's is at least that and below that.

    Args:
        inputs, output: of the operator.
        least, most: limits.
        below: the rewrite where the least is not reached.
    """
    scales = [t.scales[0] for t in inputs if t is not None and t.dtype == "int8" and t.scales]
    if len(scales) < len(inputs) or output.dtype != "int8" or not output.scales:
        return None
    found = np.prod(scales, dtype=np.float32) / output.scales[0]
    if least <= found < most:
        return None
    return Refusal(
        f"int8 scales too unlike: input to output, taken from {least:.3g} to {most:.3g}",
        below if found < least else "QUANTIZE the input to a smaller scale",
    )

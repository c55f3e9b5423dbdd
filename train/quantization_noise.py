"""A network about as an 8-bit file computes it: fake quantization of weights and activations.

What quantized files get wrong can be trained away: a network whose features have outliers has
coarse steps (all that goes into a convolution shares one), and the loss between the plain and the
quantized output, ``rounding`` (or ``quantization_noise``) in recipes, shrinks both the steps and
what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

BITS = 7
"""One less than files have: photos of all kinds are not the few that training sees."""


class Caller(nn.Module):
    """Calls a network's methods, as they are or with weights and activations quantized."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._quantizing = False
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_pre_hook(self._quantize_input)

    @contextmanager
    def quantized(self) -> Iterator[Callable[..., Tensor]]:
        """``call`` with weights, as they are now, and inputs of convolutions quantized."""
        weights = {
            f"network.{name}": quantize(weight, BITS)
            for name, weight in self.network.named_parameters()
            if weight.dim() == 4
        }
        self._quantizing = True
        try:
            yield lambda *call: cast(Tensor, functional_call(self, weights, call))
        finally:
            self._quantizing = False

    def forward(self, method: str, *arguments: Tensor) -> Tensor:
        """What a method of the network gives."""
        return cast(Tensor, getattr(self.network, method)(*arguments))

    def _quantize_input(self, _: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        return (quantize(inputs[0], BITS), *inputs[1:]) if self._quantizing else None


def quantize(values: Tensor, bits: int) -> Tensor:
    """(N, ...) rounded to ``2 ** bits - 1`` steps, each of the N by its own greatest value.

    Gradients pass straight through (Jacob et al., CVPR 2018), and by the size of the steps to the
    greatest value, as in LSQ (Esser et al., ICLR 2020).
    """
    # Not flattened, because features lie channels last.
    greatest = values.abs().amax(tuple(range(1, values.dim())), keepdim=True).clamp_min(1e-9)
    step = greatest / (2 ** (bits - 1) - 1)
    with torch.no_grad():
        scaled = values * (1 / step)
        residue = scaled.round().sub_(scaled)
    return torch.addcmul(values, step, residue)

"""A style as constants: what depends on nothing but its code is computed once, here."""

from __future__ import annotations

import copy
from collections import defaultdict

import torch
from torch import Tensor, nn


class Baked(nn.Module):
    """Stands for a layer whose output never changes."""

    value: Tensor

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.register_buffer("value", value)

    def forward(self, *unused: Tensor) -> Tensor:
        """The value, whatever is given."""
        return self.value


def bake(module: nn.Module, inputs: tuple[Tensor, ...]) -> nn.Module:
    """A copy of ``module`` with every layer that does not depend on its inputs made a constant.

    Converters would fold such layers anyway; done here, each constant keeps the name of the
    layer that it comes from.

    Args:
        module: takes ``inputs``; runs each of its layers at most once.
        inputs: of the right shapes; their values do not matter.

    >>> layer = nn.Linear(2, 2)
    >>> type(bake(nn.Sequential(Baked(torch.zeros(2)), layer), (torch.zeros(2),))[1]).__name__
    'Baked'
    """
    seen: dict[str, list[Tensor]] = defaultdict(list)
    baked = copy.deepcopy(module)
    handles = [
        layer.register_forward_hook(lambda m, i, o, name=name: seen[name].append(o))
        for name, layer in baked.named_modules()
        if next(layer.parameters(recurse=False), None) is not None
    ]
    with torch.no_grad():
        for seed in (0, 1):
            generator = torch.Generator().manual_seed(seed)
            baked(*(torch.rand(x.shape, generator=generator) for x in inputs))
    for handle in handles:
        handle.remove()
    for name, outputs in seen.items():
        if len(outputs) == 2 and torch.equal(*outputs):
            baked.set_submodule(name, Baked(outputs[0]))
    return baked

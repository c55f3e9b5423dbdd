"""Networks that judge and are not judged."""

from __future__ import annotations

from typing import Any

from torch import nn


class Frozen(nn.Module):
    """A network in evaluation mode and without gradients of its own, for good.

    Gradients still flow through it to its input. ``train()`` of a module that holds it leaves
    it in evaluation mode: batch statistics of stylised images would change what it sees (paper
    1's published code puts its frozen networks back into training mode so).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> Frozen:
        """Evaluation mode, whatever is asked for."""
        super().train(False)
        return self

    def forward(self, *inputs: Any) -> Any:
        """What the network makes of its inputs."""
        return self.network(*inputs)

"""Weights of the loss that follow targets: as much of a term as it takes, and no more.

A term with a target (recipe key ``terms.NAME.targets``) is a constraint: while its value is above
the target its weight grows, while it is below it shrinks, and the rest of the loss decides among
what is left (a Lagrange multiplier's ascent, in steps of the relative excess).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

RATE = 0.002
"""Change of a weight's logarithm a step, per unit of relative excess."""

MOST_EXCESS = 0.5
"""A value that is farther from its target counts as if it were this far, relatively."""

RANGE = 8.0
"""A weight stays between the recipe's own divided and multiplied by this."""


class Balance(nn.Module):
    """The weights of one network's terms."""

    factor: Tensor

    def __init__(self, weights: Mapping[str, float], targets: Mapping[str, float]) -> None:
        """Start at the recipe's weights.

        Args:
            weights: of every term.
            targets: of those that have one.
        """
        super().__init__()
        self.weights, self.targets = dict(weights), dict(targets)
        self.register_buffer("factor", torch.zeros(len(self.targets)), persistent=False)

    def weigh(self, values: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of values, scalars."""
        factors = dict(zip(self.targets, self.factor.exp().unbind()))
        return torch.stack(
            [self.weights[name] * factors.get(name, 1.0) * value for name, value in values.items()]
        ).sum()

    @torch.no_grad()
    def follow(self, values: Mapping[str, Tensor]) -> None:
        """Let the weights follow values that a step found, where they have a target."""
        change = [
            (values[name].float() / target - 1).clamp(-MOST_EXCESS, MOST_EXCESS)
            if name in values
            else self.factor.new_zeros(())
            for name, target in self.targets.items()
        ]
        if change:
            limit = math.log(RANGE)
            self.factor.add_(torch.stack(change), alpha=RATE).clamp_(-limit, limit)

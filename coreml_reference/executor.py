"""What executes a model of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from torch import Tensor

Observer = Callable[[str, str, Tensor], None]
"""Told of every result: its name, the operation that made it, its value."""


class Executor(Protocol):
    """A loaded model, its features aside."""

    def run(self, inputs: Mapping[str, Tensor], observer: Observer | None) -> dict[str, Tensor]:
        """Every output by name."""

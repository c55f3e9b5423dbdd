"""What the engine asks of whatever can be trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from train.auxiliary.registry import AuxiliaryNetworks
from train.recipe import Recipe


class Task(nn.Module, ABC):
    """What the engine asks of a task."""

    student: nn.Module
    """What is trained and kept."""
    sample_caption: str
    """What ``sample_grid`` shows, left to right."""

    recipe: Recipe
    """What to do."""
    auxiliary: AuxiliaryNetworks
    """What the loss looks with."""
    began_from: tuple[Mapping[str, str], ...] = ()
    """Metadata of the files of weights that the student began from."""
    stage = ""
    """Changes when the terms that count do: what a captured step must be captured anew for."""

    def enter(self, step: int) -> None:
        """Called before every step."""

    def loss(self, values: dict[str, Tensor]) -> Tensor:
        """What is minimised, of the terms' values."""
        weights = self.recipe.weights
        return torch.stack([weight * values[name] for name, weight in weights.items()]).sum()

    def described(self) -> dict[str, dict[str, str]]:
        """Metadata that the student's networks are found by, by name; empty where it has none."""
        return {}

    def state(self) -> dict[str, Tensor]:
        """What else a checkpoint must hold; filled in place when a run is resumed."""
        return {}

    @abstractmethod
    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Value of every term, averaged over the batch."""

    @abstractmethod
    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """What process ``rank`` of ``world`` learns from at a step; a pure function."""

    @abstractmethod
    def sample_grid(self) -> Image.Image:
        """A picture of what the network makes of fixed samples."""

    @abstractmethod
    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the trained weights."""

    @abstractmethod
    def skipped(self) -> dict[str, str]:
        """Images that could not be read, and why."""

    @abstractmethod
    def next_command(self, result: Path) -> str:
        """What a person would type after the training."""

"""What the engine asks of whatever can be trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from PIL import Image
from torch import Tensor, nn


class Task(nn.Module, ABC):
    """What the engine asks of a task."""

    student: nn.Module
    """What is trained and kept."""
    sheet_caption: str
    """What ``sheet`` shows, left to right."""

    @abstractmethod
    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Value of every term, averaged over the batch."""

    @abstractmethod
    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """What process ``rank`` of ``world`` learns from at a step; a pure function."""

    @abstractmethod
    def sheet(self) -> Image.Image:
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

"""A run's checkpoints: whole or absent, the last three kept."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import torch

from facestyle.errors import UserError
from facestyle.files import atomic

KEPT = 3
NAME = re.compile(r"step_(\d{8})\.ckpt")

State = dict[str, Any]


class Checkpoints:
    """Those of one run, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self) -> list[int]:
        """Steps done at each checkpoint, ascending."""
        if not self.folder.is_dir():
            return []
        return sorted(int(m[1]) for p in self.folder.iterdir() if (m := NAME.fullmatch(p.name)))

    def path(self, step: int) -> Path:
        """Where the checkpoint after ``step`` steps lies."""
        return self.folder / f"step_{step:08d}.ckpt"

    def save(self, state: State) -> Path:
        """Write ``state`` (tensors, numbers, words; its ``step`` names the file), drop old ones.

        Raises:
            CannotWrite: no space or no permission; what was there before is untouched.
        """
        path = self.path(state["step"])
        for leftover in self.folder.glob(f".*{path.suffix}"):
            leftover.unlink(missing_ok=True)  # of a run that was killed while it wrote
        with atomic(path) as temporary, temporary.open("wb") as file:
            try:
                torch.save(state, file)
            except RuntimeError as error:
                # PyTorch's writer hides what the file said.
                if isinstance(error.__context__, OSError):
                    raise error.__context__ from error
                file.flush()
                raise
        for step in self.steps()[:-KEPT]:
            self.path(step).unlink(missing_ok=True)
        return path

    def latest(self) -> State | None:
        """The newest that can be read; a damaged one is passed over with a warning.

        Raises:
            UserError: when there are some, all damaged.
        """
        for step in reversed(self.steps()):
            try:
                return torch.load(self.path(step), map_location="cpu", weights_only=True)
            except Exception as error:  # torch's reader raises almost anything on damaged files
                warnings.warn(f"{self.path(step)} is damaged ({error}); passed over", stacklevel=2)
        if self.steps():
            raise UserError(f"all checkpoints in {self.folder} are damaged; start a new run")
        return None

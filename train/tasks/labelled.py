"""What training a network on labelled photos has in common, whatever the label."""

from __future__ import annotations

import shlex
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import torch
from PIL import Image
from torch import Tensor, nn

from facestyle.errors import UserError, unknown
from train.auxiliary import files
from train.auxiliary.registry import AuxiliaryNetworks
from train.auxiliary.resnet import STRIDE
from train.data.batches import BatchConfig, Batches
from train.data.labelled import learning_samples
from train.recipe import Recipe
from train.tasks.sample_grid import tile
from train.tasks.task import Task

SAMPLES = 4
"""Photos in a sample grid."""


class LabelledTask(Task):
    """A network with a ``ResNetEncoder`` and its photos with labels."""

    label: ClassVar[str]
    """``depth`` or ``parsing``."""
    used_by: ClassVar[tuple[str, str]]
    """A style recipe whose loss can use it, and its key in ``auxiliary``."""
    losses: ClassVar[Iterable[str]]
    """Terms that a recipe can name."""

    def __init__(self, recipe: Recipe, student: nn.Module) -> None:
        super().__init__()
        for name in recipe.weights:
            if name not in self.losses:
                raise unknown(f"term of a {self.label} recipe", name, self.losses)
        self.recipe, data = recipe, recipe.data
        sources = learning_samples(recipe, self.label)
        # As many of every source in every batch: where the mixture changes from batch to batch,
        # batch normalisation learns statistics that fit none of them.
        share, rest = divmod(recipe.batch, len(sources))
        if rest or recipe.batch < 2:
            raise UserError(
                f"a batch of {recipe.batch} cannot hold equal parts of {len(sources)} sources, "
                f"two images at least; use --set batch={max(2, share) * len(sources)}"
            )
        if data.size < STRIDE:
            raise UserError(f"recipe: data.size must be at least {STRIDE}, not {data.size}")
        config = BatchConfig(
            size=data.size,
            short_side=data.short_side,
            batch=share,
            seed=recipe.seed,
            jitter=data.jitter,
            labels=(self.label,),
        )
        self.batches = [Batches(samples, config) for samples in sources]
        if recipe.start == "imagenet":
            load_imagenet = getattr(student.get_submodule("encoder"), "load_imagenet", None)
            if load_imagenet is None:
                raise UserError(f"{recipe.network} has no weights of ImageNet to start from")
            load_imagenet()
        elif recipe.start:
            self.began_from = (files.fill(student, Path(recipe.start), recipe.network),)
        self.student, self.auxiliary = student.train(), AuxiliaryNetworks((), {})

    def batch(self, step: int, rank: int, world: int) -> dict[str, Tensor]:
        """``image`` (n, 3, S, S) in [0, 1] and the label, as ``Batches`` gives it."""
        parts = [batches.at(step, rank, world) for batches in self.batches]
        return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}

    @abstractmethod
    def pictures(self, batch: dict[str, Tensor], found: Tensor) -> tuple[Tensor, Tensor]:
        """The label and what the network ``found``, as images (n, 3, S, S) in [0, 1]."""

    @torch.no_grad()
    def sample_grid(self) -> Image.Image:
        """Fixed photos, their labels and what the network makes of them."""
        whole = self.batch(0, 0, 1)
        chosen = torch.linspace(0, len(whole["image"]) - 1, SAMPLES).round().long()
        batch = {key: value[chosen] for key, value in whole.items()}
        device = next(self.student.parameters()).device
        found = self.student.eval()(batch["image"].to(device)).float().cpu()
        self.student.train()
        return tile([*zip(batch["image"], *self.pictures(batch, found))])

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the weights."""
        files.save(self.student.state_dict(), self.recipe.network, path, metadata)

    def skipped(self) -> dict[str, str]:
        """Damaged photos."""
        return {name: why for b in self.batches for name, why in b.skipped.items()}

    def next_command(self, result: Path) -> str:
        """Judge it on the held-out part; where there is none, use it."""
        spec = self.recipe.data
        if not spec.holdout:
            recipe, key = self.used_by
            return f"facestyle train {recipe} --set auxiliary.{key}={shlex.quote(str(result))}"
        data = " ".join(f"--data {shlex.quote(source)}" for source in spec.labelled)
        how = f"--holdout {spec.holdout:g} --short-side {spec.short_side}"
        return f"facestyle evaluate {self.label} {shlex.quote(str(result))} {data} {how}"

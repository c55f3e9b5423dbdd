"""Train a face parser (paper 1, section 5.1 and 5.2)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from train.auxiliary.bisenet import BiSeNet, create_parsing
from train.auxiliary.face_classes import colorize, most_likely
from train.objectives.segmentation import parsing_loss
from train.recipe import Recipe
from train.tasks.labelled import LabelledTask

LOSSES = {"heads": parsing_loss}
"""By their names in recipes."""


class ParsingTask(LabelledTask):
    """A face parser and its photos with maps of face parts."""

    label = "parsing"
    used_by = ("face_adain", "face")
    losses = LOSSES
    sample_caption = "photo, parts as labelled, parts as found"

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe, create_parsing(recipe.network))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Value of every term."""
        photo = batch["image"].contiguous(memory_format=torch.channels_last)
        heads = cast(BiSeNet, self.student).heads(photo)
        return {name: LOSSES[name](heads, batch["parsing"]) for name in self.recipe.weights}

    def pictures(self, batch: dict[str, Tensor], found: Tensor) -> tuple[Tensor, Tensor]:
        """Every part in its colour."""
        labels = batch["parsing"]
        own = most_likely(found, labels.shape[-2], labels.shape[-1])
        return colorize(labels) / 255, colorize(own) / 255

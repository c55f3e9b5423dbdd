"""Train a depth network (paper 1, section 4.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from train.auxiliary.depth_networks import create_depth
from train.objectives import depth as objectives
from train.recipe import Recipe
from train.tasks.labelled import LabelledTask
from train.tasks.sample_grid import shade

LOSSES = {
    "log_l1": objectives.log_l1,
    "gradient": objectives.gradient_loss,
    "normal": objectives.normal_loss,
}
"""By their names in recipes (section 4.1.1)."""


class DepthTask(LabelledTask):
    """A depth network and its photos with depth maps."""

    label = "depth"
    used_by = ("depth_adain", "depth")
    losses = LOSSES
    sample_caption = "photo, depth as measured, depth as estimated; near is bright"

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe, create_depth(recipe.network))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Mean of every term over the batch."""
        photo = batch["image"].contiguous(memory_format=torch.channels_last)
        depth = self.student(photo).float()
        target = batch["depth"][..., ::2, ::2]
        known = torch.isfinite(target)
        target = torch.where(known, target, depth.detach())
        return {n: LOSSES[n](depth, target, known).mean() for n in self.recipe.weights}

    def pictures(self, batch: dict[str, Tensor], found: Tensor) -> tuple[Tensor, Tensor]:
        """Grey levels."""
        pairs = [*zip(batch["depth"], found)]
        measured = torch.stack([shade(depth) for depth, _ in pairs])
        return measured, torch.stack([shade(own, like=depth) for depth, own in pairs])

"""Tasks that learn from labelled photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import TrainingData
from train import recipes, tasks


@pytest.mark.parametrize(
    ("recipe", "used"),
    [("depth_v1_small", "auxiliary.depth="), ("bisenet_small", "auxiliary.face=")],
)
def test_next_command_judges_what_was_held_out(
    recipe: str, used: str, training_data: TrainingData
) -> None:
    def command(holdout: float) -> str:
        settings = (f"data.labelled=['{training_data.labelled}']", f"data.holdout={holdout}")
        loaded = recipes.load(recipe, None, settings)
        return tasks.create(loaded).next_command(Path("x.safetensors"))

    judged = command(0.25)
    assert f"--data {training_data.labelled} --holdout 0.25 --short-side" in judged
    assert judged.startswith("facestyle evaluate ")
    assert used in command(0)

"""Write the averaged weights of a run's newest checkpoint, while it trains::

    python -m train.average runs/campaign --out weights/

One file for each network, as a finished run leaves them; ``--half`` stores fp16, half the bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import torch

from facestyle import checkpoint
from facestyle.errors import UserError
from facestyle.networks import create
from facestyle.tensor_files import write_tensors
from train import recipes
from train.checkpoints import Checkpoints

NETWORKS = "networks."
"""How the keys of a family of networks begin (``train.tasks.joint``)."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--half", is_flag=True, help="Store fp16.")
def main(run: Path, out: Path, half: bool) -> None:
    """Write the averaged weights of the newest checkpoint of RUN into --out."""
    for path in write_average(run, out, half):
        click.echo(f"wrote {path}")


def write_average(run: Path, out: Path, half: bool = False) -> list[Path]:
    """Write the averaged weights of a run's newest checkpoint.

    Returns:
        the files, one for each network.

    Raises:
        UserError: when there is no checkpoint, or the run keeps no average.
    """
    state = Checkpoints(run / "checkpoints").latest()
    if state is None:
        raise UserError(f"{run} holds no checkpoint yet")
    if state["average"] is None:
        raise UserError(f"{run} keeps no averaged weights; its recipe has average = 0")
    recipe = recipes.load(str(run / "recipe.toml"))
    begun = _last_start(run)
    metadata = {
        # Runs of before 2026-11-28 do not know more than these.
        "recipe": recipe.name,
        "recipe_fingerprint": recipe.fingerprint,
        "batch": str(recipe.batch),
        **begun.get("metadata", {}),
        "steps": str(state["step"]),
    }
    written = []
    for name in (recipe.network, *recipe.along):
        begin = f"{NETWORKS}{name}."
        found = {
            k.removeprefix(begin): v for k, v in state["average"].items() if k.startswith(begin)
        }
        # A run of a single network has no family.
        tensors = found or state["average"]
        if half:
            tensors = {k: v.to(torch.float16) for k, v in tensors.items()}
        path = out / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        about = begun.get("networks", {}).get(name) or checkpoint.describe(create(name))
        write_tensors(tensors, path, {**metadata, **about})
        written.append(path)
    return written


def _last_start(run: Path) -> dict[str, Any]:
    """What ``run.json`` says of the newest start."""
    path = run / "run.json"
    starts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return starts[-1] if starts else {}


if __name__ == "__main__":
    main()

"""``facestyle train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facestyle.errors import UserError
from facestyle.presets import PRESETS

if TYPE_CHECKING:
    from train.recipe import Recipe

EPILOG = (
    "Examples:\n\n"
    "  facestyle train --list\n\n"
    "  facestyle train depth_face_adain --content my_photos/ --style my_paintings/\n\n"
    "  facestyle train depth_face_adain --network mobile --content faces.tar --style art.tar\n\n"
    "  facestyle train face_adain --set terms.face.weight=50 --steps 20000 --out runs/face50\n\n"
    "  facestyle train depth_v3_small --data rgbd.tar --data linemod:LineMOD/\n\n"
    "  facestyle train adain --content coco:COCO/ --style wikiart:wikiart/ --resume\n\n"
    "  torchrun --nproc-per-node 8 $(which facestyle) train adain --content ... --style ..."
)


@click.command(epilog=EPILOG)
@click.argument("recipe", required=False)
@click.option("--list", "listing", is_flag=True, help="Show every recipe, its paper and equation.")
@click.option("--network", help=f"{', '.join(PRESETS)}: instead of the recipe's own.")
@click.option("--content", multiple=True, help="Photos: folder, tar or READER:PATH; repeatable.")
@click.option("--style", multiple=True, help="Paintings: the same.")
@click.option("--data", multiple=True, help="Labelled photos, for depth_* and bisenet*.")
@click.option("--perceptual", help="VGG-19 weights, if torchvision's can't be downloaded.")
@click.option("--steps", type=int, help="Instead of the recipe's.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any recipe key.")
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint in --out.")
@click.option(
    "--devices",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes or GPUs here.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Default: runs/RECIPE_NETWORK.")
def train(
    recipe: str | None,
    listing: bool,
    network: str | None,
    content: tuple[str, ...],
    style: tuple[str, ...],
    data: tuple[str, ...],
    perceptual: str | None,
    steps: int | None,
    settings: tuple[str, ...],
    resume: bool,
    devices: int,
    out: Path | None,
) -> int:
    """Train a style network, or an auxiliary network for its losses.

    RECIPE is a name of --list or a .toml file. What is written is in --out: weights,
    checkpoints, metrics.csv, samples/, tensorboard/ and, at the end, summary.md.
    """
    from facestyle.dependencies import require
    from train import recipes

    if listing:
        _list()
        return 0
    require("train")
    if recipe is None:
        raise UserError("name a recipe; facestyle train --list shows them")
    given = {"data.content": content, "data.style": style, "data.labelled": data}
    short = [f"{key}={list(value)!r}" for key, value in given.items() if value]
    if perceptual is not None:
        short.append(f"auxiliary.perceptual={perceptual}")
    if steps is not None:
        short.append(f"steps={steps}")
    chosen = recipes.load(recipe, network, (*settings, *short))
    return _run(chosen, out or Path("runs") / _name(chosen.name, chosen.network), resume, devices)


def _name(recipe: str, network: str) -> str:
    return recipe if recipe.startswith(network) else f"{recipe}_{network}"


def _list() -> None:
    from train import recipes

    for name in recipes.names():
        recipe = recipes.load(name)
        click.echo(f"{name:20} {recipe.summary}")
        networks = " or ".join(PRESETS) if recipe.task == "style" else recipe.network
        click.echo(f"{'':20} {recipe.reference}; {networks}, {recipe.steps:,} steps")


def _run(recipe: Recipe, out: Path, resume: bool, devices: int) -> int:
    from train import engine

    fabric = engine.start_fabric(devices, recipe.batch)
    try:
        trained = engine.train(recipe, out, fabric, resume=resume)
    except engine.Stopped as stopped:
        click.echo(f"{out}: {stopped}", err=True)
        return 128 + int(stopped.signal_number)
    if fabric.is_global_zero:
        click.echo(f"wrote {trained.weights} and {out / 'summary.md'}")
        click.echo(f"next: {trained.next_command}")
    return 0

"""Images a second of the recipe `adain` on `vgg19`, against the loop as it is published.

    python -m benchmarks.experiments.training_speed --content coco:COCO/ --style wikiart:wikiart/ \\
        --perceptual vgg_normalised.pth --out speed.json

All run in this process, in turns (A B C A B C ...), on the same files, after a step each to warm
up; what counts is each one's median over the rounds. Loading is part of the time: no loop makes
batches while another one runs.

Makes: a table on the terminal, and as JSON with all rounds in --out
(benchmarks/results/training_speed.json). Takes: 7 minutes on two cores, without --compile.
Needs: nothing; images and VGG-19 weights that are not given are made up, and the report says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from lightning_fabric import Fabric

from benchmarks.experiments import command, stand_ins
from benchmarks.experiments.published_adain import Crops, Loader, PublishedLoop
from facestyle import __version__
from facestyle.files import write_text
from facestyle.networks.vgg19 import VGG19Network
from train import git, recipes
from train.data.batches import prefetch
from train.data.sets import open_source
from train.engine import make_optimizer, start_fabric, take_step, uses_bf16
from train.memory import keep_freed_memory, return_freed_memory
from train.recipe import Recipe
from train.tasks.style import StyleTask

PAPER_IMAGES = 100_000 * 8
"""Paper 1, section 4.5: steps times batch; 35 hours on a V100."""


class Loop(Protocol):
    """A way of training."""

    name: str

    def run(self, steps: int) -> None:
        """Load, learn, repeat; returns when the work is done, not only queued."""


class Published:
    """The published loop with its loader."""

    def __init__(self, recipe: Recipe, network: VGG19Network, fabric: Fabric, workers: int) -> None:
        """Begin with a network's weights.

        Args:
            workers: processes that decode images, 0 for none but this one.
        """
        self.name = f"published loop, {workers} loader processes" if workers else "published loop"
        self.loop = PublishedLoop(network, fabric.device)
        data = recipe.data
        self.loaders = [
            Loader(
                Crops([s for source in sources for s in open_source(source)], *_sides(recipe)),
                recipe.batch,
                workers,
            )
            for sources in (data.content, data.style)
        ]

    def run(self, steps: int) -> None:
        """See ``Loop``."""
        return_freed_memory()
        content, style = (loader.batches(steps) for loader in self.loaders)
        for photo, painting in zip(content, style):
            self.loop.step(photo, painting)
        _finish(self.loop.device)


class Ours:
    """The task of a recipe, driven as ``train.engine`` drives it, less the writing."""

    def __init__(self, name: str, recipe: Recipe, fabric: Fabric, compiled: bool = False) -> None:
        self.name, self.recipe, self.fabric = name, recipe, fabric
        self.bf16 = uses_bf16(recipe.engine.precision, fabric.device)
        self.task = StyleTask(recipe)
        self.task.to(memory_format=torch.channels_last)
        if compiled:
            self.task.compile()
        optimizer = make_optimizer(self.task.student, recipe.optimizer)
        self.module, self.optimizer = fabric.setup(self.task, optimizer)
        self.done = 0

    def run(self, steps: int) -> None:
        """See ``Loop``."""
        keep_freed_memory()
        turn = range(self.done, self.done + steps)
        workers = self.recipe.engine.workers
        for batch in prefetch(lambda step: self.task.batch(step, 0, 1), turn, workers=workers):
            batch = self.fabric.to_device(batch)
            take_step(
                self.module, self.task, self.optimizer, self.recipe, self.fabric, self.bf16, batch
            )
        self.done += steps
        _finish(self.fabric.device)


@dataclass(frozen=True)
class Speed:
    """Of one loop.

    Attributes:
        name: of the loop.
        rounds: images a second of every round.
        median: of them.
        ratio: median over that of the published loop.
        paper_hours: what paper 1's 100,000 steps of 8 would take.
    """

    name: str
    rounds: tuple[float, ...]
    median: float
    ratio: float
    paper_hours: float


def interleaved(loops: Sequence[Loop], images: int, rounds: int, steps: int) -> list[Speed]:
    """Time loops in turns; the first is what the others are compared with.

    Args:
        images: a step.
        rounds: of all loops.
        steps: of one loop in one round.
    """
    for loop in loops:
        loop.run(1)
    found: dict[str, list[float]] = {loop.name: [] for loop in loops}
    for _ in range(rounds):
        for loop in loops:
            start = time.perf_counter()
            loop.run(steps)
            found[loop.name].append(steps * images / (time.perf_counter() - start))
    medians = {name: statistics.median(speeds) for name, speeds in found.items()}
    base = medians[loops[0].name]
    return [
        Speed(
            name,
            tuple(speeds),
            medians[name],
            medians[name] / base,
            PAPER_IMAGES / medians[name] / 3600,
        )
        for name, speeds in found.items()
    ]


def make_loops(recipe: Recipe, fabric: Fabric, compiled: bool) -> list[Loop]:
    """The published loop, the same with loader processes, and ours in its variants.

    Args:
        recipe: ``adain`` for ``vgg19`` with its data.
        compiled: whether to add a variant with ``torch.compile``, which takes minutes to begin.
    """

    def variant(precision: str) -> Recipe:
        tables = recipe.tables()
        tables["engine"]["precision"] = precision
        return recipes.read(tables)

    kinds = ["fp32", "bf16"] if uses_bf16("auto", fabric.device) else ["fp32"]
    ours = [Ours(f"ours, {kind}", variant(kind), fabric) for kind in kinds]
    if compiled:
        ours.append(Ours(f"ours, {kinds[-1]}, compiled", variant(kinds[-1]), fabric, compiled=True))
    network = cast(VGG19Network, ours[0].task.student)
    published = [
        Published(recipe, network, fabric, workers) for workers in (0, recipe.engine.workers)
    ]
    return [*published, *ours]


def _sides(recipe: Recipe) -> tuple[int, int]:
    return recipe.data.short_side, recipe.data.size


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _processor(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads, {platform.machine()}"


def _recipe(args: argparse.Namespace, scratch: Path, notes: list[str]) -> Recipe:
    """The recipe ``adain`` with what is missing made up, and a note of that."""
    images = args.batch * (1 + args.rounds * args.steps)
    data = {}
    for seed, (kind, given) in enumerate((("content", args.content), ("style", args.style))):
        data[kind] = given or [str(stand_ins.make_images(scratch / kind, images, seed))]
        if not given:
            notes.append(f"{kind}: {images} made images of {stand_ins.WIDTH} x {stand_ins.HEIGHT}")
        elif sum(len(open_source(source)) for source in given) < images:
            notes.append(f"{kind}: fewer than {images} images, so ours keeps some decoded")
    if args.perceptual is None:
        notes.append("VGG-19 with random weights: as fast, but not what one would train with")
    perceptual = args.perceptual or stand_ins.make_encoder(scratch / "encoder.safetensors")
    settings = (
        f"batch={args.batch}",
        f"data.size={args.size}",
        f"data.short_side={args.short_side}",
        f"data.content={json.dumps(data['content'])}",
        f"data.style={json.dumps(data['style'])}",
        f"auxiliary.perceptual={json.dumps(str(perceptual))}",
        f"engine.workers={args.workers}",
    )
    return recipes.load("adain", "vgg19", settings)


def _print(made: dict[str, Any], speeds: Sequence[Speed]) -> None:
    recipe = made["settings"]
    print(
        f"{made['device']}; batch {recipe['batch']}, {recipe['size']} x {recipe['size']}, "
        f"{recipe['rounds']} rounds of {recipe['steps']} steps; torch {made['torch']}"
    )
    for note in made["notes"]:
        print(f"note: {note}")
    print(f"{'':42}{'images/s':>10}{'slowest':>10}{'fastest':>10}{'ratio':>8}{'paper 1':>10}")
    for s in speeds:
        print(
            f"{s.name:42}{s.median:10.2f}{min(s.rounds):10.2f}{max(s.rounds):10.2f}"
            f"{s.ratio:8.2f}{s.paper_hours:8.2f} h"
        )
    print("paper 1: 100,000 steps of 8 images, 35 h on a V100")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, time all loops, print and write."""
    parser = command.parser("training_speed", __doc__)
    parser.add_argument("--content", action="append", help="photos; made up by default")
    parser.add_argument("--style", action="append", help="paintings; made up by default")
    parser.add_argument("--perceptual", type=Path, help="VGG-19 weights; random by default")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--short-side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="of each loop in a round")
    default = min(16, os.cpu_count() or 1)
    parser.add_argument(
        "--workers",
        type=int,
        default=default,
        help="threads that load images in ours, processes in the published loop's second row",
    )
    parser.add_argument("--compile", action="store_true", help="also with torch.compile (minutes)")
    parser.add_argument("--out", type=Path, help="JSON")
    args = parser.parse_args(arguments)
    notes: list[str] = []
    fabric = start_fabric(1, args.batch)
    with command.one_line_errors(parser), tempfile.TemporaryDirectory() as scratch:
        recipe = _recipe(args, Path(scratch), notes)
        loops = make_loops(recipe, fabric, args.compile)
        speeds = interleaved(loops, args.batch, args.rounds, args.steps)
    made = {
        "device": _processor(fabric.device),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "facestyle": __version__,
        "git": git.revision(),
        "settings": {
            name: getattr(args, name)
            for name in ("batch", "size", "short_side", "rounds", "steps", "workers")
        },
        "notes": notes,
    }
    _print(made, speeds)
    if args.out is not None:
        rows = [vars(s) for s in speeds]
        write_text(args.out, json.dumps(made | {"rows": rows}, indent=2, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()

"""What a run leaves to look at.

``runs/NAME/`` holds ``recipe.toml`` (resolved; can be trained again), ``run.json`` (git revision,
machine, versions and the weights' metadata of every start), ``metrics.csv``, ``samples/``,
``tensorboard/``, ``checkpoints/``, the trained weights and, at the end, ``summary.md``.
"""

from __future__ import annotations

import csv
import io
import json
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import click
import tomli_w
import torch
from lightning_fabric import Fabric
from torch import Tensor
from tqdm import tqdm

from facestyle import __version__
from facestyle.errors import UserError
from facestyle.files import atomic, write_text
from train import git, provenance, recipes
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.tasks.task import Task

FREE = (
    *("steps", "engine", "data.content", "data.style", "data.labelled"),
    *("optimizer.rate", "optimizer.clip"),
)
"""What may differ between a run and its resumption: how long, how fast, where data lies, and what
a run that has gone astray needs changed."""


class RunLogger:
    """Metrics, samples and summary of one run; only the first of several processes writes."""

    def __init__(self, out: Path, recipe: Recipe, fabric: Fabric, bf16: bool) -> None:
        self.out, self.recipe, self.fabric = out, recipe, fabric
        self.writes = fabric.is_global_zero
        self.metrics = out / "metrics.csv"
        self.precision = "bf16" if bf16 else "fp32"
        self.revision = git.revision()
        self._pending: list[tuple[int, dict[str, Tensor]]] = []
        self._rows: list[dict[str, float]] = []
        self._bar: Any = None
        self._board: Any = None
        self._first = 0
        self._timed = (0, 0.0)
        self._began = 0.0

    def claim(self, resume: bool, steps: list[int]) -> None:
        """Take the folder for this run.

        Args:
            resume: go on with what is in it.
            steps: of the checkpoints in it.

        Raises:
            UserError: when it holds another run, or the recipe changed since.
        """
        if steps and not resume:
            raise UserError(
                f"{self.out} holds a run of {steps[-1]} steps; add --resume or choose another --out"
            )
        kept = self.out / "recipe.toml"
        if steps and kept.exists():
            before = _flat(recipes.load(str(kept)).tables())
            now = _flat(self.recipe.tables())
            for key in sorted(before.keys() | now.keys()):
                if not key.startswith(FREE) and before.get(key) != now.get(key):
                    raise UserError(
                        f"{self.out} was started with {key} = {before.get(key)!r}, not "
                        f"{now.get(key)!r}; start a new run with another --out"
                    )

    def begin(self, first: int, task: Task) -> None:
        """Write what is known before the first step; forget metrics after it."""
        self._first, self._began = first, time.perf_counter()
        self._timed = (first, self._began)
        if not self.writes:
            return
        write_text(self.out / "recipe.toml", tomli_w.dumps(self.recipe.tables()))
        machine = {
            "git": self.revision,
            "facestyle": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "device": str(self.fabric.device),
            "processes": self.fabric.world_size,
            "precision": self.precision,
            "resumed_at": first,
            "metadata": self.metadata(task),
            "networks": task.described(),
        }
        history = self.out / "run.json"
        before = (
            json.loads(history.read_text(encoding="utf-8")) if first and history.exists() else []
        )
        write_text(history, json.dumps([*before, machine], indent=2) + "\n")
        self._rows = [r for r in _read_csv(self.metrics) if r["step"] <= first]
        write_text(self.metrics, _csv(self._rows, header=True))

    def tell(self, message: str) -> None:
        """A line for whoever waits."""
        if self.writes:
            click.echo(message, err=True)

    def __enter__(self) -> RunLogger:
        if self.writes:
            # What TensorBoard looks for before it imports all of TensorFlow to write its files.
            sys.modules.setdefault("tensorboard.compat.notf", ModuleType("notf"))
            from torch.utils.tensorboard.writer import SummaryWriter

            self._board = SummaryWriter(str(self.out / "tensorboard"), purge_step=self._first + 1)
            self._bar = tqdm(
                total=self.recipe.steps,
                initial=self._first,
                desc=self.out.name,
                unit="step",
                dynamic_ncols=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.writes:
            self._bar.close()
            self._board.close()

    def note(self, step: int, rate: float, values: dict[str, Tensor]) -> None:
        """Remember a step's values; every so many steps, write their means down."""
        self._pending.append((step, {name: value.detach() for name, value in values.items()}))
        if self.writes:
            self._bar.update()
        if step % self.recipe.engine.log_every == 0 or step == self.recipe.steps:
            self.log(step, rate)

    def check(self) -> None:
        """Make sure that every value since the last row is finite.

        Raises:
            UserError: if one is not.
        """
        finite = torch.isfinite(self._table())
        if not finite.all():
            row, column = (~finite).nonzero()[0].tolist()
            step, values = self._pending[row]
            self.refuse(f"step {step}: {list(values)[column]} is not finite")

    def refuse(self, why: str) -> NoReturn:
        """Stop a run that has gone astray.

        Raises:
            UserError: always; says why, and what to do.
        """
        raise UserError(
            f"{why}; the last good checkpoint is in {self.out / 'checkpoints'}. Lower "
            "optimizer.rate, set optimizer.clip or engine.precision=fp32, and --resume"
        )

    def _table(self) -> Tensor:
        """Pending values, (steps, names)."""
        rows = [torch.stack([v.float() for v in values.values()]) for _, values in self._pending]
        return torch.stack(rows)

    def log(self, step: int, rate: float) -> None:
        """Write down the means of what came since the last row.

        Called before anything is kept, too, so that a resumed run writes the same rows.

        Raises:
            UserError: when a value is not finite.
        """
        if not self._pending:
            return
        self.check()
        means, names = self._table().mean(0), self._pending[0][1].keys()
        if self.fabric.world_size > 1:
            means = self.fabric.all_reduce(means, reduce_op="mean")  # type: ignore[assignment]
        self._pending = []
        if not self.writes:
            return
        now = time.perf_counter()
        (since, at), self._timed = self._timed, (step, now)
        row = {"step": float(step), "rate": rate, **dict(zip(names, means.tolist()))}
        row["images_per_second"] = (step - since) * self.recipe.batch / (now - at)
        with self.metrics.open("a", newline="", encoding="utf-8") as file:
            file.write(_csv([row], header=not self._rows))
        self._rows = [*self._rows[:1], row]
        for name, value in row.items():
            if name != "step":
                self._board.add_scalar(name, value, step)
        self._board.flush()
        shown = {k: f"{row[k]:.4g}" for k in ("loss", *self.recipe.weights)}
        self._bar.set_postfix(shown | {"images/s": f"{row['images_per_second']:.1f}"})

    def sample(self, step: int, task: Task) -> None:
        """Keep a picture of what the network makes of the fixed samples."""
        if not self.writes:
            return
        picture = task.sample_grid()
        with atomic(self.out / "samples" / f"step_{step:08d}.jpg") as temporary:
            picture.save(temporary, quality=90)
        pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
        shape = (picture.height, picture.width, 3)
        self._board.add_image("samples", pixels.reshape(shape), step, dataformats="HWC")

    def metadata(self, task: Task) -> dict[str, str]:
        """What the file of trained weights says of its training."""
        records = task.auxiliary.records()
        return provenance.metadata(self.recipe, self.revision, records, task.began_from)

    def finish(self, result: Path, task: Task) -> None:
        """Write a last picture, the weights and ``summary.md``."""
        self.sample(self.recipe.steps, task)
        skipped = task.skipped()
        if self.fabric.world_size > 1:
            found: list[dict[str, str]] = [{} for _ in range(self.fabric.world_size)]
            torch.distributed.all_gather_object(found, skipped)
            skipped = {name: why for part in found for name, why in part.items()}
        if self.writes:
            task.save(result, self.metadata(task))
            self._summarize(result, task, skipped)

    def _summarize(self, result: Path, task: Task, skipped: dict[str, str]) -> None:
        """What was trained, how it went, what to type next."""
        recipe, seconds = self.recipe, time.perf_counter() - self._began
        steps = recipe.steps - self._first
        lines = [
            f"# {self.out.name}",
            "",
            f"{recipe.summary} ({recipe.reference}).",
            "",
            f"- network `{recipe.network}`, {recipe.steps} steps of batch {recipe.batch} at "
            f"{recipe.data.size} x {recipe.data.size}, {self.precision}, "
            f"{self.fabric.world_size} process(es) on {self.fabric.device.type}",
            f"- {seconds:.0f} s for the last {steps} steps, "
            f"{steps * recipe.batch / max(seconds, 1e-9):.1f} images/s",
            f"- git {self.revision}",
            f"- weights: `{result.name}`; settings: `recipe.toml`; curves: `metrics.csv`, or "
            f"`tensorboard --logdir {self.out}`",
        ]
        if skipped:
            lines.append(f"- {len(skipped)} damaged image(s) skipped:")
            lines += [f"  - {name}: {reason}" for name, reason in sorted(skipped.items())]
        if self._rows:
            first, last = self._rows[0], self._rows[-1]
            lines += ["", "| | weight | first | last |", "|---|---|---|---|"]
            for name in ("loss", *recipe.weights):
                weight = recipe.weights.get(name)
                shown = "" if weight is None else f"{weight:g}"
                start = first.get(name, float("nan"))
                lines.append(f"| {name} | {shown} | {start:.4g} | {last[name]:.4g} |")
        samples = sorted((self.out / "samples").glob("*.jpg"))
        if samples:
            lines += ["", f"![{task.sample_caption}](samples/{samples[-1].name})"]
            lines += ["", f"*{task.sample_caption}*"]
        lines += ["", "Next:", "", "```sh", task.next_command(result), "```", ""]
        write_text(self.out / "summary.md", "\n".join(lines))


def _flat(tables: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as one level of keys with dots."""
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(value) if isinstance(value, tuple) else value
    return flat


def _csv(rows: list[dict[str, float]], header: bool) -> str:
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[-1]))
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _read_csv(path: Path) -> list[dict[str, float]]:
    """Its rows, but for what a kill cut short."""
    if not path.exists():
        return []
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # Too few fields are None, those too many are a list.
            with suppress(TypeError, ValueError):
                rows.append({key: float(value) for key, value in row.items()})
    return rows

"""The training loop: one for every recipe, on a CPU, a GPU, or several machines.

What makes a resumed run equal to one that never stopped: the batch, the learning rate and
every random choice are functions of the step alone, and a checkpoint holds all the rest
(weights, optimiser, average).
"""

from __future__ import annotations

import math
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from facestyle.errors import UserError
from train import tasks
from train.checkpoints import Checkpoints
from train.cuda_graph import CapturedStep
from train.data.batches import prefetch
from train.memory import keep_freed_memory
from train.recipe import OptimizerSpec, Recipe
from train.run_logger import RunLogger
from train.schedule import learning_rate
from train.tasks.task import Task

WORTH_COMPILING = 1000
"""Steps below which compiling costs more than it saves."""


class Stopped(Exception):
    """A signal asked the run to end; its checkpoint is written."""

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(f"stopped after step {step}; --resume goes on from there")
        self.signal_number = signal_number


class Trained(NamedTuple):
    """What a run has come to."""

    weights: Path
    """Their file."""
    next_command: str
    """What a person would type now."""


def start_fabric(devices: int, batch: int) -> Fabric:
    """Devices, ours or those of ``torchrun``.

    Args:
        devices: processes on this machine; ``torchrun``'s own number goes before it.
        batch: images a step, of all processes together.

    Raises:
        UserError: when the processes cannot share the batch evenly.
    """
    local, world = (int(os.environ.get(f"{name}WORLD_SIZE", 0)) for name in ("LOCAL_", ""))
    devices = local or devices
    nodes = world // local if local else 1
    # Before there are other processes, which would have to be told to stop.
    if batch % (devices * nodes):
        raise UserError(
            f"a batch of {batch} cannot be shared by {devices * nodes} processes evenly; "
            f"use --set batch={devices * nodes * max(1, batch // (devices * nodes))}"
        )
    strategy = "ddp" if devices * nodes > 1 else "auto"
    fabric = Fabric(devices=devices, num_nodes=nodes, strategy=strategy, precision="32-true")
    fabric.launch()
    return fabric


def uses_bf16(precision: str, device: torch.device) -> bool:
    """Whether ``fp32``, ``bf16`` or ``auto`` means mixed precision on a device."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    if hasattr(torch.cpu, "get_capabilities"):
        return bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return torch.cpu._is_avx512_bf16_supported()  # PyTorch 2.11


def compiles(recipe: Recipe) -> bool:
    """Whether the recipe asks for ``torch.compile``, and this machine can."""
    if recipe.engine.compile != "auto":
        return recipe.engine.compile == "on"
    can = torch.cuda.is_available() or any(map(shutil.which, ("c++", "g++", "clang++", "cl")))
    return can and recipe.steps >= WORTH_COMPILING


def captures(recipe: Recipe, device: torch.device) -> bool:
    """Whether steps become one CUDA graph: the recipe allows it, there is a GPU, the task draws
    nothing on it, and the optimiser reads its rate from it."""
    wanted = recipe.engine.graph != "off" and recipe.task == "joint"
    return wanted and device.type == "cuda" and recipe.optimizer.name == "adam"


def train(recipe: Recipe, out: Path, fabric: Fabric, *, resume: bool = False) -> Trained:
    """Train as the recipe says.

    Args:
        recipe: what to do.
        out: folder of the run; see ``train.run_logger`` for what is in it.
        fabric: launched.
        resume: go on from the newest checkpoint in ``out``, if there is one.

    Returns:
        where the weights are and what to do next.

    Raises:
        UserError: for a loss that is not finite, a full disk, bad data: one line, the last
            good checkpoint intact.
        Stopped: after SIGTERM or Ctrl-C, with a checkpoint of the last step.
    """
    torch.manual_seed(recipe.seed)
    if fabric.device.type == "cpu":
        keep_freed_memory()
    # Not Fabric's own mixed precision: it would round the batch, depth in metres included.
    bf16 = uses_bf16(recipe.engine.precision, fabric.device)
    checkpoints, logger = Checkpoints(out / "checkpoints"), RunLogger(out, recipe, fabric, bf16)
    logger.claim(resume, checkpoints.steps())
    task = tasks.create(recipe)
    student = task.student
    task.to(memory_format=torch.channels_last)
    captured = captures(recipe, fabric.device)
    optimizer = make_optimizer(student, recipe.optimizer, captured)
    if compiles(recipe):
        logger.tell("compiling: the first step takes a minute or two")
        task.compile()
    module, optimizer = fabric.setup(task, optimizer)
    step_once: Callable[[dict[str, Tensor]], dict[str, Tensor]] = partial(
        take_step, module, task, optimizer, recipe, fabric, bf16
    )
    if captured:
        torch.backends.cudnn.benchmark = True
        step_once = CapturedStep(step_once, lambda: task.stage)
    average = {k: v.clone() for k, v in student.state_dict().items()} if recipe.average else None
    first = 0
    if resume and (state := checkpoints.latest()):
        student.load_state_dict(state["student"])
        settings = [(group["lr"], group.get("capturable")) for group in optimizer.param_groups]
        optimizer.load_state_dict(state["optimizer"])
        for group, (rate, capturable) in zip(optimizer.param_groups, settings):
            # Of this machine: a run may go on on another one.
            group["lr"] = rate
            if capturable is not None:
                group["capturable"] = capturable
        for name, value in task.state().items():
            value.copy_(state["task"][name])
        for name, value in (average or {}).items():
            value.copy_(state["average"][name])
        first = state["step"]
    logger.begin(first, task)

    def save(step: int, rate: float) -> None:
        logger.log(step, rate)
        # The losses of a step are those before its update.
        if not all(torch.isfinite(value).all() for value in student.state_dict().values()):
            logger.refuse(f"step {step}: the weights are not finite")
        if fabric.is_global_zero:
            state = {"step": step, "student": student.state_dict(), "average": average}
            optimizing = {"optimizer": optimizer.state_dict(), "task": task.state()}
            checkpoints.save(state | optimizing)
        fabric.barrier()

    def batch_at(step: int) -> dict[str, Tensor]:
        return task.batch(step, fabric.global_rank, fabric.world_size)

    steps = range(first, recipe.steps)
    with _signals() as received, logger:
        for step, batch in zip(steps, prefetch(batch_at, steps, workers=recipe.engine.workers)):
            rate = learning_rate(step, recipe.steps, recipe.optimizer.rate, recipe.schedule)
            for group in optimizer.param_groups:
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate
            task.enter(step)
            values = step_once(fabric.to_device(batch))
            if average is not None:
                update_average(average, student.state_dict(), step, recipe.average)
            logger.note(step + 1, rate, values)
            done = step + 1
            if done % recipe.engine.sample_every == 0 and done < recipe.steps:
                logger.sample(done, task)
            if done % recipe.engine.save_every == 0 or done == recipe.steps:
                save(done, rate)
            if stop := _agreed(fabric, received):
                save(done, rate)
                raise Stopped(stop, done)
        result = out / f"{recipe.network}.safetensors"
        if average is not None:
            student.load_state_dict(average)
        logger.finish(result, task)
    return Trained(result, task.next_command(result))


def take_step(
    module: nn.Module,
    task: Task,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    fabric: Fabric,
    bf16: bool,
    batch: dict[str, Tensor],
) -> dict[str, Tensor]:
    """Learn from one batch; returns the loss, the value of every term and the gradient's norm."""
    with torch.autocast(fabric.device.type, torch.bfloat16, enabled=bf16):
        values = module(batch)
    loss = task.loss(values)
    optimizer.zero_grad(set_to_none=True)
    fabric.backward(loss)
    norm = nn.utils.clip_grad_norm_(module.parameters(), recipe.optimizer.clip or math.inf)
    optimizer.step()
    return {"loss": loss, **values, "gradient_norm": norm}


def make_optimizer(
    student: nn.Module, spec: OptimizerSpec, captured: bool = False
) -> torch.optim.Optimizer:
    """Over the parameters of the student that learn; ``captured`` in a CUDA graph."""
    learning = [p for p in student.parameters() if p.requires_grad]
    if spec.name == "sgd":
        return torch.optim.SGD(
            learning, spec.rate, momentum=spec.momentum, weight_decay=spec.weight_decay
        )
    if captured:
        rate = torch.tensor(spec.rate, device="cuda")
        return torch.optim.Adam(
            learning, rate, spec.betas, weight_decay=spec.weight_decay, capturable=True
        )
    return torch.optim.Adam(learning, spec.rate, spec.betas, weight_decay=spec.weight_decay)


@torch.no_grad()
def update_average(
    average: dict[str, Tensor], state: dict[str, Tensor], step: int, decay: float
) -> None:
    """Move an exponential moving average of weights towards them, in place.

    Faster at first, ``(1 + step) / (10 + step)``, so that random weights are soon forgotten.
    Counters are copied.
    """
    share = 1 - min(decay, (1 + step) / (10 + step))
    floats = [name for name, value in average.items() if value.is_floating_point()]
    torch._foreach_lerp_([average[n] for n in floats], [state[n] for n in floats], share)
    for name in average.keys() - set(floats):
        average[name].copy_(state[name])


@contextmanager
def _signals() -> Iterator[list[int]]:
    """What SIGTERM and Ctrl-C leave behind, instead of ending the process mid-step."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda s, _: received.append(s))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _agreed(fabric: Fabric, received: list[int]) -> int:
    """The signal that any process received, 0 for none: all must stop after the same step."""
    own = received[0] if received else 0
    if fabric.world_size == 1:
        return own
    shared = fabric.all_reduce(torch.tensor(own, device=fabric.device), reduce_op="max")
    return int(shared)  # type: ignore[arg-type]

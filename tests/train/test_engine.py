"""The training loop: every recipe runs, stops and resumes exactly, alone or in company."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from facestyle.checkpoint import load, read_tensors
from facestyle.errors import UserError
from facestyle.networks.vgg19 import VGG19Network
from tests.conftest import Outcome, TrainingData, assert_refused
from tests.support.quick_training import SMALL, sets
from train import engine, recipes, tasks
from train.checkpoints import Checkpoints
from train.recipe import StrengthSpec
from train.tasks.style import StyleTask, random_strengths

Run = Callable[..., Outcome]
FACESTYLE = Path(sys.executable).with_name("facestyle")

STYLE = [name for name in recipes.names() if recipes.load(name).task == "style"]
LABELLED = [n for n in recipes.names() if recipes.load(n).task in ("depth", "parsing")]


@pytest.mark.slow
@pytest.mark.parametrize("network", ["vgg19", "mobile"])
@pytest.mark.parametrize("name", STYLE)
def test_style_recipes_run_20_steps(
    name: str, network: str, facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    given = training_data.arguments(network)
    done = facestyle("train", name, *given, *sets(), "--steps", 20, "--out", out)
    assert done.code == 0, done.err
    weights = out / f"{network}.safetensors"
    assert f"facestyle export --checkpoint {weights}" in done.out
    assert load(weights, network).metadata["recipe"] == name
    rows = metrics(out)
    assert [row["step"] for row in rows] == list(range(1, 21))
    assert all(row.keys() >= recipes.load(name, network).weights.keys() for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", LABELLED)
def test_auxiliary_recipes_run_20_steps(
    name: str, facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    """The paper's sizes too."""
    given = ["--data", training_data.labelled, "--set", "start=''"]
    changes = sets(data__size=64, data__short_side=64, data__holdout=0.2)
    out = tmp_path / "run"
    done = facestyle("train", name, *given, *changes, "--steps", 20, "--out", out)
    assert done.code == 0, done.err
    network = recipes.load(name).network
    assert read_tensors(out / f"{network}.safetensors")[1]["network"] == network
    assert len(losses(out)) == 20
    assert min(losses(out)) < losses(out)[0]


def metrics(out: Path) -> list[dict[str, float]]:
    with (out / "metrics.csv").open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def test_a_run_leaves_what_people_want_to_look_at(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    (training_data.content / "bad.jpg").write_bytes(b"damaged")
    given = training_data.arguments("mobile")
    done = facestyle("train", "adain", *given, *sets(), "--steps", 4, "--out", out)
    (training_data.content / "bad.jpg").unlink()
    assert done.code == 0, done.err
    summary = (out / "summary.md").read_text()
    assert "bad.jpg" in summary
    assert f"facestyle export --checkpoint {out / 'mobile.safetensors'}" in summary
    assert re.search(r"\| style \| 10 \| [\d.]+ \| [\d.]+ \|", summary)
    (machine,) = json.loads((out / "run.json").read_text())
    assert machine["git"] and machine["torch"] == torch.__version__
    resolved = recipes.load(str(out / "recipe.toml"))
    assert resolved.steps == 4 and resolved.data.content == (str(training_data.content),)
    with Image.open(out / "samples" / "step_00000004.jpg") as sheet:
        assert sheet.width == 3 * 192
    assert list((out / "tensorboard").glob("events*"))
    assert "4/4" in done.err and "images/s" in done.err


def losses(out: Path) -> list[float]:
    return [row["loss"] for row in metrics(out)]


@pytest.mark.slow
def test_kill_9_and_resume_give_the_same_weights(
    training_data: TrainingData, tmp_path: Path
) -> None:
    """Bit for bit, moving average, optimiser and metrics included."""
    given = [*training_data.arguments("mobile"), *sets(engine__save_every=3, engine__log_every=2)]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command = [FACESTYLE, "train", "adain", *given]
    # One thread: how sums are split over threads decides their last bit.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--steps", "400", "--out", killed], stderr=subprocess.PIPE, env=environment
    )
    checkpoints = Checkpoints(killed / "checkpoints")
    wait_for(lambda: len(checkpoints.steps()) >= 2, process)
    process.kill()
    process.wait()
    reached = checkpoints.steps()[-1]
    assert 6 <= reached < 400
    with (killed / "metrics.csv").open("a") as file:
        file.write("9999,1.0\n")  # as a kill leaves a line
    steps = ["--steps", str(reached + 5)]
    for out in (["--out", killed, "--resume"], ["--out", whole]):
        done = subprocess.run([*command, *steps, *out], capture_output=True, env=environment)
        assert done.returncode == 0, done.stderr.decode()
    assert losses(killed) == losses(whole)
    a, b = (read_tensors(out / "mobile.safetensors")[0] for out in (killed, whole))
    assert all(torch.equal(a[name], b[name]) for name in a)
    last = [Checkpoints(out / "checkpoints").latest() for out in (killed, whole)]
    assert_equal(*last)


def assert_equal(a: object, b: object) -> None:
    if isinstance(a, dict):
        assert isinstance(b, dict) and a.keys() == b.keys()
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b)  # type: ignore[arg-type]
    else:
        assert a == b


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        if condition():
            return
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        time.sleep(0.05)
    raise AssertionError("nothing happened for five minutes")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_save_and_stop(
    number: int, code: int, training_data: TrainingData, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    given = [*training_data.arguments("mobile"), *sets(), "--steps", "5000"]
    process = subprocess.Popen(
        [FACESTYLE, "train", "adain", *given, "--out", out],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_for(lambda: (out / "metrics.csv").exists() and len(metrics_seen(out)) > 3, process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"--resume" in errors and b"Traceback" not in errors
    (saved,) = Checkpoints(out / "checkpoints").steps()
    assert saved >= 3


def metrics_seen(out: Path) -> list[str]:
    return (out / "metrics.csv").read_text().splitlines()


@pytest.mark.slow
def test_two_processes_learn_what_one_does(training_data: TrainingData, tmp_path: Path) -> None:
    """Under torchrun, over gloo: same losses, same weights but for rounding."""
    given = [*training_data.arguments("mobile"), *sets(batch=4), "--steps", "6"]
    command = ["train", "depth_face_adain", *given, "--out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    torchrun += ["--master-port=29517", str(FACESTYLE)]
    for launcher, out in (([FACESTYLE], "one"), (torchrun, "two")):
        done = subprocess.run(
            [*launcher, *command, tmp_path / out], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-4)
    one, two = (read_tensors(tmp_path / n / "mobile.safetensors")[0] for n in ("one", "two"))
    assert all(torch.allclose(one[name], two[name], atol=1e-4) for name in one)
    assert json.loads((tmp_path / "two" / "run.json").read_text())[0]["processes"] == 2


def test_a_loss_that_is_not_finite_stops_the_run(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    given = training_data.arguments("vgg19")
    arguments = ["train", "adain", *given, "--out", out]
    good = facestyle(*arguments, *sets(), "--steps", 2)
    assert good.code == 0, good.err
    # A poisoned optimiser state: what an overflow leaves.
    checkpoints = Checkpoints(out / "checkpoints")
    state = checkpoints.latest()
    assert state is not None
    state["optimizer"]["state"][0]["exp_avg"].fill_(float("inf"))
    checkpoints.save(state)
    before = {path: path.read_bytes() for path in checkpoints.folder.iterdir()}
    stopped = facestyle(*arguments, *sets(), "--steps", 6, "--resume")
    assert stopped.code == 2
    (line,) = [line for line in stopped.err.splitlines() if line.startswith("error: ")]
    assert "not finite" in line and "--resume" in line and str(checkpoints.folder) in line
    assert "Traceback" not in stopped.err
    assert {path: path.read_bytes() for path in checkpoints.folder.iterdir()} == before


@pytest.mark.slow
def test_a_full_disk_leaves_the_last_checkpoint(
    training_data: TrainingData, tmp_path: Path
) -> None:
    """A file size limit stands for the disk: writing fails half-way through a checkpoint."""
    out = tmp_path / "run"
    command = [FACESTYLE, "train", "adain", *training_data.arguments("mobile")]
    command += [*sets(), "--out", str(out)]
    subprocess.run([*command, "--steps", "2"], check=True, capture_output=True)
    checkpoints = Checkpoints(out / "checkpoints")
    before = {path: path.read_bytes() for path in checkpoints.folder.iterdir()}

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))

    done = subprocess.run(
        [*command, "--steps", "4", "--resume"], capture_output=True, text=True, preexec_fn=limit
    )
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "cannot write" in line
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in checkpoints.folder.iterdir()} == before


def test_folders_of_other_runs_are_not_overwritten(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    arguments = ["train", "adain", *training_data.arguments("mobile"), "--out", out]
    assert facestyle(*arguments, *sets(), "--steps", 1).code == 0
    again = facestyle(*arguments, *sets(), "--steps", 2)
    assert_refused(again, "--resume", "--out")
    changed = facestyle(*arguments, *sets(terms__style__weight=3), "--steps", 2, "--resume")
    assert_refused(changed, "terms.style.weight", "10", "3")
    longer = facestyle(*arguments, *sets(engine__log_every=2), "--steps", 2, "--resume")
    assert longer.code == 0, longer.err


def test_missing_things_are_named(
    facestyle: Run, training_data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, style = ["--content", training_data.content], ["--style", training_data.style]
    out = ["--out", tmp_path / "run"]

    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    assert_refused(facestyle("train", "adain", *style, *out), "--content")
    assert_refused(facestyle("train", "adain", *content, *out), "--style")
    refused = facestyle("train", "adain", *content, *style, *out)
    assert_refused(refused, "could not be downloaded", "--perceptual FILE")
    distilled = ["--perceptual", training_data.distilled]
    refused = facestyle("train", "adain", *content, *style, *distilled, *out)
    assert_refused(refused, "--network mobile")
    assert_refused(facestyle("train", "depth_v1_small", *out), "--data")
    mobile = [*content, *style, *distilled, "--network", "mobile"]
    assert_refused(facestyle("train", "adain", *mobile, "--set", "terms.depht.weight=1"), "depth")
    odd = ["--set", "data.size=30", "--set", "data.short_side=40"]
    assert_refused(facestyle("train", "adain", *mobile, *odd), "multiple of 8")
    unknown = ["--set", "auxiliary.depth=depth_v9"]
    assert_refused(facestyle("train", "depth_adain", *mobile, *unknown), "depth_v9")
    unshipped = ["--set", "auxiliary.depth=depth_v3"]
    assert_refused(facestyle("train", "depth_adain", *mobile, *unshipped), "train depth_v3")
    assert not (tmp_path / "run" / "mobile.safetensors").exists()
    small = ["--set", "data.size=24", "--set", "data.short_side=24"]
    assert_refused(facestyle("train", "depth_adain", *mobile, *small, *out), "at least 32")
    labels = ["--data", training_data.labelled]
    alone = facestyle("train", "bisenet_small", *labels, "--set", "batch=1", *out)
    assert_refused(alone, "batch=2")
    bare = facestyle("train", "depth_v1_small", "--data", training_data.content, *out)
    assert_refused(bare, "no photos with depth maps", str(training_data.content))
    odd = facestyle("train", "adain", *mobile, "--devices", 2, "--set", "batch=3", *out)
    assert_refused(odd, "2 processes", "batch=2")


def task(training_data: TrainingData, name: str, network: str, **changes: object) -> StyleTask:
    given = training_data.arguments(network)
    data = {
        "data.content": f"['{given[1]}']",
        "data.style": f"['{given[3]}']",
        "auxiliary.perceptual": given[7],
    }
    merged = SMALL | data | {key.replace("__", "."): value for key, value in changes.items()}
    settings = tuple(f"{key}={value}" for key, value in merged.items())
    made = tasks.create(recipes.load(name, network, settings))
    assert isinstance(made, StyleTask)
    return made


@pytest.mark.parametrize("network", ["vgg19", "mobile"])
def test_frozen_networks_stay_as_they_are(training_data: TrainingData, network: str) -> None:
    """Evaluation mode and no gradients of their own, whatever mode the student is in."""
    made = task(training_data, "depth_face_adain", network).train()
    assert made.student.training
    frozen_networks = [made.auxiliary[kind] for kind in ("perceptual", "depth", "face")]
    for network_of_loss in frozen_networks:
        assert not any(module.training for module in network_of_loss.modules())
    before = [{k: v.clone() for k, v in f.state_dict().items()} for f in frozen_networks]
    values = made(made.batch(0, 0, 1))
    torch.stack(list(values.values())).sum().backward()
    for network_of_loss, state in zip(frozen_networks, before):
        assert all(p.grad is None for p in network_of_loss.parameters())
        assert all(torch.equal(v, state[k]) for k, v in network_of_loss.state_dict().items())
    learning = {n for n, p in made.student.named_parameters() if p.grad is not None}
    every = {n for n, _ in made.student.named_parameters()}
    blurs = {f"{name}.weight" for name in ("halve", "encoder.blur_half", "encoder.blur_quarter")}
    frozen = {n for n in every if n.startswith("encoder.")} if network == "vgg19" else blurs
    assert learning == every - frozen


def test_vgg19_paints_as_it_does_when_exported(training_data: TrainingData) -> None:
    """Sharing the encoder's features with the losses changes nothing but the clamp."""
    made = task(training_data, "adain", "vgg19")
    batch = made.batch(0, 0, 1)
    batch["strength"] = torch.tensor([1.0, 0.5])
    with torch.no_grad():
        network = made.student
        assert isinstance(network, VGG19Network)
        code = network.encode_style(batch["painting"])
        expected = network.stylize(batch["photo"], code, batch["strength"][:, None, None, None])
        output = made.loss_inputs(batch).output.image
    assert torch.allclose(output.clamp(0, 1), expected, atol=1e-3)


def test_batches_are_a_function_of_the_step(training_data: TrainingData) -> None:
    made = task(training_data, "adain", "mobile", batch=4, data__shift=4)
    whole, again = made.batch(5, 0, 1), made.batch(5, 0, 1)
    halves = [made.batch(5, rank, 2) for rank in (0, 1)]
    for key, value in whole.items():
        assert torch.equal(value, again[key])
        if key != "offset":
            assert torch.equal(value[0::2], halves[0][key])
            assert torch.equal(value[1::2], halves[1][key])
    assert not torch.equal(whole["photo"], made.batch(6, 0, 1)["photo"])


def test_strengths_follow_the_recipe() -> None:
    import numpy as np

    spec = StrengthSpec(full=0.7, none=0.15)
    found = random_strengths(4000, spec, np.random.default_rng(0))
    assert 0.66 < float((found == 1).float().mean()) < 0.74
    assert 0.12 < float((found == 0).float().mean()) < 0.18
    assert ((found >= 0) & (found <= 1)).all()
    assert (random_strengths(50, StrengthSpec(), np.random.default_rng(0)) == 1).all()


def test_moving_average_warms_up() -> None:
    """After 10 steps of a decay of 0.999 the start would still weigh 0.99; (1 + n) / (10 + n) each
    leave it 10! 9! / 19! of itself."""
    average = {"w": torch.tensor([5.0]), "n": torch.tensor(0)}
    for step in range(10):
        state = {"w": torch.tensor([1.0]), "n": torch.tensor(step)}
        engine.update_average(average, state, step, 0.999)
    left = math.factorial(10) * math.factorial(9) / math.factorial(19)
    assert float(average["w"]) - 1 == pytest.approx(4 * left, abs=1e-6)
    assert int(average["n"]) == 9


def test_moving_average_decays_as_the_recipe_says() -> None:
    average = {"w": torch.tensor([5.0])}
    engine.update_average(average, {"w": torch.tensor([1.0])}, 10**6, 0.75)
    assert float(average["w"]) == 4


def test_damaged_checkpoints_are_passed_over(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 3, 4):
        checkpoints.save({"step": step, "student": {"w": torch.full((3,), float(step))}})
    assert checkpoints.steps() == [2, 3, 4]
    newest = checkpoints.path(4)
    newest.write_bytes(newest.read_bytes()[:100])
    with pytest.warns(UserWarning, match="damaged"):
        state = checkpoints.latest()
    assert state is not None and state["step"] == 3
    for step in (2, 3):
        checkpoints.path(step).write_bytes(b"damaged")
    with pytest.warns(UserWarning), pytest.raises(UserError, match="all checkpoints"):
        checkpoints.latest()

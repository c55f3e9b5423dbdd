"""Networks trained together on one style encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from facestyle import checkpoint
from facestyle.checkpoint import read_tensors
from tests.conftest import Outcome, TrainingData, assert_refused
from train import recipes
from train.average import write_average
from train.checkpoints import Checkpoints
from train.data.sets import open_source
from train.objectives import motion
from train.recipe import StrengthSpec
from train.tasks.joint import JointTask, draw_strengths

Run = Callable[..., Outcome]

SMALL = (
    *("batch=2", "data.size=32", "data.short_side=48", "data.shift=0", "terms.lattice.weight=0"),
    *("engine.precision=fp32", "engine.log_every=1", "engine.workers=1", "terms.depth.weight=0"),
)


def given(data: TrainingData, *more: str) -> list[str]:
    """Arguments of a small, exactly repeatable run."""
    sources = ["--content", data.content, "--style", data.style, "--perceptual", data.distilled]
    return [*map(str, sources), *(word for key in (*SMALL, *more) for word in ("--set", key))]


def task(data: TrainingData, *more: str) -> JointTask:
    sources = (
        f"data.content=['{data.content}']",
        f"data.style=['{data.style}']",
        f"auxiliary.perceptual={data.distilled}",
    )
    return JointTask(recipes.load("mobile", None, (*sources, *SMALL, *more)))


@pytest.mark.slow
def test_a_run_trains_both_networks_on_one_style_encoder(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = facestyle("train", "mobile", *given(training_data), "--steps", 4, "--out", out)
    assert done.code == 0, done.err
    mobile, studio = (
        checkpoint.load(out / f"{name}.safetensors", name) for name in ("mobile", "studio")
    )
    pairs = zip(
        mobile.network.style_encoder.state_dict().values(),
        studio.network.style_encoder.state_dict().values(),
    )
    assert all(torch.equal(a, b) for a, b in pairs)
    fresh = checkpoint.untrained("mobile", recipes.load("mobile").seed).network.state_dict()
    moved = [k for k, v in mobile.network.state_dict().items() if not torch.equal(v, fresh[k])]
    still = {"halve.weight", "encoder.blur_half.weight", "encoder.blur_quarter.weight"}
    assert fresh.keys() - still == set(moved)
    assert f"facestyle export --checkpoint {out / 'mobile.safetensors'}" in done.out
    header = (out / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"style", "mobile.style", "studio.flicker", "rounding"} <= set(header)


@pytest.mark.slow
def test_stopped_and_resumed_equals_never_stopped(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    """Balanced weights and the terms that begin late included."""
    arguments = given(training_data, "along=[]", "terms.flicker.targets={mobile=0.001}")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train = ("train", "mobile", *arguments)
    assert facestyle(*train, "--steps", 5, "--out", whole).code == 0
    # The rate depends on how many steps there are: the second run stops by itself.
    saving = ("--set", "engine.save_every=2")
    assert facestyle(*train, *saving, "--steps", 5, "--out", parts).code == 0
    checkpoints = Checkpoints(parts / "checkpoints")
    checkpoints.path(5).unlink()
    assert facestyle(*train, *saving, "--steps", 5, "--out", parts, "--resume").code == 0
    a, b = (read_tensors(out / "mobile.safetensors")[0] for out in (whole, parts))
    assert all(torch.equal(a[name], b[name]) for name in a)
    factor = checkpoints.latest()["task"]["mobile"]  # type: ignore[index]
    assert factor.abs().max() > 0


def test_second_frames_are_the_photo_moved(training_data: TrainingData) -> None:
    made = task(training_data, "along=[]", "batch=6")
    batch = made.batch(3, 0, 1)
    # Brightness alone would be no test of where things are.
    assert (batch["motion"][:, :2].abs().amax(1) > 0.5).any()
    photo, second, _, grid = made.pictures(batch)
    followed = motion.move(photo[: len(second)], grid)
    shown = motion.visible(grid)[:, None] & torch.ones_like(second, dtype=torch.bool)
    error = (second - followed)[shown].abs().mean()
    still = (second - photo[: len(second)])[shown].abs().mean()
    assert error < 0.02
    assert error < still / 2


def test_face_masks_move_with_the_photo(training_data: TrainingData) -> None:
    made = task(training_data, "along=[]")
    batch = made.batch(0, 0, 1)
    made.masks = torch.zeros_like(made.masks)
    made.masks[..., :32] = 255  # the left half
    faces = made.faces(batch)
    assert faces is not None
    images = made.content.images
    made.content.images = (made.masks[:, :, :, :].expand(-1, 3, -1, -1)).clone()
    painted = torch.nn.functional.interpolate(made.content.images.float(), images.shape[-1])
    made.content.images = painted.byte()
    seen = made.content.look(batch["photo_index"], batch["photo_affine"], 32)[:, :1]
    assert (seen - faces).abs().mean() < 0.05


def test_the_batch_is_a_pure_function_of_the_step(training_data: TrainingData) -> None:
    made = task(training_data, "along=[]")
    a, b, c = made.batch(7, 0, 1), made.batch(7, 0, 1), made.batch(8, 0, 1)
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["photo_affine"], c["photo_affine"])


def test_sources_that_are_named_twice_are_drawn_twice_as_often(
    training_data: TrainingData,
) -> None:
    twice = (
        f"data.style=['{training_data.style}','{training_data.content}','{training_data.style}']"
    )
    made = task(training_data, "along=[]", twice)
    paintings = len(open_source(str(training_data.style)))
    portraits = len(open_source(str(training_data.content)))
    assert len(made.style) == paintings + portraits
    counts = np.bincount(made.paintings)
    assert (counts[:paintings] == 2).all() and (counts[paintings:] == 1).all()


def test_terms_begin_where_the_recipe_says(training_data: TrainingData) -> None:
    made = task(training_data, "along=[]", "steps=100")
    made.enter(74)
    assert "rounding" not in made.terms
    before = made.stage
    made.enter(75)
    assert "rounding" in made.terms and made.stage != before


def test_strengths_are_full_at_the_front() -> None:
    spec = StrengthSpec(full=0.75, none=0.05)
    drawn = np.stack([draw_strengths(8, spec, np.random.default_rng(i)) for i in range(500)])
    assert (drawn[:, :6] == 1).all()
    assert (drawn[:, 6:] == 0).mean() == pytest.approx(0.2, abs=0.05)
    assert (drawn[:, 6:] < 1).all()


def test_what_makes_no_sense_is_refused_in_a_line(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    def refused(*more: str, **options: object) -> Outcome:
        return facestyle("train", "mobile", *given(training_data, *more), "--out", tmp_path / "r")

    assert_refused(refused("along=['vgg19']"), "vgg19")
    assert_refused(refused("along=['studioo']"), "studio")
    assert_refused(refused("data.size=40"), "multiple of 32")
    assert_refused(refused("terms.flicker.targets={mobil=1.0}"), "mobile")
    assert_refused(refused("terms.flicker.targets={mobile=0.0}"), "above 0")
    assert_refused(refused("terms.flicker.begin=2"), "between 0 and 1")


def test_files_of_different_style_encoders_are_no_start(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    for seed, name in enumerate(("mobile", "studio")):
        checkpoint.save(checkpoint.untrained(name, seed), tmp_path / f"{name}.safetensors")
    start = f"start={tmp_path / 'mobile.safetensors'}"
    out = ("--out", tmp_path / "run")
    refused = facestyle("train", "mobile", *given(training_data, start), *out)
    assert_refused(refused, "different style encoders")


@pytest.mark.slow
def test_averaged_weights_come_out_of_a_running_run(
    facestyle: Run, training_data: TrainingData, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = facestyle("train", "mobile", *given(training_data), "--steps", 2, "--out", out)
    assert done.code == 0, done.err
    files = write_average(out, tmp_path / "weights", half=True)
    assert [path.name for path in files] == ["mobile.safetensors", "studio.safetensors"]
    whole = checkpoint.load(out / "studio.safetensors", "studio").network.state_dict()
    half = checkpoint.load(files[1], "studio").network.state_dict()
    assert files[0].stat().st_size < 1e6
    for name, value in whole.items():
        torch.testing.assert_close(half[name], value, atol=1e-3, rtol=1e-3)
    said, finished = (read_tensors(p)[1] for p in (files[1], out / "studio.safetensors"))
    assert said == finished and "auxiliary" in said
    # A run that an older version began: its auxiliary networks are not known.
    starts = json.loads((out / "run.json").read_text())
    older = [{k: v for k, v in s.items() if k not in ("metadata", "networks")} for s in starts]
    (out / "run.json").write_text(json.dumps(older))
    said = read_tensors(write_average(out, tmp_path / "older")[1])[1]
    assert "auxiliary" not in said
    assert (said["recipe"], said["steps"], said["network"]) == ("mobile", "2", "studio")

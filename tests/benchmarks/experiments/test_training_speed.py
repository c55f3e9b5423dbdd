"""The published loop and ours compute the same; the benchmark runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks.experiments import published_adain, training_speed
from benchmarks.experiments.published_adain import STYLE_WEIGHT, PublishedLoop, Turns
from facestyle.adain import adain
from facestyle.networks.vgg19 import VGG19Network
from tests.support import made_data
from train import recipes
from train.tasks.style import StyleTask


@pytest.fixture
def task(tmp_path: Path) -> StyleTask:
    """The recipe on images of 32 x 32, in fp32."""
    vgg = made_data.torchvision_vgg(tmp_path / "vgg.pth")
    photos = made_data.pictures(tmp_path / "photos", "portraits", 40)
    paintings = made_data.pictures(tmp_path / "paintings", "paintings", 40)
    settings = (
        *("batch=2", "data.size=32", "data.short_side=40", f"auxiliary.perceptual={vgg}"),
        *(f'data.content=["{photos}"]', f'data.style=["{paintings}"]'),
    )
    return StyleTask(recipes.load("adain", "vgg19", settings))


Losses = dict[str, torch.Tensor]


def of_published(loop: PublishedLoop, batch: Losses) -> Losses:
    return dict(zip(("content", "style"), loop.losses(batch["photo"], batch["painting"])))


def test_both_compute_the_same(task: StyleTask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses and gradients, for the same weights and batch.

    But for AdaIN itself: ours has a floor under the variance for half precision's sake, which
    moves the std by up to 0.1 %. So the loops are compared with one AdaIN and with each its own.
    """
    assert isinstance(task.student, VGG19Network)
    loop = PublishedLoop(task.student, torch.device("cpu"))
    assert task.recipe.weights == {"content": 1, "style": STYLE_WEIGHT}
    assert task.recipe.optimizer.rate == loop.optimizer.param_groups[0]["lr"]
    # Channels last for both: rounding in another order alone moves gradients by 0.2 % in fp32
    # (1e-14 in fp64).
    batch = task.batch(0, 0, 1)
    ours = task(batch)
    torch.testing.assert_close(of_published(loop, batch), ours, rtol=1e-3, atol=0)

    def our_adain(content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return adain(content, *published_adain.mean_and_std(style), torch.ones(1, 1, 1, 1))

    monkeypatch.setattr(published_adain, "adaptive_normalization", our_adain)
    published = of_published(loop, batch)
    torch.testing.assert_close(published, ours, rtol=1e-5, atol=0)
    for found in (ours, published):
        (found["content"] + STYLE_WEIGHT * found["style"]).backward()
    own = [p.grad for p in task.student.decoder.parameters()]
    theirs = [p.grad for p in loop.decoder.parameters()]
    assert len(own) == len(theirs) == 18
    for a, b in zip(own, theirs):
        assert a is not None and b is not None
        assert (a - b).norm() < 1e-4 * b.norm()
    assert all(p.grad is None for p in loop.encoder.parameters())


def test_turns_show_every_image_once_before_any_twice() -> None:
    turns = Turns(6, 2)
    seen: list[int] = []
    for steps in (1, 2, 3):
        turns.steps = steps
        seen += [index for batch in turns for index in batch]
    assert sorted(seen[:6]) == sorted(seen[6:]) == list(range(6))


def test_the_benchmark_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = made_data.pictures(tmp_path / "photos", "portraits", 40)
    out = tmp_path / "speed.json"
    training_speed.main(
        [
            *("--content", str(photos), "--batch", "2", "--size", "32", "--short-side", "40"),
            *("--rounds", "2", "--steps", "1", "--workers", "1", "--out", str(out)),
        ]
    )
    made = json.loads(out.read_text())
    names = [row["name"] for row in made["rows"]]
    assert names[:3] == ["published loop", "published loop, 1 loader processes", "ours, fp32"]
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*names, *made["notes"]))
    for row in made["rows"]:
        assert len(row["rounds"]) == 2
        assert row["ratio"] == pytest.approx(row["median"] / made["rows"][0]["median"])
        assert row["paper_hours"] == pytest.approx(800_000 / row["median"] / 3600)
    assert any("random weights" in note for note in made["notes"])
    assert any("made images" in note for note in made["notes"])

"""``facestyle evaluate pictures``: pictures that somebody painted, from end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from facestyle import gallery
from tests.conftest import Outcome, TrainingData, assert_refused

Run = Callable[..., Outcome]

SIDE = 128


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos, a painting; copies of the photos for a painter, and copies of the painting."""
    folder = tmp_path_factory.mktemp("given")
    names = ("photos", "paintings", "copies", "prints")
    photos, paintings, copies, prints = (folder / name for name in names)
    for made in (photos, paintings, copies, prints):
        made.mkdir()
    painting = gallery.paintings()[0]
    print_of_it = Image.open(painting.path).convert("RGB").resize((SIDE, SIDE))
    print_of_it.save(paintings / "wave.png")
    for portrait in gallery.portraits()[:2]:
        photo = Image.open(portrait.path).convert("RGB").resize((SIDE, SIDE))
        photo.save(photos / f"{portrait.name}.png")
        photo.save(copies / f"{portrait.name}__wave.png")
        print_of_it.save(prints / f"{portrait.name}__wave.png")
    return folder


@pytest.fixture
def judge(facestyle: Run, folders: Path, training_data: TrainingData) -> Run:
    """The command with all that it needs; what is given again takes its place."""

    def run(*names: str, **options: object) -> Outcome:
        wanted = {
            "content": folders / "photos",
            "style": folders / "paintings",
            "perceptual": training_data.distilled,
            **options,
        }
        pairs = [part for name, value in wanted.items() for part in (f"--{name}", value)]
        return facestyle("evaluate", "pictures", *(folders / name for name in names), *pairs)

    return run


@pytest.mark.slow
def test_copies_keep_all_and_prints_have_all_style(
    judge: Run, folders: Path, tmp_path: Path
) -> None:
    outcome = judge("copies", "prints", json=tmp_path / "judged.json")
    assert outcome.code == 0, outcome.err
    assert "| figure | copies | prints |" in outcome.out
    assert "warp" not in outcome.out
    assert "next: facestyle evaluate prefer make" in outcome.out
    made = json.loads((tmp_path / "judged.json").read_text())
    copies, prints = (folder["figures"] for folder in made["folders"])
    assert made["folders"][0]["pictures"] == 2 and len(made["folders"][0]["rows"]) == 2
    for key, wanted in {"content": 0, "face_ssim": 1, "faces_lost": 0}.items():
        assert copies[key] == pytest.approx(wanted, abs=1e-5), key
    for key in ("style", "gram", "stroke", "judge_style", "judge_gram"):
        assert prints[key] == pytest.approx(0, abs=1e-6), key
        assert copies[key] > 0.01, key
    assert {"warp", "warp_floor"}.isdisjoint(copies)
    assert {figure["key"] for figure in made["figures"]} == set(copies)
    assert copies["grid_db"] is not None


def picture(path: Path, size: tuple[int, int]) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", size, "grey").save(path)


@pytest.mark.slow
def test_folders_that_cannot_be_judged(judge: Run, folders: Path, tmp_path: Path) -> None:
    name = f"{gallery.portraits()[0].name}__wave.png"
    assert_refused(judge("none"), "none", "no such folder")
    assert_refused(judge(f"copies/{name}"), name, "is no folder")
    assert_refused(judge("photos"), "photos", "<photo>__<painting>", "__wave.png")
    picture(tmp_path / "small" / name, (96, 128))
    assert_refused(judge("copies", str(tmp_path / "small")), "96 x 128", "128 x 128", "one size")
    picture(tmp_path / "tiny" / name, (32, 32))
    assert_refused(judge(str(tmp_path / "tiny")), "32 x 32", "at least 64")
    assert_refused(judge("copies", json=folders / "copies" / name / "x.json"), "is a file")


def test_help_shows_an_example(facestyle: Run) -> None:
    assert "facestyle evaluate pictures painted/" in facestyle("evaluate", "pictures", "--help").out

"""``facestyle stylize`` from end to end, and everything a user may get wrong with it."""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from facestyle import gallery, images
from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]


def test_installed_command_paints_a_photo(photo: Path, tmp_path: Path) -> None:
    """In a process of its own, as users run it."""
    command = [Path(sys.executable).with_name("facestyle"), "stylize", photo]
    command += ["--style", "great_wave", "--out", tmp_path / "out"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / "out" / "photo__great_wave.png") as painted:
        assert painted.size == Image.open(photo).size


def test_folders_of_photos_and_paintings(facestyle: Run, tmp_path: Path) -> None:
    photos, paintings = tmp_path / "photos", tmp_path / "paintings"
    for folder, pictures in ((photos, gallery.portraits()), (paintings, gallery.paintings())):
        folder.mkdir()
        for picture in pictures[:2]:
            Image.open(picture.path).resize((40, 56)).save(folder / f"{picture.name}.png")
    result = facestyle("stylize", photos, "--style", f"{paintings},spring", "--out", tmp_path / "o")
    assert result.code == 0, result.err
    names = sorted(p.name for p in (tmp_path / "o").iterdir())
    assert names == sorted(
        f"{c.name}__{s}.png"
        for c in gallery.portraits()[:2]
        # Smaller, they are not quite the shipped styles of these names.
        for s in [*(f"{p.name}_2" for p in gallery.paintings()[:2]), "spring"]
    )


def test_one_bad_photo_costs_only_itself(facestyle: Run, photo: Path, tmp_path: Path) -> None:
    (photo.parent / "bad.jpg").write_bytes(b"no picture")
    result = facestyle("stylize", photo.parent, "--style", "spring", "--out", tmp_path / "o")
    assert result.code == 1
    assert "bad.jpg" in result.err
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["photo__spring.png"]


def test_photos_of_one_name_do_not_overwrite_each_other(
    facestyle: Run, photo: Path, tmp_path: Path
) -> None:
    Image.open(photo).convert("RGB").save(photo.with_suffix(".jpg"))
    result = facestyle("stylize", photo.parent, "--style", "spring", "--out", tmp_path / "o")
    assert result.code == 0
    assert len(list((tmp_path / "o").iterdir())) == 2


def test_no_output_overwrites_another(facestyle: Run, photo: Path, tmp_path: Path) -> None:
    """Two photos of one name, one of them given twice, and a name that has to be cut."""
    for name in ("a/x.png", "b/X.png", f"b/{'é' * 120}.png", f"c/{'é' * 120}.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(photo.read_bytes())
    again = tmp_path / "a" / ".." / "a" / "x.png"
    folders = [tmp_path / f for f in "abc"]
    result = facestyle("stylize", *folders, again, "--style", "spring", "--out", tmp_path / "o")
    assert result.code == 0, result.err
    assert {p.name for p in (tmp_path / "o").iterdir()} == {
        f"{stem}__spring.png" for stem in ("x", "X_2", "é" * 75, "é" * 75 + "_2")
    }


def test_a_photo_beyond_memory_costs_only_itself(
    facestyle: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo.with_name("huge.png").write_bytes(photo.read_bytes())
    load = images.load

    def limited(path: Path) -> torch.Tensor:
        if path.name == "huge.png":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")
        return load(path)

    monkeypatch.setattr(images, "load", limited)
    arguments = ["--style", "spring", "--out", tmp_path / "o"]
    result = facestyle("stylize", photo.parent, *arguments)
    assert result.code == 1
    assert "too little memory" in result.err
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["photo__spring.png"]
    alone = facestyle("stylize", photo.with_name("huge.png"), *arguments)
    assert_refused(alone, "too little memory", "smaller image")


def test_styles_mix(facestyle: Run, photo: Path, tmp_path: Path) -> None:
    result = facestyle("stylize", photo, "--style", "great_wave+auvers", "--out", tmp_path / "o")
    assert result.code == 0, result.err
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["photo__great_wave-auvers.png"]


def test_strength_zero_keeps_the_photo_and_one_does_not(facestyle: Run, tmp_path: Path) -> None:
    portrait = gallery.portraits()[0].path
    original = images.load(portrait)
    errors = []
    for strength in (0, 1):
        out = tmp_path / str(strength)
        result = facestyle(
            "stylize", portrait, "--style", "great_wave", "--strength", strength, "--out", out
        )
        assert result.code == 0, result.err
        painted = images.load(out / f"{portrait.stem}__great_wave.png")
        errors.append(float((painted - original).square().mean()))
    assert errors[0] < 0.004  # 24 dB
    assert errors[1] > 4 * errors[0]


def test_depth_map_keeps_the_near_side(facestyle: Run, tmp_path: Path) -> None:
    portrait = gallery.portraits()[0].path
    photo = images.load(portrait)
    height, width = photo.shape[2:]
    depth = np.zeros((height, width), np.uint16)
    depth[:, width // 2 :] = 40_000
    Image.fromarray(depth).save(tmp_path / "depth.png")
    result = facestyle(
        "stylize", portrait, "--style", "great_wave", "--depth", tmp_path / "depth.png",
        "--out", tmp_path / "o",
    )  # fmt: skip
    assert result.code == 0, result.err
    painted = images.load(tmp_path / "o" / f"{portrait.stem}__great_wave.png")
    change = (painted - photo).square().mean((0, 1, 2))
    near, far = change[: width // 2 - 16].mean(), change[width // 2 + 16 :].mean()
    assert far > 3 * near


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--style", "great_wav"], "did you mean 'great_wave'"),
        (["--style", "nowhere.jpg"], "no such file"),
        (["--style", ","], "empty"),
        (["--style", "spring", "--strength", "nan"], "between 0 and 1"),
        (["--style", "spring", "--strength", "9"], "between 0 and 1"),
        (["--style", "spring", "--strength", "much"], "not a valid float"),
        (["--style", "spring", "--preset", "mobil"], "did you mean 'mobile'"),
        (["--style", "spring", "--preset", "vgg19"], "--checkpoint"),
        (["--style", "spring", "--checkpoint", "none.safetensors"], "no such"),
        (["--style", "spring", "--depth", "none.png"], "no such file"),
        (["--style", "spring", "--depth-range", "1,0"], "low < high"),
        (["--style", "spring", "--depth-range", "x"], "two numbers"),
        ([], "--style"),
    ],
)
def test_stylize_refusals(
    facestyle: Run, photo: Path, arguments: list[str], words: str, tmp_path: Path
) -> None:
    result = facestyle("stylize", photo, *arguments, "--out", tmp_path / "o")
    assert_refused(result, words)
    assert not (tmp_path / "o").exists()


def test_missing_and_damaged_photos(facestyle: Run, tmp_path: Path) -> None:
    assert_refused(facestyle("stylize", "none.jpg", "--style", "spring"), "none.jpg")
    (tmp_path / "text.png").write_text("hello")
    assert_refused(
        facestyle("stylize", tmp_path / "text.png", "--style", "spring"), "text.png", "not an image"
    )


def test_output_that_is_a_file(facestyle: Run, photo: Path) -> None:
    result = facestyle("stylize", photo, "--style", "spring", "--out", photo)
    assert_refused(result, "cannot write")
    result = facestyle("export", "--formats", "tflite", "--precision", "fp32", "--out", photo)
    assert_refused(result, "cannot write")
    assert Image.open(photo).size == (61, 47)


def test_full_disk_leaves_nothing(
    facestyle: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "o"
    assert facestyle("stylize", photo, "--style", "spring", "--out", out).code == 0
    before = (out / "photo__spring.png").read_bytes()

    def full(self: Image.Image, path: Path, *more: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    result = facestyle("stylize", photo, "--style", "spring,auvers", "--out", out)
    assert_refused(result, "No space left", "free some space")
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {"photo__spring.png": before}


def test_unwritable_folder(
    facestyle: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by the system, not by the folder's mode: root may write anywhere."""

    def denied(**where: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", denied)
    result = facestyle("stylize", photo, "--style", "spring", "--out", tmp_path / "o")
    assert_refused(result, "cannot write", "Permission denied", "another folder")
    assert "space" not in result.err

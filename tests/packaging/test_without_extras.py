"""What every command does where no extra is installed: it works, or says what it needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from facestyle import gallery
from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]

ROOT = Path(__file__).parents[2]

WORKS = (
    "stylize photo.jpg --style great_wave --out painted",
    "styles add photo.jpg --name mine",
    "styles list",
    "styles show great_wave",
    "doctor",
    "train --list",
)

REFUSED = {
    "export --out new": "coreml,tflite",
    "export --formats tflite --out new": "tflite",
    "export --formats mlpackage,mlmodel --out new": "coreml",
    "coreml show any.mlpackage": "coreml",
    "coreml run any.mlpackage --input content=photo.jpg --out new": "coreml",
    "train adain --content photos --style photos --out new": "train",
    "bench build --out new": "bench",
    "bench run build --out new": "bench",
    "bench compare before.json after.json": "bench",
    "bench arm build --out new": "bench",
    "bench xcode any.mlperf --out new": "bench",
    "evaluate depth depth_v3_small --data photos --out new": "bench",
    "evaluate parsing bisenet_small --data photos --out new": "bench",
    "evaluate quality mobile --content photos --style photos --out new": "bench",
    "evaluate pictures photos --content photos --style photos": "bench",
    "evaluate prefer make photos photos --content photos --style photos --out new": "bench",
    "evaluate prefer score sheets": "bench",
}
"""A command line, and the extra that it asks for."""


WITH_BUILD = ("verify build", "android build --assets assets")
BUILD = "export --size 64 --graphs stylizer,style_encoder --formats tflite --precision fp16"


class Bare(NamedTuple):
    """What an environment without extras answers.

    Attributes:
        commands: names of all commands.
        outcomes: of each command line.
    """

    commands: list[str]
    outcomes: dict[str, Outcome]


def run_bare(lines: Iterable[str], folder: Path) -> Bare:
    """Run command lines in a folder, all in one process that finds no module of an extra."""
    lines = list(lines)
    result = subprocess.run(
        [sys.executable, Path(__file__).with_name("bare.py")],
        input=json.dumps([line.split() for line in lines]),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "FACESTYLE_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    outcomes = (Outcome(*outcome) for outcome in answer["outcomes"])
    return Bare(answer["commands"], dict(zip(lines, outcomes, strict=True)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command lines find what they name."""
    made = tmp_path_factory.mktemp("bare")
    shutil.copy(gallery.portraits()[0].path, made / "photo.jpg")
    (made / "photos").mkdir()
    (made / "any.mlpackage").mkdir()
    return made


@pytest.fixture(scope="module")
def bare(folder: Path) -> Bare:
    return run_bare((*WORKS, *REFUSED), folder)


def test_every_command_is_tried(bare: Bare) -> None:
    lines = (*WORKS, *REFUSED, *WITH_BUILD)
    tried = {name for name in bare.commands for line in lines if f"{line} ".startswith(f"{name} ")}
    assert tried == set(bare.commands)
    assert len(bare.commands) > 15


@pytest.mark.parametrize("line", WORKS)
def test_painting_needs_no_extra(bare: Bare, line: str) -> None:
    outcome = bare.outcomes[line]
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out


@pytest.mark.parametrize("line", REFUSED)
def test_the_extra_is_named_in_one_line(bare: Bare, folder: Path, line: str) -> None:
    extra = REFUSED[line]
    assert_refused(bare.outcomes[line], "this needs ", f": pip install 'facestyle[{extra}]'")
    assert not (folder / "new").exists()


@pytest.mark.slow
def test_a_build_reaches_an_app_but_is_not_verified(folder: Path, facestyle: Run) -> None:
    assert facestyle(*BUILD.split(), "--no-verify", "--out", folder / "build").code == 0
    verified, copied = run_bare(WITH_BUILD, folder).outcomes.values()
    assert_refused(verified, "this needs ", ": pip install 'facestyle[tflite]'")
    assert (copied.code, copied.err) == (0, "")
    assert (folder / "assets" / "manifest.json").is_file()


def test_doctor_says_what_is_missing(bare: Bare) -> None:
    lines = bare.outcomes["doctor"].out.splitlines()
    found = {line.split(":")[0].strip(): line for line in lines if ":" in line}
    assert "ready    stylize" in found
    assert "flatbuffers" in found["missing  export to .tflite"]
    assert found["missing  export to .tflite"].endswith("pip install 'facestyle[tflite]'")
    assert "coremltools" in found["missing  export to .mlpackage and .mlmodel"]

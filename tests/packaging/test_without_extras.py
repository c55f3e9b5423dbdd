"""What every command does where no extra is installed: it works, or says what it needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from facestyle import cli, gallery
from tests.conftest import Outcome, assert_refused

ROOT = Path(__file__).parents[2]

WORKS = (
    "stylize photo.jpg --style great_wave --out painted",
    "styles add photo.jpg --name mine",
    "styles list",
    "styles show great_wave",
    "doctor",
    "android build --assets assets",
    "train --list",
)

REFUSED = {
    "export --out new": "coreml,tflite",
    "export --formats tflite --out new": "tflite",
    "export --formats mlpackage,mlmodel --out new": "coreml",
    "verify build": "tflite",
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


class Bare(NamedTuple):
    """An environment without extras.

    Attributes:
        commands: names of all commands.
        outcomes: of each command line.
        folder: where they ran.
    """

    commands: list[str]
    outcomes: dict[str, Outcome]
    folder: Path


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """Every command line of this module, run in one process that finds no module of an extra."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copy(gallery.portraits()[0].path, folder / "photo.jpg")
    (folder / "photos").mkdir()
    (folder / "any.mlpackage").mkdir()
    arguments = "export --size 64 --graphs stylizer,style_encoder --formats tflite"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
        patch.chdir(folder)
        line = f"facestyle {arguments} --precision fp16 --no-verify --out build"
        patch.setattr(sys, "argv", line.split())
        cli.main()
    assert not left.value.code
    lines = [line.split() for line in (*WORKS, *REFUSED)]
    result = subprocess.run(
        [sys.executable, Path(__file__).with_name("bare.py")],
        input=json.dumps(lines),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "FACESTYLE_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    outcomes = dict(zip((*WORKS, *REFUSED), (Outcome(*o) for o in answer["outcomes"]), strict=True))
    return Bare(answer["commands"], outcomes, folder)


def test_every_command_is_tried(bare: Bare) -> None:
    tried = {
        name
        for name in bare.commands
        for line in bare.outcomes
        if f"{line} ".startswith(f"{name} ")
    }
    assert tried == set(bare.commands)
    assert len(bare.commands) > 15


@pytest.mark.parametrize("line", WORKS)
def test_painting_needs_no_extra(bare: Bare, line: str) -> None:
    outcome = bare.outcomes[line]
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out


@pytest.mark.parametrize("line", REFUSED)
def test_the_extra_is_named_in_one_line(bare: Bare, line: str) -> None:
    extra = REFUSED[line]
    assert_refused(bare.outcomes[line], "this needs ", f": pip install 'facestyle[{extra}]'")
    assert not (bare.folder / "new").exists()


def test_doctor_says_what_is_missing(bare: Bare) -> None:
    lines = bare.outcomes["doctor"].out.splitlines()
    found = {line.split(":")[0].strip(): line for line in lines if ":" in line}
    assert "ready    stylize" in found
    assert "flatbuffers" in found["missing  export to .tflite"]
    assert found["missing  export to .tflite"].endswith("pip install 'facestyle[tflite]'")
    assert "coremltools" in found["missing  export to .mlpackage and .mlmodel"]

"""How far a command is, where standard error is no terminal and where it is one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

STEPS = """
from facestyle.cli.progress import shown
with shown("Exporting", 2) as progress:
    progress("a.tflite: writing")
    progress("a.tflite: verifying")
    progress.expect(2)
    progress("b.tflite: writing")
    progress("a.tflite: once more")
with shown("Painting", 2, hidden=True) as progress:
    progress("c.jpg: poppies")
"""


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "FACESTYLE_HOME": str(home)}


def test_a_log_gets_one_line_for_each_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STEPS],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines() == [
        "Exporting 1/2  a.tflite: writing",
        "Exporting 3/4  b.tflite: writing",
    ]
    assert done.stdout == ""


def test_a_terminal_gets_a_bar(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", STEPS],
        env=environment(tmp_path) | {"TERM": "xterm"},
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "4/4" in said
    assert "a.tflite: once more" in said
    assert "#" in said
    assert "c.jpg" not in said


@pytest.mark.slow
def test_an_export_names_each_file_in_a_log(tmp_path: Path) -> None:
    options = "--size 64 --graphs stylizer --formats tflite --precision fp32,fp16 --out build"
    script = "from facestyle.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "export", *options.split()],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    for file in ("mobile_stylizer_64x64_fp32.tflite", "mobile_stylizer_64x64_fp16.tflite"):
        assert sum(file in line for line in lines) == 1, done.stderr
    places = [re.match(r"Exporting (\d+)/(\d+)  \S", line) for line in lines]
    assert all(places), done.stderr
    assert len({place[2] for place in places if place}) == 1
    numbers = [int(place[1]) for place in places if place]
    assert numbers == sorted(numbers)
    last = places[-1]
    assert last and last[1] == last[2]

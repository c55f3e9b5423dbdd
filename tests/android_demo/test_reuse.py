"""Single files of the sample app's core compile with what its README names beside them."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from toolchain.layout import DEMO, Layout
from toolchain.project import Project

CORE = DEMO / "core" / "src" / "main" / "kotlin" / "org" / "facestyle" / "core"
README = (DEMO / "README.md").read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    """The files of each row of the table of what may be taken from ``core``."""
    table = README.split("| of `core`, you want | take |")[1].split("\n\n")[0]
    return [found.split() for found in re.findall(r"\| `([\w ]+)` \|$", table, re.M)]


def test_the_table_names_every_file() -> None:
    named = {name for row in rows() for name in row}
    every = {path.stem for path in CORE.glob("*.kt")}
    # What only the benchmark activity uses is not offered.
    assert every - named == {"BenchmarkRow", "FrameTimes"}
    assert named <= every


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("java"), reason="no Java")
@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_row_compiles_by_itself(row: list[str], tmp_path: Path) -> None:
    project = Project(Layout())
    if not list((project.layout.work / "class_paths").glob("kotlinc-*.txt")):
        pytest.skip("no compiler; `make android` fetches it")
    made = Project(replace(project.layout, out=tmp_path))
    made.compiler = project.compiler
    made.kotlinc("reused", [CORE / f"{name}.kt" for name in row], [made.android, *made.stdlib])
    assert list(tmp_path.rglob("*.class"))

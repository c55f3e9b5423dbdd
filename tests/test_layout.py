"""Tests are found where the code is: their folders have its names."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

OWN = {"packaging", "support", "vectors"}
"""Folders of tests that are of no folder of the code."""


def test_folders_of_tests_are_the_codes() -> None:
    tests = ROOT / "tests"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("*.py")} - {Path(".")}
    assert len(folders) > 20
    others = {f.as_posix() for f in folders if f.parts[0] not in OWN and not (ROOT / f).is_dir()}
    assert not others

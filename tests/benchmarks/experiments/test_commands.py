"""Every experiment is one documented command."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from benchmarks import experiments
from benchmarks.experiments import command
from facestyle.errors import UserError

FOLDER = Path(experiments.__file__).parent

COMMANDS = sorted(
    name
    for _, name, _ in pkgutil.iter_modules(experiments.__path__)
    if "__main__" in (FOLDER / f"{name}.py").read_text(encoding="utf-8")
)


def test_the_table_has_all_of_them() -> None:
    rows = re.findall(
        r"^\| `python -m benchmarks\.experiments\.(\w+) ", (FOLDER / "README.md").read_text(), re.M
    )
    assert sorted(rows) == COMMANDS
    assert len(COMMANDS) == 6


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_makes_takes_and_needs(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(f"benchmarks.experiments.{name}")
    with pytest.raises(SystemExit) as left:
        module.main(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert f"usage: python -m benchmarks.experiments.{name} " in told
    for word in ("Makes: ", "Takes: ", "Needs: ", "--out"):
        assert word in told


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("contact_sheet", ["--content", "NOWHERE", "--out", "sheet.png"]),
        ("clips", ["NOWHERE", "--out", "clips.md"]),
        ("ablation", ["NOWHERE", "--content", "NOWHERE", "--style", "NOWHERE"]),
        ("own_models", ["--out", "FILE"]),
        ("no_auxiliary", ["--out", "FILE"]),
        ("training_speed", ["--content", "NOWHERE"]),
    ],
)
def test_mistakes_are_one_line(
    name: str, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a file").touch()
    places = {"NOWHERE": str(tmp_path / "nowhere"), "FILE": str(tmp_path / "a file")}
    module = importlib.import_module(f"benchmarks.experiments.{name}")
    with pytest.raises(SystemExit) as left:
        module.main([places.get(word, word) for word in arguments])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1


def test_what_was_typed() -> None:
    parser = command.parser("clips", None)
    assert command.typed(parser, ["a b", "--out", "c"]) == (
        "python -m benchmarks.experiments.clips 'a b' --out c"
    )
    assert command.typed(parser, []) == "python -m benchmarks.experiments.clips"


def test_only_errors_for_people_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    parser = command.parser("clips", None)
    with pytest.raises(ValueError, match="a bug"), command.one_line_errors(parser):
        raise ValueError("a bug")
    with pytest.raises(SystemExit) as left, command.one_line_errors(parser):
        raise UserError("no such file; give another")
    assert left.value.code == 2
    assert capsys.readouterr().err == "error: no such file; give another\n"

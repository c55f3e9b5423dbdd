"""Runs commands of ``facestyle`` as if no extra were installed: a script for the tests.

Reads a list of command lines (JSON) from its standard input and writes an answer to the standard
output: ``commands``, the names of all there are, and ``outcomes``, a code, standard output and
standard error for each command line.
"""

from __future__ import annotations

import io
import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import click

from facestyle import cli, dependencies


class Hiding:
    """A finder of modules that does not find some."""

    def __init__(self, finder: Any, hidden: set[str]) -> None:
        self._finder, self._hidden = finder, hidden

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """As the finder does, but None for what is hidden."""
        if any(f"{name}.".startswith(f"{module}.") for module in self._hidden):
            return None
        return self._finder.find_spec(name, path, target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)


def hide_extras() -> None:
    """Let no module be found that an extra installs."""
    own = dependencies.own()
    hidden = {item.module for extra in own.listed for item in own.all(extra)}
    hidden -= {item.module for item in own.all(dependencies.BASE)}
    assert not hidden & sys.modules.keys()
    sys.meta_path[:] = [Hiding(finder, hidden) for finder in sys.meta_path]


def names(command: click.Command, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Of every command that does something itself."""
    if not isinstance(command, click.Group):
        yield " ".join(before)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from names(found, (*before, name))


def run(arguments: list[str]) -> tuple[int, str, str]:
    """Exit code (99 where it ends in a traceback), standard output and standard error."""
    sys.argv = ["facestyle", *arguments]
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as left:
            code = int(left.code or 0)
        except BaseException:
            traceback.print_exc()
            code = 99
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    lines = json.load(sys.stdin)
    hide_extras()
    answer = {"commands": list(names(cli.app)), "outcomes": [run(line) for line in lines]}
    json.dump(answer, sys.stdout)

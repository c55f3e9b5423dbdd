"""What the commands of this folder share."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from facestyle.errors import UserError


def parser(module: str, about: str | None) -> argparse.ArgumentParser:
    """The parser of one command.

    Args:
        module: its name in this folder, such as ``clips``.
        about: the module's docstring, shown by ``--help`` as it stands.
    """
    return argparse.ArgumentParser(
        prog=f"python -m {__package__}.{module}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


@contextmanager
def one_line_errors(of: argparse.ArgumentParser) -> Iterator[None]:
    """A ``UserError`` ends the program with one line and exit code 2."""
    try:
        yield
    except UserError as error:
        of.exit(2, f"error: {error}\n")


def typed(of: argparse.ArgumentParser, arguments: Sequence[str] | None) -> str:
    """The command line, for a report.

    Args:
        arguments: as ``main`` got them; None for the program's own.
    """
    return f"{of.prog} {shlex.join(sys.argv[1:] if arguments is None else arguments)}".rstrip()

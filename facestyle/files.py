"""Files that are either whole or absent."""

from __future__ import annotations

import errno
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facestyle.errors import UserError


class CannotWrite(UserError):
    """The output, not an input, is at fault: the next file would fail as this one did."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place if the block succeeds.

    Raises:
        CannotWrite: when the file cannot be written (no permission, no space, no such folder).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Reserved by creating it: the name must be free and the folder writable.
        handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_folder(path: Path) -> None:
    """Refuse a folder that files cannot be written to, before the work and not after it.

    It is left as it was, be that absent.

    Raises:
        CannotWrite: when it is a file, or it or a folder above it cannot be written to.
    """
    if path.exists() and not path.is_dir():
        raise CannotWrite(f"{path} is a file; choose a folder")
    above = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=above):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> CannotWrite:
    space = "free some space or " if error.errno == errno.ENOSPC else ""
    return CannotWrite(
        f"cannot write {path}: {error.strerror or error}; {space}choose another folder"
    )


def numbered(name: str, longest: int) -> Iterator[str]:
    """``name``, ``name_2``, ``name_3`` and so on, none of them longer than ``longest``.

    >>> names = numbered("spring", 7)
    >>> next(names), next(names)
    ('spring', 'sprin_2')
    """
    yield name[:longest]
    for number in itertools.count(2):
        suffix = f"_{number}"
        yield name[: longest - len(suffix)] + suffix


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

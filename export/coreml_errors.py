"""Errors of ``coreml_reference`` as errors for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coreml_reference import CoreMLError
from facestyle.errors import UserError


@contextmanager
def as_user_errors(path: Path, what: str = "") -> Iterator[None]:
    """Raise each ``CoreMLError`` as a ``UserError`` that names the file.

    Args:
        path: the file that is read or executed.
        what: words between its name and the message.

    Raises:
        UserError: in one line.
    """
    try:
        yield
    except CoreMLError as error:
        message = str(error)
        named = str(path) in message
        raise UserError(message if named else f"{path}{what}: {message}") from error

"""Errors meant for people: one line that says what is wrong and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can put right. The command line prints it and exits with 2."""


def unknown(what: str, given: str, known: Iterable[str]) -> UserError:
    """An error for a name that is not among the known ones, with the nearest as a hint."""
    names = sorted(known)
    close = difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(names)}"
    return UserError(f"unknown {what} {given!r}: {hint}")

"""Errors meant for people: one line that says what is wrong and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can put right. The command line prints it and exits with 2."""


TOO_LITTLE_MEMORY = "too little memory for this; use a smaller image"
"""What people are told when ``is_out_of_memory``."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, numpy or PyTorch (which has no class for it on the CPU) ran out of memory."""
    words = ("allocate memory", "not enough memory", "out of memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(w in str(error).lower() for w in words)
    )


def unknown(what: str, given: str, known: Iterable[str]) -> UserError:
    """An error for a name that is not among the known ones, with the nearest as a hint."""
    names = sorted(known)
    close = difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(names)}"
    return UserError(f"unknown {what} {given!r}: {hint}")

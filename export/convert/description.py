"""What a file says about itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Description:
    """For people: Xcode shows it."""

    author: str
    licence: str
    version: str
    summary: str

"""Pictures that ship with the package: long in the public domain (see README.md beside).

Paintings are where the shipped style codes come from; portraits are for checks, and for
calibration where the user asks for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Picture:
    """A picture in the gallery."""

    name: str
    title: str
    artist: str
    year: int
    movement: str
    credit: str
    """Who made the reproduction available."""
    path: Path

    @property
    def caption(self) -> str:
        """Title, artist and year."""
        return f"{self.title} ({self.artist}, {self.year})"


def _pictures(kind: str) -> tuple[Picture, ...]:
    entries = json.loads((HERE / "gallery.json").read_text(encoding="utf-8"))[kind]
    return tuple(Picture(path=HERE / kind / f"{e['name']}.jpg", **e) for e in entries)


def paintings() -> tuple[Picture, ...]:
    """The paintings of the shipped styles, by name."""
    return _pictures("paintings")


def portraits() -> tuple[Picture, ...]:
    """Four painted faces."""
    return _pictures("portraits")

"""A style as a small named vector: from a painting once, then everywhere without it.

``styles.json`` holds a list of them with the fingerprint of the style encoder that made them, so
that a code is never given to a network that would misread it. ``mobile`` and ``studio`` have one
style encoder, and so the same styles.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from facestyle.errors import UserError, unknown
from facestyle.files import write_text

LONGEST_NAME = 64
NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{LONGEST_NAME - 1}}}")


@dataclass(frozen=True)
class StyleCode:
    """Everything a network needs of a style.

    Attributes:
        name: lower-case letters, digits, ``_`` and ``-``.
        values: the code, K floats.
        title: what people may be shown.
        credit: movement, and who made the painting's picture available.
    """

    name: str
    values: tuple[float, ...]
    title: str = ""
    credit: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise UserError(
                f"{self.name!r} cannot name a style: use lower-case letters, digits, _ and -"
            )
        if not self.values or not all(math.isfinite(v) for v in self.values):
            raise UserError(f"style {self.name!r}: the code is empty or not finite")

    @classmethod
    def from_tensor(cls, name: str, code: Tensor, title: str = "") -> StyleCode:
        """From a network's (1, K, 1, 1)."""
        return cls(name, tuple(round(v, 6) for v in code.flatten().tolist()), title)

    def tensor(self) -> Tensor:
        """(1, K, 1, 1), float32."""
        return torch.tensor(self.values, dtype=torch.float32)[None, :, None, None]


def mix(styles: Sequence[StyleCode], weights: Sequence[float] | None = None) -> StyleCode:
    """Average several styles of one network.

    Args:
        styles: at least one, of equal length.
        weights: relative shares, equal by default.

    >>> mix([StyleCode("a", (0.0, 4.0)), StyleCode("b", (2.0, 0.0))], [3, 1])
    StyleCode(name='a-b', values=(0.5, 3.0), title='a + b', credit='')
    """
    shares = weights or [1.0] * len(styles)
    total = sum(shares)
    values = tuple(
        sum(w * v for w, v in zip(shares, column)) / total
        for column in zip(*(s.values for s in styles), strict=True)
    )
    name = "-".join(s.name for s in styles)[:LONGEST_NAME]
    credit = " + ".join(s.credit for s in styles if s.credit)
    return StyleCode(name, values, " + ".join(s.title or s.name for s in styles), credit)


@dataclass(frozen=True)
class StyleBook:
    """The styles of one style encoder, as stored in ``styles.json``."""

    weights: str
    """Fingerprint of the weights that made the codes, as ``Checkpoint.style_fingerprint``."""
    styles: tuple[StyleCode, ...]

    def __getitem__(self, name: str) -> StyleCode:
        for style in self.styles:
            if style.name == name:
                return style
        raise unknown("style", name, (s.name for s in self.styles))

    def __contains__(self, name: object) -> bool:
        return any(s.name == name for s in self.styles)

    def with_style(self, style: StyleCode) -> StyleBook:
        """A book with one more style; one of the same name is replaced."""
        others = [s for s in self.styles if s.name != style.name]
        return StyleBook(self.weights, tuple(sorted([*others, style], key=lambda s: s.name)))

    def save(self, path: Path) -> None:
        """Write ``styles.json``, whole or not at all."""
        document = {
            "format": "facestyle-styles/1",
            "weights": self.weights,
            "code_size": len(self.styles[0].values) if self.styles else 0,
            "styles": [
                {"name": s.name, "title": s.title, "credit": s.credit, "code": list(s.values)}
                for s in self.styles
            ],
        }
        text = json.dumps(document, indent=1, ensure_ascii=False)
        # One style a line: numbers one below the other help nobody.
        text = re.sub(
            r"\[\s*(-?\d[^\]]*?)\s*\]", lambda m: "[" + " ".join(m[1].split()) + "]", text
        )
        write_text(path, text + "\n")

    @classmethod
    def load(cls, path: Path) -> StyleBook:
        """Read ``styles.json``.

        Raises:
            UserError: when it is missing or not one of ours.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            styles = tuple(
                StyleCode(
                    s["name"],
                    tuple(float(v) for v in s["code"]),
                    s.get("title", ""),
                    s.get("credit", ""),
                )
                for s in document["styles"]
            )
            return cls(str(document["weights"]), styles)
        except FileNotFoundError as error:
            raise UserError(f"{path}: no such file") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path} is not a styles file of facestyle") from error

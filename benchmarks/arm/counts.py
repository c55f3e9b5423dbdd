"""What the counting plugin wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from facestyle.errors import UserError


@dataclass(frozen=True)
class Counts:
    """Instructions by class, in the order of ``plugin/classify.h``.

    Attributes:
        other: integers, addresses, branches, loads and stores of general registers.
        simd: Advanced SIMD and floating point with their loads and stores, less the two below.
        dot_product: sums of products of 8-bit integers (SDOT and its family).
        half: arithmetic in half precision.
    """

    other: int
    simd: int
    dot_product: int
    half: int

    def __sub__(self, other: Counts) -> Counts:
        """What came between two marks."""
        return Counts(*(a - b for a, b in zip(astuple(self), astuple(other))))

    @property
    def total(self) -> int:
        """All of them."""
        return self.other + self.simd + self.dot_product + self.half

    def entry(self) -> dict[str, int]:
        """As the report has it."""
        return {
            "total": self.total,
            "simd": self.simd,
            "dot_product": self.dot_product,
            "half_precision": self.half,
            "other": self.other,
        }


def parse(text: str) -> list[Counts]:
    """Instructions of each marked piece of work, in order.

    Args:
        text: QEMU's log.

    Raises:
        UserError: when marks are missing or out of order.
    """
    marks = [_mark(line) for line in text.splitlines() if line.startswith("count ")]
    if not marks or len(marks) % 2 or [at for at, _ in marks] != list(range(len(marks))):
        raise UserError(f"the counting plugin wrote {len(marks)} marks, not two for every run")
    return [end - start for (_, start), (_, end) in zip(marks[::2], marks[1::2])]


def of_runs(pieces: Sequence[Counts]) -> list[Counts]:
    """Instructions of runs, less those of the calls around them, which the last, empty piece
    tells."""
    return [piece - pieces[-1] for piece in pieces[:-1]]


def _mark(line: str) -> tuple[int, Counts]:
    try:
        at, *figures = (int(word) for word in line.split()[1:])
        return at, Counts(*figures)
    except (ValueError, TypeError) as error:
        raise UserError(f"the counting plugin wrote {line!r}, which is no count") from error

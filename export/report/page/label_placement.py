"""Where a point's label is, so that it covers neither another label nor a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LETTER, LINE = 6.2, 11.0
"""Width and height of a small letter, a little more than it takes."""


@dataclass(frozen=True)
class Box:
    """An area; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @staticmethod
    def around(x: float, y: float, width: float, height: float) -> Box:
        """The area with its middle at (x, y)."""
        return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def touches(self, other: Box) -> bool:
        """Whether the two share a place."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def within(self, other: Box) -> bool:
        """Whether it is wholly inside."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom


def place(text: str, x: float, y: float, taken: Sequence[Box], edge: Box) -> Box | None:
    """A free area beside a point, or None where all around it is taken.

    Args:
        x, y: of the point.
        taken: areas not to be covered.
        edge: the area to stay in.
    """
    width = LETTER * len(text)
    aside, above = 7 + width / 2, 5 + LINE / 2
    moves = [(0.0, -above), (aside, 0.0), (-aside, 0.0), (0.0, above)]
    moves += [(across * aside, up * above) for across in (0.8, -0.8) for up in (-0.8, 0.8)]
    for across, up in moves:
        box = Box.around(x + across, y + up, width, LINE)
        if box.within(edge) and not any(box.touches(other) for other in taken):
            return box
    return None

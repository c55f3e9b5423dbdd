"""What goes into and comes out of a graph: stated once, for every converter, check and app."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from facestyle import image_range
from facestyle.image_range import IMAGE_RANGE, MAXIMUM, Array


class Kind(Enum):
    """What a port carries."""

    IMAGE = "image"
    """RGB."""
    MAP = "map"
    """One value per pixel."""
    CODE = "code"
    """A style code."""
    SCALAR = "scalar"


@dataclass(frozen=True)
class Port:
    """An input or output.

    Attributes:
        name: as in the files.
        kind: what it carries.
        shape: (1, C, H, W).
        range: least and greatest value in float files, None where unbounded.
        description: for people.
    """

    name: str
    kind: Kind
    shape: tuple[int, int, int, int]
    range: tuple[float, float] | None
    description: str

    @property
    def scale(self) -> float:
        """Of an 8-bit image: ``value = pixel * scale + offset``, pixels from 0 to ``MAXIMUM``.

        >>> port = Port("content", Kind.IMAGE, (1, 3, 8, 8), (-1.0, 1.0), "A photo.")
        >>> [pixel * port.scale + port.offset for pixel in (0, 255)]
        [-1.0, 1.0]
        """
        low, high = self._ends
        return (high - low) / MAXIMUM

    @property
    def offset(self) -> float:
        """The value of a black pixel; see ``scale``."""
        return self._ends[0]

    @property
    def pixels_per_unit(self) -> float:
        """The inverse of ``scale``: ``pixel = (value - offset) * pixels_per_unit``."""
        low, high = self._ends
        return MAXIMUM / (high - low)

    def from_unit(self, picture: Array) -> Array:
        """A picture in [0, 1], as ``facestyle.images`` has it, in this port's range.

        >>> port = Port("content", Kind.IMAGE, (1, 3, 8, 8), (-1.0, 1.0), "A photo.")
        >>> port.from_unit(0.25), port.to_unit(-0.5)
        (-0.5, 0.25)
        """
        return image_range.from_unit(picture, self._ends)

    def to_unit(self, values: Array) -> Array:
        """The inverse of ``from_unit``."""
        return image_range.to_unit(values, self._ends)

    @property
    def _ends(self) -> tuple[float, float]:
        if self.range is None:
            raise ValueError(f"{self.name} has no range")
        return self.range

    @property
    def nhwc(self) -> tuple[int, int, int, int]:
        """The shape with channels last, (1, H, W, C), as TFLite has it.

        >>> content(256, 384).nhwc
        (1, 256, 384, 3)
        """
        n, c, h, w = self.shape
        return n, h, w, c


@dataclass(frozen=True)
class Contract:
    """Inputs and outputs of a graph, in order."""

    graph: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def image(name: str, height: int, width: int, description: str) -> Port:
    """An RGB image port, values in ``IMAGE_RANGE``."""
    return Port(name, Kind.IMAGE, (1, 3, height, width), IMAGE_RANGE, description)


def content(height: int, width: int) -> Port:
    """The photo."""
    return image("content", height, width, "The photo, upright, RGB.")


def painting(size: int) -> Port:
    """The painting."""
    return image("painting", size, size, "The painting's middle square, RGB.")


def stylized(height: int, width: int) -> Port:
    """The result."""
    return image("stylized", height, width, "The painted photo, RGB.")


def style_code(size: int) -> Port:
    """A style code."""
    return Port(
        "style_code",
        Kind.CODE,
        (1, size, 1, 1),
        None,
        f"A style's {size} numbers, from styles.json or the style encoder. Average to mix.",
    )


def scalar(name: str, description: str) -> Port:
    """A number in [0, 1]."""
    return Port(name, Kind.SCALAR, (1, 1, 1, 1), (0.0, 1.0), description)


def strength() -> Port:
    """How much style."""
    return scalar("strength", "How much style: 0 keeps the photo, 1 paints it fully.")


def depth(height: int, width: int) -> tuple[Port, Port, Port]:
    """The inputs of depth-controlled strength (paper 2)."""
    return (
        Port(
            "depth",
            Kind.MAP,
            (1, 1, height, width),
            (0.0, 1.0),
            "Where to paint: 0 keeps (near), 1 paints (far). All ones to paint everywhere.",
        ),
        scalar("depth_low", "Depth at and below which nothing is painted."),
        scalar("depth_high", "Depth at and above which all is painted; above depth_low."),
    )

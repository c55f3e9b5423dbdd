"""The range of images in a network: what 0 and 255 of a picture are there.

Ports of exported graphs, converters, checks, golden pairs, manifests, the painter and the apps
follow it. Weights belong to the range that they were trained in.
"""

from __future__ import annotations

from typing import Any, TypeVar

Array = TypeVar("Array", bound=Any)
"""A tensor or an array."""

MAXIMUM = 255
"""Of a channel of an 8-bit image."""

UNIT = (0.0, 1.0)
"""Of pictures outside a network, as ``facestyle.images`` loads and saves them."""

IMAGE_RANGE = UNIT
"""Of pictures in a network: least and greatest value."""


def from_unit(picture: Array, limits: tuple[float, float] = IMAGE_RANGE) -> Array:
    """A picture in [0, 1] in a network's range: ``low + picture * (high - low)``.

    >>> from_unit(0.75, (-1.0, 1.0))
    0.5
    """
    if limits == UNIT:
        return picture
    low, high = limits
    return picture * (high - low) + low


def to_unit(values: Array, limits: tuple[float, float] = IMAGE_RANGE) -> Array:
    """The inverse of ``from_unit``.

    >>> to_unit(0.5, (-1.0, 1.0))
    0.75
    """
    if limits == UNIT:
        return values
    low, high = limits
    return (values - low) / (high - low)

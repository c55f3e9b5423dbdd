"""Every constant of an exported file traced to a parameter of the inference graph.

What a file carries beyond that (an auxiliary network, say) has no parameter to be traced to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from torch import nn

SCALAR_SIZE = 1
"""Constants of this many values (epsilons, 1/255) are listed with their value, not traced."""


@dataclass(frozen=True)
class Constant:
    """A floating-point constant read back from a file.

    Attributes:
        name: as in the file.
        values: fp32, dequantised where the file holds less.
        tolerance: how far a value may be from its origin: half a quantisation step or the
            rounding of fp16, broadcastable to ``values``.
    """

    name: str
    values: NDArray[np.float32]
    tolerance: NDArray[np.float32] | float


@dataclass(frozen=True)
class Origin:
    """Where a constant comes from; ``parameter`` is None where nobody knows.

    ``scalar`` and, for the zeros of a bias that a layer does not have, ``zeros`` are no parameters;
    their ``value`` is given.
    """

    constant: str
    shape: tuple[int, ...]
    parameter: str | None
    value: float | None = None


def trace(
    constants: Iterable[Constant],
    module: nn.Module,
    derived: dict[str, str] | None = None,
    used: set[str] | None = None,
) -> list[Origin]:
    """Find each constant's origin among a module's parameters and buffers.

    A constant matches a parameter if some reordering of the parameter's axes (NCHW to NHWC and
    the like) has its values, in order, within the tolerance. A vector may also be one of the
    equal parts of another, which is what is left of a baked style that a network splits. A row of
    copies of a vector is that vector: what the converter makes of a value for each channel.

    Args:
        constants: as read from the file.
        module: the inference graph, as it was converted.
        derived: names of parameters that were computed from others, and from which.
        used: names of the modules that the graph runs; those of others are no origin.
    """
    derived = derived or {}
    by_size: dict[int, list[tuple[str, NDArray[np.float32]]]] = defaultdict(list)
    for name, value in module.state_dict().items():
        if used is not None and name.rpartition(".")[0] not in used:
            continue
        array = value.detach().cpu().float().numpy()
        by_size[array.size].append((name, array))
    vectors = [(n, a) for arrays in by_size.values() for n, a in arrays if _is_vector(a)]
    origins = []
    for constant in map(_without_copies, constants):
        shape, size = constant.values.shape, constant.values.size
        if size <= SCALAR_SIZE:
            origins.append(
                Origin(constant.name, shape, "scalar", float(constant.values.ravel()[0]))
            )
            continue
        found = next((n for n, a in by_size[size] if _matches(constant, a)), None)
        found = found or next((f"{n} (a part)" for n, a in vectors if _is_part(constant, a)), None)
        if found is None and _is_vector(constant.values) and not constant.values.any():
            # What TFLite's convolutions have where the network's have no bias.
            origins.append(Origin(constant.name, shape, "zeros", 0.0))
            continue
        if found in derived:
            found = f"{derived[found]} (as {found.rsplit('.', 1)[-1]})"
        origins.append(Origin(constant.name, shape, found))
    return origins


def _without_copies(constant: Constant) -> Constant:
    """A row of copies of a vector, (1, 1, W, C), as (1, 1, 1, C); other constants as they are."""
    values = constant.values
    row = values.ndim == 4 and values.shape[:2] == (1, 1) and values.shape[2] > 1
    if not row or not np.array_equal(values, np.broadcast_to(values[:, :, :1], values.shape)):
        return constant
    tolerance = np.broadcast_to(constant.tolerance, values.shape)[:, :, :1]
    return Constant(constant.name, values[:, :, :1], tolerance)


def _matches(constant: Constant, parameter: NDArray[np.float32]) -> bool:
    flat = constant.values.ravel()
    tolerance = np.broadcast_to(constant.tolerance, constant.values.shape).ravel()
    squeezed = parameter.squeeze()
    return any(
        bool(np.all(np.abs(squeezed.transpose(order).ravel() - flat) <= tolerance))
        for order in permutations(range(squeezed.ndim))
    )


def _is_part(constant: Constant, vector: NDArray[np.float32]) -> bool:
    flat = constant.values.ravel()
    if not _is_vector(constant.values) or vector.size <= flat.size or vector.size % flat.size:
        return False
    tolerance = np.broadcast_to(constant.tolerance, constant.values.shape).ravel()
    return bool((np.abs(vector.reshape(-1, flat.size) - flat) <= tolerance).all(1).any())


def _is_vector(array: NDArray[np.float32]) -> bool:
    return max(array.shape, default=0) == array.size

"""Holes in a depth map, filled by colorization (paper 1, section 4.1.3).

Levin, Lischinski & Weiss, SIGGRAPH 2004, with depth for colour: every unknown pixel is a
weighted mean of its eight neighbours, which count the more the nearer their grey level is to its
own. That is one sparse linear system; known pixels stay as they are.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

BANDWIDTH = 0.6
"""Grey levels whose squared difference is this share of the local variance count 1/e of equal
ones. The paper's text has 2, which lets a fifteenth of a step leak across at every pixel beside
it; the authors' program has this."""

NOISE = 2 / 255
"""Least standard deviation of grey levels: what is below is the rounding of 8-bit images."""

_OFFSETS = tuple(o for o in itertools.product((-1, 0, 1), repeat=2) if o != (0, 0))


def fill_depth(depth: NDArray[np.floating], grey: NDArray[np.floating]) -> NDArray[np.floating]:
    """Fill holes of any shape.

    Args:
        depth: (H, W), NaN where unknown, any unit.
        grey: (H, W), the photo's grey levels in [0, 1].

    Returns:
        (H, W), the same type; nothing but the holes changed, and these within the least and
        greatest known depth. ``depth`` itself where it has no holes.

    Raises:
        ValueError: when no pixel is known, or the shapes differ.
    """
    if depth.shape != grey.shape:
        raise ValueError(f"depth is {depth.shape}, but grey is {grey.shape}")
    holes = np.isnan(depth)
    if not holes.any():
        return depth
    if holes.all():
        raise ValueError("no pixel of the depth map is known")
    neighbours, weights = _neighbours(holes, grey)
    number = np.full(depth.size, -1)
    number[holes.ravel()] = np.arange(len(weights))
    columns = number[neighbours]
    row, slot = np.nonzero((columns >= 0) & (weights > 0))
    unknown = sparse.csc_array(
        (weights[row, slot], (row, columns[row, slot])), shape=(len(weights), len(weights))
    )
    known = np.nan_to_num(depth.ravel().astype(np.float64))
    right = (weights * known[neighbours]).sum(1)
    system = sparse.eye_array(len(weights), format="csc") - unknown
    # Diagonally dominant, its pattern symmetric: no pivoting needed, a good ordering all the more.
    solver = splu(
        system,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0,
        options={"SymmetricMode": True},
    )
    filled = depth.copy()
    least, greatest = np.nanmin(depth), np.nanmax(depth)
    filled[holes] = np.clip(solver.solve(right), least, greatest)
    return filled


def _neighbours(
    holes: NDArray[np.bool_], grey: NDArray[np.floating]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Flat indices (U, 8) of the neighbours of U unknown pixels, and their weights (U, 8).

    Weights of a pixel add up to 1; neighbours beyond the border weigh 0 and point at the pixel
    itself.
    """
    height, width = holes.shape
    rows, columns = np.nonzero(holes)
    own = rows * width + columns
    indices = np.empty((len(own), len(_OFFSETS)), np.intp)
    inside = np.empty(indices.shape, bool)
    for slot, (down, right) in enumerate(_OFFSETS):
        y, x = rows + down, columns + right
        inside[:, slot] = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        indices[:, slot] = np.where(inside[:, slot], y * width + x, own)
    levels = grey.ravel().astype(np.float64)
    difference = np.where(inside, levels[indices] - levels[own, None], 0)
    count = inside.sum(1) + 1
    variance = (difference**2).sum(1) / count - (difference.sum(1) / count) ** 2
    scale = BANDWIDTH * np.maximum(variance, NOISE**2)
    # The variance bounds every difference in the window: the exponent cannot fall below -30.
    weights = np.exp(-(difference**2) / scale[:, None]) * inside
    return indices, weights / weights.sum(1, keepdims=True)

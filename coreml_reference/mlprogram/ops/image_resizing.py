"""Resizing and cropping of the last two dimensions."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile, UnsupportedOperation
from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.values import check_size
from coreml_reference.resizing import SAMPLING_MODES, bilinear, linear, nearest, positions, scaled


def _upsample_nearest(arguments: Arguments) -> Tensor:
    """``upsample_nearest_neighbor``: (..., H, W) by ``scale_factor_height`` and ``_width``."""
    x = arguments.tensor("x")
    for axis, new in zip((-2, -1), _scaled(arguments, x), strict=True):
        steps = torch.arange(new, dtype=torch.float64)
        x = nearest(x, axis, steps * (x.shape[axis] / new))
    return x


def _upsample_bilinear(arguments: Arguments) -> Tensor:
    """``upsample_bilinear``: (..., H, W) by ``scale_factor_height`` and ``_width``."""
    x = arguments.tensor("x")
    corners = arguments.boolean("align_corners", True)
    centers = arguments.boolean("half_pixel_centers", not corners)
    if corners and centers:
        raise UnsupportedOperation("align_corners with half_pixel_centers", "unknown setting")
    mode = "UNALIGN_CORNERS" if centers else "DEFAULT"
    mode = "STRICT_ALIGN_CORNERS" if corners else mode
    return bilinear(x, _scaled(arguments, x), mode)


def _resize_bilinear(arguments: Arguments) -> Tensor:
    """``resize_bilinear``: (..., H, W) -> (..., target_size_height, target_size_width)."""
    x = arguments.tensor("x")
    size = [arguments.integer(f"target_size_{side}", 1) for side in ("height", "width")]
    return bilinear(x, _size(x, size), arguments.string("sampling_mode", "DEFAULT"))


def _resize_nearest(arguments: Arguments) -> Tensor:
    """``resize_nearest_neighbor``: (..., H, W) -> (..., target height, target width)."""
    x = arguments.tensor("x")
    size = _size(x, [arguments.integer(f"target_size_{side}") for side in ("height", "width")])
    for axis, new in zip((-2, -1), size, strict=True):
        x = nearest(x, axis, positions("DEFAULT", x.shape[axis], new))
    return x


def _resize(arguments: Arguments) -> Tensor:
    """``resize``: the last ``resized_dims`` dimensions to ``shape``, where 0 keeps a size."""
    x, shape = arguments.tensor("x"), arguments.integers("shape")
    count = arguments.integer("resized_dims")
    if not 0 <= count <= min(len(shape), x.dim()):
        raise DamagedFile(f"resized_dims is {count} of {x.dim()}")
    mode = arguments.string("sampling_mode", "DEFAULT")
    axes = range(x.dim() - count, x.dim())
    size = [n or x.shape[axis] for axis, n in zip(axes, shape[len(shape) - count :], strict=True)]
    size = _size(x, size)
    if arguments.string("interpolation_mode", "LINEAR") == "LINEAR":
        y = x if x.dtype.is_floating_point else x.double()
        for axis, new in zip(axes, size, strict=True):
            y = linear(y, axis, positions(mode, x.shape[axis], new))
        return y
    if mode not in ("DEFAULT", "UNALIGN_CORNERS"):
        raise UnsupportedOperation(mode, "unknown way to round to the nearest pixel")
    for axis, new in zip(axes, size, strict=True):
        shift = 0.0 if mode == "DEFAULT" else 0.5
        x = nearest(x, axis, positions(mode, x.shape[axis], new) + shift)
    return x


def _crop(arguments: Arguments) -> Tensor:
    """``crop``: (..., H, W) less (first, last) ``crop_height`` rows and ``crop_width`` columns."""
    x = arguments.tensor("x")
    for axis, side in ((-2, "height"), (-1, "width")):
        before, after = arguments.integers(f"crop_{side}")
        x = x.narrow(axis, before, x.shape[axis] - before - after)
    return x


def _scaled(arguments: Arguments, x: Tensor) -> list[int]:
    """The size that scale factors ask for."""
    factors = [arguments.number(f"scale_factor_{side}", 1) for side in ("height", "width")]
    return _size(x, [scaled(n, f) for f, n in zip(factors, x.shape[-2:], strict=True)])


def _size(x: Tensor, size: list[int]) -> list[int]:
    """The size, if x (..., H, W) can have it."""
    if x.dim() < 3 or 0 in x.shape or min(size, default=1) < 1:
        raise DamagedFile(f"a tensor of shape {tuple(x.shape)} cannot become of size {size}")
    check_size([*x.shape[: x.dim() - len(size)], *size], "a result")
    return size


FACTORS = "scale_factor_height? scale_factor_width?"

OPS = {
    "crop": op(_crop, "x crop_height crop_width"),
    "resize": op(
        _resize,
        "x shape resized_dims interpolation_mode? sampling_mode?",
        interpolation_mode=("LINEAR", "NEAREST_NEIGHBOR"),
        sampling_mode=SAMPLING_MODES,
    ),
    "resize_bilinear": op(
        _resize_bilinear,
        "x target_size_height? target_size_width? sampling_mode?",
        sampling_mode=SAMPLING_MODES,
    ),
    "resize_nearest_neighbor": op(_resize_nearest, "x target_size_height target_size_width"),
    "upsample_bilinear": op(_upsample_bilinear, f"x {FACTORS} align_corners? half_pixel_centers?"),
    "upsample_nearest_neighbor": op(_upsample_nearest, f"x {FACTORS}"),
}

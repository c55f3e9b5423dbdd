"""Windows that slide over spatial dimensions: padding around them, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from coreml_reference.errors import DamagedFile
from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.values import check_size

PADDINGS = ("valid", "custom", "same", "same_lower")
"""``same_lower`` puts what cannot be halved before, ``same`` after."""

Pairs = list[tuple[int, int]]
"""Before and after, per spatial dimension."""


def spread(arguments: Arguments, name: str, rank: int) -> list[int]:
    """Strides or dilations: a positive number per spatial dimension, 1 by default."""
    numbers = arguments.integers(name, [1] * rank)
    if len(numbers) != rank or min(numbers, default=1) < 1:
        raise DamagedFile(f"{name} are {numbers} in {rank} dimensions")
    return numbers


def padding(
    arguments: Arguments, sizes: Sequence[int], windows: Sequence[int], strides: Sequence[int]
) -> Pairs:
    """Padding from ``pad_type`` and ``pad``.

    Args:
        arguments: of the operation.
        sizes: of the input.
        windows: their sizes, dilation included.
        strides: of the windows.
    """
    kind = arguments.string("pad_type", "valid")
    if kind == "custom":
        return pairs(arguments, len(sizes))
    if kind == "valid":
        return [(0, 0)] * len(sizes)
    totals = [
        max(0, (-(-size // stride) - 1) * stride + window - size)
        for size, window, stride in zip(sizes, windows, strides, strict=True)
    ]
    if kind == "same":
        return [(total // 2, total - total // 2) for total in totals]
    return [(total - total // 2, total // 2) for total in totals]


def pairs(arguments: Arguments, rank: int) -> Pairs:
    """Padding from ``pad``, none by default."""
    pad = arguments.integers("pad", [0] * 2 * rank)
    if len(pad) != 2 * rank or min(pad, default=0) < 0:
        raise DamagedFile(f"pad is {pad} in {rank} dimensions")
    return list(zip(pad[::2], pad[1::2], strict=True))


def padded(x: Tensor, around: Pairs, value: float = 0) -> Tensor:
    """Put a value around the last dimensions."""
    if not any(map(any, around)):
        return x
    spatial = x.shape[-len(around) :]
    sizes = [size + sum(pair) for size, pair in zip(spatial, around, strict=True)]
    check_size([*x.shape[: -len(around)], *sizes], "a padded tensor")
    return F.pad(x, [n for pair in reversed(around) for n in pair], value=value)


def spatial(x: Tensor) -> list[int]:
    """Sizes of a tensor's 1 to 3 spatial dimensions, after batch and channels."""
    if not 3 <= x.dim() <= 5:
        raise DamagedFile(f"{x.dim()} dimensions, where there are 3 to 5")
    return list(x.shape[2:])

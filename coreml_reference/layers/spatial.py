"""Padding, cropping and the exchange of space and channels."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from coreml_reference.layers import windows
from coreml_reference.layers.node import (
    Layer,
    Layers,
    Node,
    Run,
    checked,
    integers,
    on_images,
)


def _padding(node: Node) -> Run:
    form = node.one_of("PaddingType")
    (top, bottom), (left, right) = windows.borders(node, node.params.paddingAmounts)
    mode = {"constant": "constant", "reflection": "reflect", "replication": "replicate"}[form]
    value = node.params.constant.value if form == "constant" else None

    def run(x: Tensor) -> Tensor:
        *before, height, width = x.shape
        wanted = checked((*before, height + top + bottom, width + left + right))
        flat = x.reshape(1, -1, height, width)
        return F.pad(flat, (left, right, top, bottom), mode, value).reshape(wanted)

    return run


def _constant_pad(node: Node) -> Run:
    amounts, value = list(map(int, node.params.padAmounts)), node.params.value
    to_size = node.params.padToGivenOutputSizeMode
    if len(node.inputs) == 1 and len(amounts) % 2:
        raise node.damaged(f"{len(amounts)} amounts")

    def run(x: Tensor, given: Tensor | None = None) -> Tensor:
        found = amounts if given is None else integers(given)
        if len(found) != 2 * x.ndim:
            raise ValueError(f"{len(found)} amounts for {x.ndim} dimensions")
        pairs = list(zip(found[::2], found[1::2]))
        if to_size:
            pairs = [_to_size(n, *pair) for n, pair in zip(x.shape, pairs)]
        if any(amount < 0 for pair in pairs for amount in pair):
            raise ValueError(f"amounts {found}")
        checked(n + sum(pair) for n, pair in zip(x.shape, pairs))
        return F.pad(x, [n for pair in reversed(pairs) for n in pair], value=value)

    return run


def _to_size(size: int, before: int, after: int) -> tuple[int, int]:
    """What is added before and after an axis, given as the least size that it is to have."""
    if before and after:
        raise ValueError("an axis with two sizes")
    return max(0, before - size), max(0, after - size)


def _crop(node: Node) -> Run:
    if len(node.inputs) == 2:
        top, left = node.pair("offset", 0, least=0)

        def cut(x: Tensor, like: Tensor) -> Tensor:
            height, width = like.shape[-2:]
            if top + height > x.shape[-2] or left + width > x.shape[-1]:
                raise ValueError(f"{tuple(x.shape)} cropped to {tuple(like.shape)}")
            return x[..., top : top + height, left : left + width]

        return cut
    (above, below), (before, behind) = windows.borders(node, node.params.cropAmounts)

    def run(x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if above + below >= height or before + behind >= width:
            raise ValueError(f"nothing left of {tuple(x.shape)}")
        return x[..., above : height - below, before : width - behind]

    return run


def _reorganize(node: Node) -> Run:
    block = int(node.params.blockSize)
    if block < 2:
        raise node.damaged(f"a blockSize of {block}")
    runs = {
        "SPACE_TO_DEPTH": _space_to_depth,
        "DEPTH_TO_SPACE": _depth_to_space,
        "PIXEL_SHUFFLE": F.pixel_shuffle,
    }
    run = runs[node.choice("mode")]
    return on_images(lambda x: run(x, block))


def _space_to_depth(x: Tensor, block: int) -> Tensor:
    """Channels become (block row, block column, channel)."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(n, c * block**2, h // block, w // block)


def _depth_to_space(x: Tensor, block: int) -> Tensor:
    n, c, h, w = x.shape
    x = x.reshape(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c // block**2, h * block, w * block)


LAYERS: Layers = {
    "padding": Layer(_padding),
    "constantPad": Layer(_constant_pad, inputs=range(1, 3)),
    "crop": Layer(_crop, inputs=range(1, 3)),
    "reorganizeData": Layer(_reorganize),
}

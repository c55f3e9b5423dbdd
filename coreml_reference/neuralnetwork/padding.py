"""Padding of convolutions and pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coreml_reference.neuralnetwork.layer import Node

Pair = tuple[int, int]
Borders = tuple[Pair, Pair]
"""How much is added before and after: ((top, bottom), (left, right))."""

Padding = Callable[[Pair, Pair, Pair], Borders]
"""From (height, width), kernel and stride."""

NOTHING: Borders = ((0, 0), (0, 0))


def borders(node: Node, amounts: Any) -> Borders:
    """A ``BorderAmounts``; none where it is empty."""
    edges = amounts.borderAmounts
    if not edges:
        return NOTHING
    if len(edges) != 2:
        raise node.damaged(f"borders of {len(edges)} dimensions")
    height, width = ((int(e.startEdgeSize), int(e.endEdgeSize)) for e in edges)
    return height, width


def valid(node: Node) -> Padding:
    """Padding by amounts that the file gives."""
    found = borders(node, node.params.valid.paddingAmounts)
    return lambda size, kernel, stride: found


def same(node: Node) -> Padding:
    """Padding that leaves one result for each step of the stride."""
    top_left = node.choice("asymmetryMode", node.params.same) == "TOP_LEFT_HEAVY"

    def one(size: int, kernel: int, stride: int) -> Pair:
        total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
        return divided(total, top_left=top_left)

    def both(size: Pair, kernel: Pair, stride: Pair) -> Borders:
        height, width = (one(*values) for values in zip(size, kernel, stride))
        return height, width

    return both


def divided(total: int, *, top_left: bool) -> Pair:
    """An amount as what comes before and after; the odd one comes after unless ``top_left``."""
    less, more = total // 2, total - total // 2
    return (more, less) if top_left else (less, more)


Maker = Callable[[Node], Padding]
"""From a layer's settings."""

PADDINGS: dict[str, Maker] = {"valid": valid, "same": same}
"""By the field that chooses it."""

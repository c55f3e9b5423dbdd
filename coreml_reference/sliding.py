"""Windows that slide along one axis."""

from __future__ import annotations


def misses(size: int, window: int, stride: int, before: int, after: int) -> bool:
    """Whether a window has only padding in it, so that there is no mean or maximum of it.

    Args:
        size: of what is padded.
        window: its size.
        stride: of the windows.
        before: padding before.
        after: padding after; negative where windows do not reach the end.
    """
    last = (before + size + after - window) // stride * stride
    return before >= window or last >= before + size

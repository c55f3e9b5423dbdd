"""Windows of convolutions and pools, along one axis."""

from __future__ import annotations


def has_empty_window(size: int, window: int, stride: int, before: int, after: int) -> bool:
    """Whether a window has only padding in it, so that there is no mean or maximum of it.

    Args:
        size: of the input along the axis, without padding.
        window: size of each window.
        stride: from one window to the next.
        before: padding before the input.
        after: padding after it; negative where windows do not reach the end.
    """
    last = (before + size + after - window) // stride * stride
    return before >= window or last >= before + size

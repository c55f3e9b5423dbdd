"""Memory that a step frees and the next one needs again.

A training step on a CPU frees gigabytes, in blocks that glibc hands back to the kernel at once and
gets back one page fault at a time: a third of a step of VGG-19 (``train/EXPERIMENTS.md``).
"""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Of ``mallopt(3)``."""

DEFAULT_MMAP_MAX = 65_536
LARGEST_TRIM = 64 * 2**20
"""What glibc's thresholds are by default, and grow to by themselves."""


def keep_freed_memory() -> None:
    """Let this process keep what it frees; nothing happens where there is no glibc."""
    if libc := _glibc():
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, -1)


def return_freed_memory() -> None:
    """Undo ``keep_freed_memory``."""
    if libc := _glibc():
        libc.mallopt(M_MMAP_MAX, DEFAULT_MMAP_MAX)
        libc.mallopt(M_TRIM_THRESHOLD, LARGEST_TRIM)
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None

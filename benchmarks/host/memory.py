"""How much memory a model needs, in a process of its own."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """Of this process, in bytes.

    Attributes:
        held: now.
        most: held at once, since ``start`` where the system allows that, else since the beginning.
        files: the part of ``held`` that is pages of files, mostly of libraries.
    """

    held: int
    most: int
    files: int

    @classmethod
    def read(cls) -> Memory | None:
        """Now; None where the system does not tell."""
        try:
            with open("/proc/self/status") as file:
                lines = dict(line.split(":", 1) for line in file)
            held, most, files = (
                int(lines[key].split()[0]) * 1024 for key in ("VmRSS", "VmHWM", "RssFile")
            )
        except (OSError, KeyError, ValueError):
            return _by_usage()
        return cls(held, most, files)


def start() -> Memory | None:
    """Begin to count.

    What was freed before goes back to the system first: a model would else be given that, and
    equal models would seem to need very different memory.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the most that was held
    return Memory.read()


def most_since(before: Memory | None) -> int | None:
    """Bytes held at most beyond ``before``, less the code of libraries that was first used since.

    None where the system does not tell.
    """
    now = Memory.read()
    if now is None or before is None:
        return None
    return max(0, now.most - before.held - (now.files - before.files))


def _by_usage() -> Memory | None:
    """The most that was held since the process began, where there is nothing better (macOS)."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    most *= 1 if sys.platform == "darwin" else 1024
    return Memory(most, most, 0)

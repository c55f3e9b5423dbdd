"""Ctrl-C that no library can lose."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def kept() -> Iterator[Callable[[], None]]:
    """Yield a function that raises ``KeyboardInterrupt`` if Ctrl-C was pressed since.

    It is raised at once too, as ever. But converters hold ``except:`` without a name, and Python
    drops what is raised while an object is finalised: an export then went on to its end as if
    nobody had asked it to stop.
    """
    pressed = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.default_int_handler(number, frame)

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        # Only the main thread is told of signals.
        yield check
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def held() -> Iterator[None]:
    """Let Ctrl-C wait until the block is left.

    PyTorch's dispatch modes (its exporter, its counter of operations) end the whole process, with
    a dump of C++ frames, when an exception comes in between their own steps.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)

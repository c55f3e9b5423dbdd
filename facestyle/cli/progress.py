"""How far a long command is: a bar on a terminal, lines in a log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO

import click


class Progress(Protocol):
    """What a long command tells of its steps."""

    def __call__(self, step: str) -> None:
        """Say that a step begins: ``mobile_fp16.tflite: writing``, what it is about first."""

    def expect(self, steps: int) -> None:
        """Say how many more steps will begin."""


@contextmanager
def shown(label: str, steps: int = 0, hidden: bool = False) -> Iterator[Progress]:
    """Show the steps of a command on the standard error stream.

    A log gets one line for each thing that a step is about (one a file), when its first step
    begins.

    Args:
        label: what the command does, such as ``Exporting``.
        steps: how many there will be, where that is known.
        hidden: show nothing, because the command is quick.
    """
    # A copy of the stream: converters' chatter is kept off the standard descriptors meanwhile.
    with open(os.devnull, "w") if hidden else os.fdopen(os.dup(2), "w") as stream:
        if not stream.isatty():
            yield _Lines(label, steps, stream)
            return
        bar = click.progressbar(
            length=steps or 1,
            file=stream,
            label=label,
            show_pos=True,
            item_show_func=lambda step: step,
        )
        with bar:
            yield _Bar(bar)


class _Bar:
    """Draws on a terminal."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def __call__(self, step: str) -> None:
        self._bar.length = max(self._bar.length, self._bar.pos + 1)
        self._bar.update(1, step)

    def expect(self, steps: int) -> None:
        self._bar.length = self._bar.pos + steps


class _Lines:
    """Writes lines."""

    def __init__(self, label: str, steps: int, stream: TextIO) -> None:
        self._label, self._steps, self._stream = label, steps, stream
        self._begun = 0
        self._told: set[str] = set()

    def __call__(self, step: str) -> None:
        self._begun += 1
        self._steps = max(self._steps, self._begun)
        subject = step.partition(": ")[0]
        if subject not in self._told:
            self._told.add(subject)
            click.echo(f"{self._label} {self._begun}/{self._steps}  {step}", file=self._stream)

    def expect(self, steps: int) -> None:
        self._steps = self._begun + steps

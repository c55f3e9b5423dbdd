"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from facestyle.presets import DEFAULT, PRESETS

Command = TypeVar("Command", bound=Callable[..., Any])


def weights(command: Command) -> Command:
    """Give a command ``--preset``, ``--checkpoint`` and ``--encoder``."""
    *others, last = PRESETS
    networks = f"The network: {', '.join(others)} or {last}."
    preset = click.option("--preset", default=DEFAULT, show_default=True, help=networks)
    path = click.Path(path_type=Path)
    checkpoint = click.option("--checkpoint", type=path, help="Weights other than the shipped.")
    encoder = click.option("--encoder", type=path, help="VGG-19 weights for --preset vgg19.")
    return preset(checkpoint(encoder(command)))

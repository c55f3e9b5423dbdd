"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class PresetOption(click.Option):
    """``--preset``. Its help names the networks, which are loaded when help is asked for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help, in two columns."""
        from facestyle.networks import NETWORKS

        *others, last = NETWORKS
        self.help = f"The network: {', '.join(others)} or {last}."
        return super().get_help_record(ctx)


def weights(command: Command) -> Command:
    """Give a command ``--preset``, ``--checkpoint`` and ``--encoder``."""
    preset = click.option("--preset", cls=PresetOption, default="mobile", show_default=True)
    path = click.Path(path_type=Path)
    checkpoint = click.option("--checkpoint", type=path, help="Weights other than the shipped.")
    encoder = click.option("--encoder", type=path, help="VGG-19 weights for --preset vgg19.")
    return preset(checkpoint(encoder(command)))

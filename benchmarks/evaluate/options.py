"""Options that several judging commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _writable(context: click.Context, parameter: click.Parameter, out: Path) -> Path:
    """Refuse a folder that results cannot be written to, before the minutes of work."""
    from facestyle.errors import UserError
    from facestyle.files import CannotWrite, check_folder

    try:
        check_folder(out)
    except CannotWrite as error:
        raise UserError(f"--out: {error}") from error
    return out


def out_option(default: str) -> Decorator:
    """Where results go."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=Path(default),
        show_default=True,
        callback=_writable,
        help="Folder for the results.",
    )


content_option = click.option(
    "--content", type=click.Path(path_type=Path), required=True, help="Folder of photos of faces."
)

style_option = click.option(
    "--style", type=click.Path(path_type=Path), required=True, help="Folder of paintings."
)

faces_option = click.option(
    "--faces", type=click.Path(path_type=Path), help="JSON of face boxes by photo's stem."
)

perceptual_option = click.option(
    "--perceptual",
    default="",
    metavar="FILE",
    help="Weights of a VGG-19, as in training. Without it torchvision's is downloaded (548 MB) at "
    "first use.",
)

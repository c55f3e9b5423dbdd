"""``facestyle styles``: list, add and show style codes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from facestyle.cli import options
from facestyle.errors import UserError


@click.group(
    epilog="Examples:\n\n"
    "  facestyle styles list\n\n"
    "  facestyle styles add painting.jpg --name garden\n\n"
    "  facestyle styles show garden"
)
def command() -> None:
    """List, add and show styles.

    Networks with the same style encoder, such as mobile and studio, have the same styles.
    """


@command.command("list")
@options.weights
def list_styles(preset: str, checkpoint: Path | None, encoder: Path | None) -> None:
    """Name every style, with its painting, movement and source."""
    from facestyle.checkpoint import load
    from facestyle.shipped import style_book
    from facestyle.stylize import Painter

    for style in style_book(Painter(load(checkpoint, preset, encoder))).styles:
        click.echo(f"{style.name:24}{style.title}")
        if style.credit:
            click.echo(f"{'':24}{style.credit}")


@command.command(epilog="Example:\n\n  facestyle styles add painting.jpg --name garden")
@click.argument("painting", type=click.Path(path_type=Path))
@click.option("--name", help="Its name; the file's by default.")
@options.weights
def add(
    painting: Path, name: str | None, preset: str, checkpoint: Path | None, encoder: Path | None
) -> None:
    """Compute a painting's style code once and keep it."""
    from facestyle import gallery
    from facestyle.checkpoint import load
    from facestyle.shipped import user_file
    from facestyle.style import StyleBook
    from facestyle.stylize import Painter

    painter = Painter(load(checkpoint, preset, encoder))
    style = painter.read_style(painting, name)
    if any(style.name == shipped.name for shipped in gallery.paintings()):
        raise UserError(f"{style.name!r} comes with the package; choose another name with --name")
    file = user_file(painter.checkpoint)
    empty = StyleBook(painter.checkpoint.style_fingerprint, ())
    book = StyleBook.load(file) if file.exists() else empty
    book.with_style(style).save(file)
    click.echo(f"{style.name} is in {file}")
    click.echo(f"next: facestyle stylize selfie.jpg --style {style.name}")


@command.command(epilog="Example:\n\n  facestyle styles show great_wave")
@click.argument("name")
@options.weights
def show(name: str, preset: str, checkpoint: Path | None, encoder: Path | None) -> None:
    """Print a style's code as JSON."""
    from facestyle.checkpoint import load
    from facestyle.shipped import NamedStyles
    from facestyle.stylize import Painter

    style = NamedStyles(Painter(load(checkpoint, preset, encoder))).find(name)
    click.echo(json.dumps({"name": style.name, "title": style.title, "code": style.values}))

"""``facestyle doctor``."""

from __future__ import annotations

import platform
import sys

import click

from facestyle import __version__
from facestyle.dependencies import BASE, install_command, is_installed, own
from facestyle.errors import UserError

PURPOSES = {
    BASE: "stylize",
    "tflite": "export to .tflite",
    "coreml": "export to .mlpackage and .mlmodel",
    "train": "train and evaluate",
    "bench": "bench and evaluate quality",
    "hub": "auxiliary networks from the Hugging Face hub",
}
"""What each extra enables."""


@click.command(epilog="Example:\n\n  facestyle doctor")
def command() -> None:
    """Say what is installed and what each missing extra would enable."""
    click.echo(f"facestyle {__version__}, Python {platform.python_version()}, {sys.platform}")
    if not is_installed():
        raise UserError("facestyle is not installed; run `pip install .` in its checkout")
    dependencies = own()
    for extra, purpose in PURPOSES.items():
        missing = [item.module for item in dependencies.missing(extra)]
        if missing:
            names = ", ".join(missing)
            click.echo(f"  missing  {purpose}: no {names}; {install_command(extra)}")
        else:
            found = ", ".join(f"{d.module} {d.version}" for d in dependencies.listed[extra])
            click.echo(f"  ready    {purpose}: {found}")
    if sys.platform != "darwin":
        click.echo(
            "  note     Core ML itself runs on macOS only; here its files are executed by our "
            "reference runtime"
        )

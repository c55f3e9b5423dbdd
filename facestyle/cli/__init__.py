"""The command ``facestyle``: a thin front whose sub-commands load when they are called.

Every package of the project registers its commands as entry points of the group
``facestyle.commands``; a module named there imports nothing heavy until its command runs.
"""

from __future__ import annotations

import errno
import sys
from importlib.metadata import EntryPoint, entry_points

import click

from facestyle import __version__
from facestyle.errors import TOO_LITTLE_MEMORY, UserError, is_out_of_memory, unknown

GROUP = "facestyle.commands"

NO_ARGUMENTS: type[click.UsageError] | tuple[()] = getattr(
    click.exceptions, "NoArgsIsHelpError", ()
)
"""Raised by click 8.2 and later where help is due; click 8.1 prints it itself and exits with 0."""


class Commands(click.Group):
    """Sub-commands from entry points."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self._points: dict[str, EntryPoint] | None = None

    @property
    def points(self) -> dict[str, EntryPoint]:
        """The entry points by command name."""
        if self._points is None:
            self._points = {point.name: point for point in entry_points(group=GROUP)}
        return self._points

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return sorted(self.points)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them, loaded."""
        point = self.points.get(cmd_name)
        return None if point is None else point.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint on a misspelt name."""
        if args and not args[0].startswith("-") and args[0] not in self.points:
            raise unknown("command", args[0], self.points)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n"
    "  facestyle stylize selfie.jpg --style great_wave\n\n"
    "  facestyle export --out build/",
)
@click.version_option(__version__)
def app() -> None:
    """Paint selfies in any artist's style, live on a phone, with the face still its own."""


def main() -> None:
    """Run the command line; errors of the user's become one line and exit code 2."""
    try:
        code = app.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except UserError as error:
        _fail(str(error))
    except NO_ARGUMENTS as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        hint = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        _fail(f"{error.format_message()}{hint}")
    except click.ClickException as error:
        _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing half-written is left", err=True)
        sys.exit(130)
    except ModuleNotFoundError as error:
        from facestyle.dependencies import explain

        explained = explain(error)
        if explained is None:
            raise
        _fail(str(explained))
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        hint = "; free some space" if error.errno == errno.ENOSPC else ""
        _fail(f"{error.strerror or error}{where}{hint}")
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _fail(TOO_LITTLE_MEMORY)


def _fail(message: str) -> None:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(2)

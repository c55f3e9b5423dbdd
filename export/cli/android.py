"""``facestyle android``."""

from __future__ import annotations

from pathlib import Path

import click

ASSETS = Path("android_demo/app/src/main/assets/facestyle")


@click.command(
    epilog="Examples:\n\n"
    "  facestyle android build/\n\n"
    "  facestyle android build/ --studio studio_build/\n\n"
    "  facestyle android build/ --assets my_app/src/main/assets/facestyle"
)
@click.argument("build", type=click.Path(path_type=Path))
@click.option(
    "--assets",
    default=ASSETS,
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder of the app's assets that is replaced.",
)
@click.option(
    "--studio",
    type=click.Path(path_type=Path),
    help="A build whose stylizer paints photos: --preset studio, larger, with the same --depth.",
)
def android(build: Path, assets: Path, studio: Path | None) -> None:
    """Put a build into the sample Android app.

    Copies the stylizer, the style encoder, the styles with thumbnails and the golden pairs of BUILD
    into the app's assets, once it is sure that the app's code fits them. Photos that are saved or
    shared are painted by the stylizer of --studio, else by BUILD's.
    """
    from export.apps.android import copy

    copied = copy(build, assets, studio)
    click.echo(
        f"copied {', '.join(copied.files)}, {copied.styles} styles and golden pairs "
        f"({copied.size / 1e6:.1f} MB) to {copied.folder}"
    )
    given = f"BUILD={build}" if studio is None else f"BUILD={build} STUDIO={studio}"
    click.echo(f"next: make android {given}   (or open android_demo/ in Android Studio)")

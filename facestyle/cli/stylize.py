"""``facestyle stylize``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facestyle.cli import options
from facestyle.cli.progress import shown
from facestyle.errors import TOO_LITTLE_MEMORY, UserError, is_out_of_memory
from facestyle.files import CannotWrite, numbered

if TYPE_CHECKING:
    from facestyle.shipped import NamedStyles
    from facestyle.style import StyleCode
    from facestyle.stylize import Painter

EPILOG = (
    "Examples:\n\n"
    "  facestyle stylize selfie.jpg --style great_wave\n\n"
    "  facestyle stylize photos/ --style auvers,painting.jpg --strength 0.7 --out painted/\n\n"
    "  facestyle stylize me.jpg --style great_wave+auvers\n\n"
    "  facestyle stylize me.jpg --style great_wave --preset studio\n\n"
    "  facestyle stylize me.jpg --style spring --depth depth.png --depth-range 0.2,0.8"
)


LONGEST_STEM = 150
"""Bytes of a photo's name that its output keeps; file systems allow 255, the style's included."""


@click.command(epilog=EPILOG)
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--style",
    "styles",
    required=True,
    help="Names of styles, paintings or folders of paintings, comma-separated; a+b mixes two.",
)
@click.option("--strength", default=1.0, show_default=True, help="0 keeps the photo, 1 paints it.")
@click.option(
    "--depth",
    type=click.Path(path_type=Path),
    help="Depth map: black stays, white paints; 16-bit and float maps by their own range.",
)
@click.option(
    "--depth-range",
    default="0,1",
    show_default=True,
    metavar="LOW,HIGH",
    help="Depths that count as kept and as painted.",
)
@options.weights
@click.option(
    "--out",
    default=Path("stylized"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for <photo>__<style>.png.",
)
def command(
    photos: tuple[Path, ...],
    styles: str,
    strength: float,
    depth: Path | None,
    depth_range: str,
    preset: str,
    checkpoint: Path | None,
    encoder: Path | None,
    out: Path,
) -> int:
    """Paint photos.

    PHOTOS are image files or folders of them. Each comes out upright and in its own size.
    Best are photos of 256 to 512 pixels a side for --preset mobile, of 512 to 1024 for studio,
    which takes longer; the larger a photo, the smaller the strokes in it.
    """
    from facestyle import images
    from facestyle.checkpoint import load
    from facestyle.stylize import Painter, check_unit

    check_unit("--strength", strength)
    low, high = parse_range(depth_range)
    stems = output_stems(file for photo in photos for file in images.find(photo))
    painter = Painter(load(checkpoint, preset, encoder))
    codes = resolve_styles(painter, styles)
    depth_map = images.load_map(depth) if depth else None

    single = len(photos) == 1 and photos[0].is_file()
    written, skipped = 0, []
    pairs = len(stems) * len(codes)
    taken: set[str] = set()
    with shown("Painting", pairs, hidden=pairs < 3) as progress:
        for number, (file, stem) in enumerate(stems.items(), 1):
            try:
                photo = images.load(file)
                for code in codes:
                    progress(f"{file.name}: {code.name}")
                    painted = painter.paint(photo, code.tensor(), strength, depth_map, (low, high))
                    # "a__b" in style "c" and "a" in style "b__c" would else be one file.
                    name = _free(f"{stem}__{code.name}", taken)
                    images.save(painted, out / f"{name}.png")
                    written += 1
            except UserError as error:
                if single or isinstance(error, CannotWrite):
                    raise
                skipped.append(str(error))
            except (MemoryError, RuntimeError) as error:
                if single or not is_out_of_memory(error):
                    raise
                skipped.append(f"{file}: {TOO_LITTLE_MEMORY}")
            progress.expect(pairs - number * len(codes))
    for message in skipped:
        click.echo(f"skipped {message}", err=True)
    click.echo(f"{written} painted photo(s) in {out}/")
    return 1 if skipped else 0


def output_stems(files: Iterable[Path]) -> dict[Path, str]:
    """Each file once, with what its outputs' names begin with; no two begin alike."""
    once: dict[str, Path] = {}
    for file in files:
        once.setdefault(os.path.realpath(file), file)
    taken: set[str] = set()
    stems = {}
    for file in once.values():
        # Bytes, not characters, are what file systems count.
        short = os.fsencode(file.stem)[:LONGEST_STEM].decode(errors="ignore")
        stems[file] = _free(short, taken)
    return stems


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered if it is taken; takes it."""
    # Windows and macOS hold "A.png" and "a.png" for one file.
    free = next(n for n in numbered(name, 255) if n.casefold() not in taken)
    taken.add(free.casefold())
    return free


def parse_range(text: str) -> tuple[float, float]:
    """``LOW,HIGH`` in [0, 1].

    Raises:
        UserError: when it is not.
    """
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--depth-range {text!r}: write two numbers, such as 0.2,0.8") from None
    if not 0 <= low < high <= 1:
        raise UserError(f"--depth-range {text!r}: 0 <= low < high <= 1 is needed")
    return low, high


def resolve_styles(painter: Painter, text: str) -> list[StyleCode]:
    """Named styles, paintings, folders of paintings and mixtures (``a+b``) as codes.

    Each code comes once, and under a name of its own: a painting named like another style, be
    it in this list or known by name, gets ``_2``, ``_3`` and so on.

    Raises:
        UserError: for a name that is neither a style nor a file.
    """
    from facestyle.shipped import NamedStyles
    from facestyle.style import LONGEST_NAME

    named = NamedStyles(painter)
    # "Monet, 1890.jpg" is a painting where there is such a file.
    items = [text] if os.path.exists(text) else [part.strip() for part in text.split(",")]
    codes: dict[str, StyleCode] = {}
    for code in (code for item in items if item for code in _read(painter, named, item)):
        for name in numbered(code.name, LONGEST_NAME):
            known = codes.get(name) or named.get(name)
            if known is None or known.values == code.values:
                codes.setdefault(name, replace(code, name=name))
                break
    if not codes:
        raise UserError("--style is empty: name a style (facestyle styles list) or a painting")
    return list(codes.values())


def _read(painter: Painter, named: NamedStyles, item: str) -> list[StyleCode]:
    """The styles that one item of the list stands for."""
    from facestyle import images
    from facestyle.style import mix

    if item in named:
        return [named[item]]
    if not os.path.exists(item) and "+" in item:
        parts = (_read(painter, named, part.strip()) for part in item.split("+"))
        return [mix([style for styles in parts for style in styles])]
    if os.path.exists(item) or Path(item).suffix or "/" in item:
        return [painter.read_style(file) for file in images.find(Path(item))]
    return [named.find(item)]

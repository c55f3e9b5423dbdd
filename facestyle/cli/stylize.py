"""``facestyle stylize``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from facestyle.errors import UserError

if TYPE_CHECKING:
    from facestyle.style import StyleCode
    from facestyle.stylize import Painter

EPILOG = (
    "Examples:\n\n"
    "  facestyle stylize selfie.jpg --style great_wave\n\n"
    "  facestyle stylize photos/ --style auvers,painting.jpg --strength 0.7 --out painted/\n\n"
    "  facestyle stylize me.jpg --style spring --depth depth.png --depth-range 0.2,0.8"
)


@click.command(epilog=EPILOG)
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--style",
    "styles",
    required=True,
    help="Names of styles, paintings or folders of paintings, comma-separated.",
)
@click.option("--strength", default=1.0, show_default=True, help="0 keeps the photo, 1 paints it.")
@click.option(
    "--depth", type=click.Path(path_type=Path), help="Depth map: black stays, white paints."
)
@click.option(
    "--depth-range",
    default="0,1",
    show_default=True,
    metavar="LOW,HIGH",
    help="Depths that count as kept and as painted.",
)
@click.option("--preset", default="mobile", show_default=True, help="The network.")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="Weights other than the shipped."
)
@click.option(
    "--encoder", type=click.Path(path_type=Path), help="VGG-19 weights for --preset vgg19."
)
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
    """
    from facestyle import images
    from facestyle.checkpoint import load
    from facestyle.stylize import Painter, check_unit

    check_unit("--strength", strength)
    low, high = parse_range(depth_range)
    files = [file for photo in photos for file in images.find(photo)]
    painter = Painter(load(checkpoint, preset, encoder))
    codes = resolve_styles(painter, styles)
    depth_map = images.load_map(depth) if depth else None

    single = len(photos) == 1 and photos[0].is_file()
    written, skipped = 0, []
    pairs = len(files) * len(codes)
    names = _unique_names(files)
    with click.progressbar(length=pairs, label="Painting", show_pos=True, hidden=pairs < 3) as bar:
        for file in files:
            try:
                photo = images.load(file)
            except UserError as error:
                if single:
                    raise
                skipped.append(str(error))
                bar.update(len(codes))
                continue
            for code in codes:
                painted = painter.paint(photo, code.tensor(), strength, depth_map, (low, high))
                images.save(painted, out / f"{names[file]}__{code.name}.png")
                written += 1
                bar.update(1)
    for message in skipped:
        click.echo(f"skipped {message}", err=True)
    click.echo(f"{written} painted photo(s) in {out}/")
    return 1 if skipped else 0


def _unique_names(files: list[Path]) -> dict[Path, str]:
    """A stem for each file; those that share one keep their suffix, so none is overwritten."""
    stems = [file.stem for file in files]
    return {f: f.stem if stems.count(f.stem) == 1 else f.name.replace(".", "_") for f in files}


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
    """Named styles, paintings and folders of paintings as codes.

    Raises:
        UserError: for a name that is neither a style nor a file.
    """
    from facestyle import images
    from facestyle.shipped import style_book

    book = style_book(painter)
    codes: list[StyleCode] = []
    for item in (part.strip() for part in text.split(",")):
        if not item:
            continue
        path = Path(item)
        if item in book:
            codes.append(book[item])
        elif path.exists() or path.suffix or "/" in item:
            codes += [painter.read_style(file) for file in images.find(path)]
        else:
            codes.append(book[item])
    if not codes:
        raise UserError("--style is empty: name a style (facestyle styles list) or a painting")
    return codes

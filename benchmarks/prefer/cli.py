"""``facestyle evaluate prefer``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from benchmarks.evaluate.options import content_option, out_option, style_option

EPILOG = (
    "Examples:\n\n"
    "  facestyle evaluate prefer make ours/ theirs/ --content selfies/ --style paintings/\n\n"
    "  facestyle evaluate prefer score prefer/"
)

MAKE_EPILOG = (
    "Examples:\n\n"
    "  facestyle stylize selfies/ --style paintings/ --out ours\n\n"
    "  facestyle evaluate prefer make ours/ theirs/ --content selfies/ --style paintings/\n\n"
    "  facestyle evaluate prefer make ours/ theirs/ --content selfies/ --style paintings/ "
    "--pairs 20 --seed 1 --out second"
)

SCORE_EPILOG = (
    "Examples:\n\n"
    "  facestyle evaluate prefer score prefer/\n\n"
    "  facestyle evaluate prefer score prefer/ --json prefer/scores.json"
)

PATIENCE = 2.0
"""Seconds after which a progress bar is shown."""


@click.group(epilog=EPILOG)
def prefer() -> None:
    """Let somebody choose between two painters, blind.

    `make` puts pictures of two folders side by side on sheets, sides hidden and drawn by chance;
    whoever chooses fills in answers.csv; `score` tells whose pictures were chosen.
    """


@prefer.command(epilog=MAKE_EPILOG)
@click.argument("a", metavar="A", type=click.Path(path_type=Path))
@click.argument("b", metavar="B", type=click.Path(path_type=Path))
@content_option
@style_option
@click.option(
    "--pairs",
    "count",
    type=click.IntRange(1),
    default=60,
    show_default=True,
    help="How many to choose between; fewer if fewer names are in both folders.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="By which pairs and sides are drawn.",
)
@out_option("prefer")
def make(a: Path, b: Path, content: Path, style: Path, count: int, seed: int, out: Path) -> int:
    """Sheets of photo, painting, left and right; a key; answers to fill in.

    A and B are folders of pictures named <photo>__<painting>.png, as `facestyle stylize` names
    them; names that are in both are compared.
    """
    from tqdm import tqdm

    from benchmarks.evaluate.held_out import short_names
    from benchmarks.prefer import files
    from benchmarks.prefer.pairs import check_sizes, common, draw
    from benchmarks.prefer.sheets import sheets
    from benchmarks.quality import pictures
    from facestyle.errors import UserError
    from facestyle.files import atomic, write_text

    for name in (files.KEY, files.ANSWERS):
        if (out / name).exists():
            raise UserError(f"{out / name} is of sheets made earlier; choose another --out")
    photos, damaged = pictures.open_folder(content)
    paintings, torn = pictures.open_folder(style)
    for name, reason in {**damaged, **torn}.items():
        click.echo(f"skipped {name}: {reason}", err=True)
    pairs = draw(common(a, b, photos, paintings), count, seed)
    check_sizes(pairs)
    made = []
    with tqdm(total=len(pairs), desc="sheets", unit="pair", delay=PATIENCE, disable=None) as bar:
        for number, (shown, sheet) in enumerate(sheets(pairs), 1):
            name = f"sheet_{number:02}.png"
            with atomic(out / name) as temporary:
                sheet.save(temporary)
            made.append((name, shown))
            bar.update(len(shown))
    of_a, of_b = short_names([str(a), str(b)])
    write_text(out / files.KEY, files.key_text(of_a, of_b, seed, pairs))
    write_text(out / files.INSTRUCTIONS, files.instructions_text(made))
    write_text(out / files.ANSWERS, files.answers_text(pairs))
    click.secho(
        f"wrote {out}: {len(pairs)} pairs on {len(made)} sheets, {files.INSTRUCTIONS}, "
        f"{files.ANSWERS}, {files.KEY} (for the scorer alone)",
        fg="green",
    )
    click.echo(f"next: fill in {out / files.ANSWERS} as {out / files.INSTRUCTIONS} says, then")
    click.echo(f"  facestyle evaluate prefer score {shlex.quote(str(out))}")
    return 0


@prefer.command(epilog=SCORE_EPILOG)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "out", type=click.Path(path_type=Path), help="The scores for machines.")
def score(folder: Path, out: Path | None) -> int:
    """Whose pictures were chosen, with 95 % intervals and p-values.

    FOLDER is what `prefer make` wrote, answers.csv filled in. Cells that are empty do not count.
    """
    import json

    from benchmarks.prefer import files
    from benchmarks.prefer import score as scoring
    from facestyle.errors import UserError
    from facestyle.files import write_text

    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    key = files.read_key(folder)
    answers = files.read_answers(folder, key)
    click.echo(scoring.to_markdown(key, scoring.score(key, answers)))
    if out is not None:
        write_text(out, json.dumps(scoring.to_document(key, answers), indent=1) + "\n")
        click.secho(f"wrote {out}", fg="green")
    return 0

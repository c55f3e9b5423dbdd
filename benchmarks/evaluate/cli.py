"""``facestyle evaluate``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.evaluate.options import (
    content_option,
    faces_option,
    out_option,
    perceptual_option,
    style_option,
)
from benchmarks.prefer.cli import prefer

if TYPE_CHECKING:
    from benchmarks.evaluate.held_out import HeldOut

EPILOG = (
    "Examples:\n\n"
    "  facestyle evaluate depth runs/depth_v3_small/depth_v3_small.safetensors --data rgbd.tar\n\n"
    "  facestyle evaluate depth depth_v3_small hub:Intel/dpt-large --data pandora:Pandora/ --align"
    "\n\n"
    "  facestyle evaluate parsing bisenet_small --data celebamask_hq:CelebAMask-HQ/ --holdout 0.02"
    "\n\n"
    "  facestyle evaluate quality build/ --content selfies/ --style paintings/\n\n"
    "  facestyle evaluate pictures painted/ --content selfies/ --style paintings/\n\n"
    "  facestyle evaluate prefer make ours/ theirs/ --content selfies/ --style paintings/"
)

DEPTH_EPILOG = (
    "Examples:\n\n"
    "  facestyle evaluate depth runs/depth_v3_small/depth_v3_small.safetensors --data rgbd.tar\n\n"
    "  facestyle evaluate depth depth_v3_small hub:Intel/dpt-large --data pandora:Pandora/ --align"
)

PARSING_EPILOG = (
    "Examples:\n\n"
    "  facestyle evaluate parsing bisenet_small --data faces/\n\n"
    "  facestyle evaluate parsing bisenet_small --data celebamask_hq:CelebAMask-HQ/ --holdout 0.02"
)

QUALITY_EPILOG = (
    "Examples:\n\n"
    "  facestyle evaluate quality build/ --content selfies/ --style paintings/\n\n"
    "  facestyle evaluate quality before/ after/ --content selfies/ --style paintings/ --limit 50"
    "\n\n"
    "  facestyle evaluate quality mobile runs/mine/mobile.safetensors --content selfies/ "
    "--style paintings/ --strengths 0,1\n\n"
    "  facestyle evaluate quality build/ --content selfies/ --style paintings/ "
    "--faces faces.json --perceptual vgg19.pth"
)

PICTURES_EPILOG = (
    "Examples:\n\n"
    "  facestyle stylize selfies/ --style paintings/ --out painted\n\n"
    "  facestyle evaluate pictures painted/ --content selfies/ --style paintings/\n\n"
    "  facestyle evaluate pictures ours/ theirs/ --content selfies/ --style paintings/ "
    "--json judged.json"
)


@click.group(epilog=EPILOG)
def evaluate() -> None:
    """Judge trained networks on photos that they never saw.

    Results are printed; tables and pictures are written to --out.
    """


def _common(short_side: int) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """What judging networks on held-out photos always needs."""
    options = (
        click.argument("files", nargs=-1, required=True),
        click.option(
            "--data",
            multiple=True,
            required=True,
            help="Labelled photos: folder, tar or READER:PATH; repeatable.",
        ),
        click.option(
            "--holdout",
            type=click.FloatRange(0, 1, min_open=True),
            default=0.1,
            show_default=True,
            help="Part of each source, as in the training's data.holdout; 1 for all.",
        ),
        click.option(
            "--short-side",
            type=click.IntRange(32),
            default=short_side,
            show_default=True,
            help="To which photos are resized, best as in the training.",
        ),
        out_option("evaluation"),
    )

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@evaluate.command(epilog=DEPTH_EPILOG)
@_common(short_side=144)
@click.option(
    "--size",
    type=click.IntRange(32),
    default=128,
    show_default=True,
    help="Side of the photo at which multiply-accumulates are counted.",
)
@click.option("--align", is_flag=True, help="Also after fitting scale and shift to each photo.")
def depth(
    files: tuple[str, ...],
    data: tuple[str, ...],
    holdout: float,
    short_side: int,
    out: Path,
    size: int,
    align: bool,
) -> int:
    """RMSE, REL, log10 and delta of depth networks (paper 1, Table 1).

    FILES are what `facestyle train depth_...` wrote, names of networks that come with the package
    (depth_v3_small), or hub:NAME for any depth network that transformers loads.
    """
    from benchmarks.evaluate import depth as measuring
    from benchmarks.evaluate import report
    from benchmarks.evaluate.held_out import load_all, open_held_out
    from train.auxiliary.registry import DEPTH, load

    held = open_held_out(data, holdout, "depth")
    networks = load_all(files, partial(load, DEPTH))
    rows, pictures = measuring.measure(networks, held, short_side, size, align)
    settings = {"holdout": holdout, "short_side": short_side, "size": size}
    made = report.document(rows, held, settings)
    _write(out, held, made, report.depth_markdown(rows, made))
    picture = _keep(report.depth_sheet(pictures), out / "depth.jpg")
    click.echo(f"{picture}: photo, measured, {', '.join(networks)}; near is bright")
    return 0


@evaluate.command(epilog=PARSING_EPILOG)
@_common(short_side=192)
def parsing(
    files: tuple[str, ...], data: tuple[str, ...], holdout: float, short_side: int, out: Path
) -> int:
    """Mean IoU, IoU of every class and accuracy of face parsers.

    FILES are what `facestyle train bisenet...` wrote, the public BiSeNet's .pth, names of networks
    that come with the package (bisenet_small), or hub:NAME.
    """
    from benchmarks.evaluate import parsing as measuring
    from benchmarks.evaluate import report
    from benchmarks.evaluate.held_out import load_all, open_held_out
    from train.auxiliary.registry import FACE, load

    held = open_held_out(data, holdout, "parsing")
    networks = load_all(files, partial(load, FACE))
    rows, pictures = measuring.measure(networks, held, short_side)
    made = report.document(rows, held, {"holdout": holdout, "short_side": short_side})
    _write(out, held, made, report.parsing_markdown(rows, made))
    for name in networks:
        path = out / f"parsing_{name.replace('/', '_').replace(':', '_')}.jpg"
        click.echo(f"{_keep(report.sheet(pictures, name), path)}: photo, truth, prediction")
    return 0


@evaluate.command(epilog=QUALITY_EPILOG)
@click.argument("models", nargs=-1, required=True)
@content_option
@style_option
@click.option(
    "--strengths", default="0,0.25,0.5,0.75,1", show_default=True, help="Each between 0 and 1."
)
@click.option(
    "--size", type=click.IntRange(64), help="Side of the picture; a build's own, else 256."
)
@faces_option
@click.option("--limit", type=click.IntRange(1), help="At most so many pairs; all by default.")
@perceptual_option
@click.option(
    "--encoder", type=click.Path(path_type=Path), help="VGG-19 of a vgg19 decoder without its own."
)
@out_option("evaluation")
def quality(
    models: tuple[str, ...],
    content: Path,
    style: Path,
    strengths: str,
    size: int | None,
    faces: Path | None,
    limit: int | None,
    perceptual: str,
    encoder: Path | None,
    out: Path,
) -> int:
    """How much style stylizers reach and how well they keep the face.

    MODELS are builds (every stylizer's .tflite is judged, executed from disk), weights
    (.safetensors, .pth) or the name of shipped ones (mobile).
    """
    from benchmarks.quality import boxes, models_under_test, pictures, report, worst_pairs
    from benchmarks.quality.judges import Judges
    from benchmarks.quality.measure import QualityTask, measure
    from benchmarks.report.write import write_report
    from facestyle.files import write_text

    wanted = parse_strengths(strengths)
    judged, notes = models_under_test.open_all(models, encoder)
    pixels = models_under_test.common_size(judged, size)
    photos, damaged = pictures.open_folder(content)
    paintings, torn = pictures.open_folder(style)
    known = boxes.read(faces) if faces else {}
    task = QualityTask(judged, photos, paintings, wanted, pixels, known, limit)
    judges = Judges(perceptual)
    for name, reason in {**damaged, **torn}.items():
        click.echo(f"skipped {name}: {reason}", err=True)
        notes.append(f"skipped {name}: {reason}")
    results = measure(task, judges)
    made = report.report(
        task,
        results,
        [*notes, *judges.notes],
        perceptual=perceptual,
        records=judges.records(),
        identity=judges.sees_identity,
        second=judges.has_second,
        command=shlex.join(["facestyle", *sys.argv[1:]]),
    )
    click.echo(report.to_markdown(made))
    write_text(out / "quality.csv", report.to_csv(results.pair_metrics))
    sheet = _keep(
        worst_pairs.sheet(task, worst_pairs.find(results.pair_metrics)), out / "worst.jpg"
    )
    write_report(out, made, {"The worst pairs: photo, painting, painted": sheet.read_bytes()})
    click.secho(f"wrote {out}: report.html, .md and .json, quality.csv, worst.jpg", fg="green")
    click.echo(f"next: {_next(models)}")
    return 0


@evaluate.command(epilog=PICTURES_EPILOG)
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@content_option
@style_option
@faces_option
@perceptual_option
@click.option("--json", "out", type=click.Path(path_type=Path), help="The figures for machines.")
def pictures(
    folders: tuple[Path, ...],
    content: Path,
    style: Path,
    faces: Path | None,
    perceptual: str,
    out: Path | None,
) -> int:
    """The figures of quality for pictures painted already.

    FOLDERS hold pictures of one size, named <photo>__<painting>.png as `facestyle stylize` names
    them, whoever painted them. Steadiness is not told: it needs a second frame.
    """
    import json

    from benchmarks.quality import boxes, painted_folders
    from benchmarks.quality import pictures as opening
    from benchmarks.quality.judges import Judges
    from benchmarks.quality.report import perceptual_name
    from facestyle.files import check_folder, write_text

    if out is not None:
        check_folder(out.parent)
    photos, damaged = opening.open_folder(content)
    paintings, torn = opening.open_folder(style)
    known = boxes.read(faces) if faces else {}
    notes = [f"skipped {name}: {reason}" for name, reason in {**damaged, **torn}.items()]
    judges = Judges(perceptual)
    results, size = painted_folders.measure(folders, photos, paintings, known, judges)
    notes += judges.notes
    click.echo(painted_folders.to_markdown(results, size, notes))
    if out is not None:
        made = painted_folders.to_document(results, size, perceptual_name(perceptual), notes)
        write_text(out, json.dumps(made, indent=1, allow_nan=False) + "\n")
        click.secho(f"wrote {out}", fg="green")
    click.echo(f"next: {_choose(folders, content, style)}")
    return 0


evaluate.add_command(prefer)


def parse_strengths(text: str) -> list[float]:
    """Strengths as typed, ascending, each once.

    Raises:
        UserError: when they are none.
    """
    from facestyle.errors import UserError

    try:
        found = sorted({float(part) for part in text.split(",")})
    except ValueError:
        found = []
    if not found or not all(0 <= strength <= 1 for strength in found):
        raise UserError(f"--strengths {text!r}: write numbers between 0 and 1, such as 0,0.5,1")
    return found


def _next(models: tuple[str, ...]) -> str:
    """What to type after an evaluation of quality."""
    first = Path(models[0])
    if first.is_dir():
        return f"facestyle bench {shlex.quote(models[0])}"
    if first.suffix:
        return f"facestyle export --checkpoint {shlex.quote(models[0])} --out build"
    return f"facestyle export --preset {models[0]} --out build"


def _choose(folders: tuple[Path, ...], content: Path, style: Path) -> str:
    """What to type to let somebody choose between two painters."""
    two = [*map(str, folders), "OTHER"][:2]
    sources = ["--content", str(content), "--style", str(style)]
    return shlex.join(["facestyle", "evaluate", "prefer", "make", *two, *sources])


def _write(out: Path, held: HeldOut, made: dict[str, Any], markdown: str) -> None:
    """Keep the tables and show them."""
    from benchmarks.evaluate import report
    from facestyle.files import write_text

    write_text(out / f"{held.label}.json", report.to_json(made))
    write_text(out / f"{held.label}.md", markdown)
    click.echo(markdown)
    click.secho(f"wrote {out / held.label}.md and .json", fg="green", bold=True)


def _keep(picture: Any, path: Path) -> Path:
    from facestyle.files import atomic

    with atomic(path) as temporary:
        picture.save(temporary, quality=90)
    return path

"""``facestyle evaluate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from benchmarks.evaluate.held_out import HeldOut

EPILOG = (
    "Examples:\n\n"
    "  facestyle evaluate depth runs/depth_v3_small/depth_v3_small.safetensors --data rgbd.tar\n\n"
    "  facestyle evaluate depth depth_v3_small hub:Intel/dpt-large --data pandora:Pandora/ --align"
    "\n\n"
    "  facestyle evaluate parsing bisenet_small --data celebamask_hq:CelebAMask-HQ/ --holdout 0.02"
)


@click.group(epilog=EPILOG)
def evaluate() -> None:
    """Judge trained networks on photos that they never saw.

    Results are printed, and written to --out as Markdown, as JSON and as a picture.
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
        click.option(
            "--out",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("evaluation"),
            show_default=True,
        ),
    )

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@evaluate.command(epilog=EPILOG)
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
    from train.auxiliary.watchers import load_depth

    held = open_held_out(data, holdout, "depth")
    networks = load_all(files, load_depth)
    rows, pictures = measuring.measure(networks, held, short_side, size, align)
    settings = {"holdout": holdout, "short_side": short_side, "size": size}
    made = report.document(rows, held, settings)
    _write(out, held, made, report.depth_markdown(rows, made))
    picture = _keep(report.depth_sheet(pictures), out / "depth.jpg")
    click.echo(f"{picture}: photo, measured, {', '.join(networks)}; near is bright")
    return 0


@evaluate.command(epilog=EPILOG)
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
    from train.auxiliary.watchers import load_face

    held = open_held_out(data, holdout, "parsing")
    networks = load_all(files, load_face)
    rows, pictures = measuring.measure(networks, held, short_side)
    made = report.document(rows, held, {"holdout": holdout, "short_side": short_side})
    _write(out, held, made, report.parsing_markdown(rows, made))
    for name in networks:
        path = out / f"parsing_{name.replace('/', '_').replace(':', '_')}.jpg"
        click.echo(f"{_keep(report.sheet(pictures, name), path)}: photo, truth, prediction")
    return 0


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

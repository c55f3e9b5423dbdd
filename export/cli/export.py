"""``facestyle export`` and ``facestyle verify``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from export.formats import FORMATS, GRAPHS, precisions
from facestyle.cli import options
from facestyle.errors import UserError

if TYPE_CHECKING:
    from export.build.pipeline import Build
    from export.build.verify_build import Finding
    from export.convert.calibration import Calibration
    from export.request import ExportRequest, Target
    from facestyle.style import StyleBook
    from facestyle.stylize import Painter

EPILOG = (
    "Examples:\n\n"
    "  facestyle export\n\n"
    "  facestyle export --size 384x512 --formats tflite --precision fp16\n\n"
    "  facestyle export --precision all --calibration faces/\n\n"
    "  facestyle export --preset studio --size 512\n\n"
    "  facestyle export --preset vgg19 --checkpoint decoder.pth --encoder vgg_normalised.pth\n\n"
    "  facestyle export --bake great_wave --graphs stylizer --formats mlpackage --precision fp16"
)


def combinations() -> str:
    """What can be written, as a table: a line for each format and precision."""
    width = max(len(name) for name in GRAPHS) + 3
    lines = [" " * 25 + "".join(name.ljust(width) for name in GRAPHS).rstrip()]
    for format_ in FORMATS.values():
        for precision in format_.precisions:
            cells = "".join(("x" if g in precision.graphs else "").ljust(width) for g in GRAPHS)
            lines.append(f"  {format_.suffix:11}{precision.name:12}{cells}".rstrip())
    return "\n".join(lines)


def _precision_help() -> str:
    told = {p.name: p for f in FORMATS.values() for p in f.precisions}
    by_default: list[str] = []
    asked: list[str] = []
    for name in precisions():
        words = f"{name} ({told[name].about})" if told[name].about else name
        (asked if told[name].calibrated else by_default).append(words)
    return f"{', '.join(by_default)} by default; {', '.join(asked)}; or all."


HELP = f"""Write verified {", ".join(f.suffix for f in FORMATS.values())} files and a report.

\b
What there is:
{combinations()}
"""


@click.command(epilog=EPILOG, help=HELP)
@options.weights
@click.option("--untrained", is_flag=True, help="Random weights, for latency work.")
@click.option("--size", default="256", show_default=True, help="Side, or height x width.")
@click.option("--formats", help=f"{', '.join(FORMATS)}; all by default.")
@click.option("--precision", help=_precision_help())
@click.option("--graphs", help=f"{', '.join(GRAPHS)}; all by default.")
@click.option(
    "--styles", help="Styles for styles.json: names or paintings. All named ones by default."
)
@click.option("--bake", help="Also a stylizer with this style (or these) as constants.")
@click.option("--depth", is_flag=True, help="Give the stylizer a depth map input (paper 2).")
@click.option("--calibration", help="Folder of faces for int8, or 'demo' for four painted ones.")
@click.option("--verify/--no-verify", default=True, help="Execute and compare each file.")
@click.option("--out", default=Path("build"), show_default=True, type=click.Path(path_type=Path))
def export(
    preset: str,
    checkpoint: Path | None,
    encoder: Path | None,
    untrained: bool,
    size: str,
    formats: str | None,
    precision: str | None,
    graphs: str | None,
    styles: str | None,
    bake: str | None,
    depth: bool,
    calibration: str | None,
    verify: bool,
    out: Path,
) -> int:
    """``facestyle export``; see ``HELP``."""
    from export import request as asked
    from facestyle import checkpoint as weights
    from facestyle.dependencies import require
    from facestyle.errors import unknown
    from facestyle.networks import NETWORKS, create
    from facestyle.stylize import Painter

    if preset not in NETWORKS:
        raise unknown("preset", preset, NETWORKS)
    targets = asked.targets(
        None if graphs is None else asked.parse_list(graphs, "graph", GRAPHS),
        None if formats is None else asked.parse_list(formats, "format", tuple(FORMATS)),
        None if precision is None else asked.parse_list(precision, "precision", precisions()),
    )
    height, width = asked.parse_size(size, create(preset).stride)
    calibrated = _calibration(calibration, targets)
    require(*(t.format.extra for t in targets))
    if untrained and checkpoint:
        raise UserError("--untrained and --checkpoint exclude each other")
    loaded = weights.untrained(preset) if untrained else weights.load(checkpoint, preset, encoder)
    book, baked = _styles(Painter(loaded), styles, bake)
    if baked and not any(t.graph == "stylizer" for t in targets):
        raise UserError("--bake makes stylizers; add stylizer to --graphs")
    if depth and not any(t.graph == "stylizer" for t in targets):
        raise UserError("--depth is an input of the stylizer; add stylizer to --graphs")
    if untrained and encoder:
        raise UserError("--untrained and --encoder exclude each other")
    request = asked.ExportRequest(
        checkpoint=loaded,
        source=checkpoint,
        encoder=encoder,
        height=height,
        width=width,
        targets=targets,
        styles=book,
        baked=baked,
        depth=depth,
        calibration=calibrated,
        out=out,
        verify=verify,
        command=shlex.join(["facestyle", *sys.argv[1:]]),
    )
    return _summary(_run(request))


def _calibration(source: str | None, targets: tuple[Target, ...]) -> Calibration | None:
    from export.convert import calibration

    needed = [t.precision.name for t in targets if t.precision.calibrated]
    if needed and source is None:
        raise UserError(
            f"{needed[0]} needs --calibration DIR with faces like those the app will see "
            "(or 'demo' for a first try)"
        )
    if source is not None and not needed:
        calibrated = {p.name: p for f in FORMATS.values() for p in f.precisions if p.calibrated}
        names = " or ".join(calibrated)
        raise UserError(f"--calibration is for {names}; add {names} to --precision")
    return None if source is None else calibration.read(source)


def _styles(
    painter: Painter, text: str | None, bake: str | None
) -> tuple[StyleBook, tuple[str, ...]]:
    from facestyle.cli.stylize import resolve_styles
    from facestyle.shipped import style_book
    from facestyle.style import StyleBook

    book = style_book(painter)
    if text is not None:
        book = StyleBook(book.weights, tuple(resolve_styles(painter, text)))
    names = []
    for style in resolve_styles(painter, bake) if bake else []:
        if style.name in book and book[style.name].values != style.values:
            raise UserError(f"two different styles are called {style.name!r}; rename one picture")
        book = book.with_style(style)
        names.append(style.name)
    return book, tuple(names)


def _run(request: ExportRequest, label: str = "Exporting") -> Build:
    from export import sigint
    from export.build import pipeline
    from export.suppress_output import ConversionError
    from facestyle.cli.progress import shown

    with shown(label, pipeline.steps(request)) as progress, sigint.kept() as check:

        def step(text: str) -> None:
            check()
            progress(text)

        try:
            return pipeline.run(request, step)
        except ConversionError as error:
            raise UserError(f"conversion failed: {error}; nothing was written") from error


def _summary(result: Build) -> int:
    from export.build import manifest
    from export.report import results_table
    from export.report.cells import kilobytes, verdict

    for entry in manifest.read(result.folder).files:
        said = verdict(entry)
        colour = {"pass": "green", "FAIL": "red"}.get(said, "yellow")
        click.echo(
            f"{click.style(said, fg=colour, bold=True)}  {entry.file:48}"
            f"{kilobytes(entry):>10}  {results_table.cell(entry)}"
        )
        for v in entry.proof.verdicts if entry.proof else ():
            if not v.passed:
                click.echo(f"      {v.check}: {v.figure}, wanted {v.limit}")
    if not result.passed:
        click.secho(
            f"not published: see {result.folder / 'report.html'}; earlier files stay as they were",
            fg="red",
            err=True,
        )
        return 1
    count = len(result.files)
    click.secho(f"{count} files and styles.json in {result.folder}/", fg="green", bold=True)
    click.echo(f"next: open {result.folder / 'report.html'}, then put the files in your app")
    return 0


@click.command(
    epilog="Examples:\n\n  facestyle verify build/\n\n"
    "  facestyle verify build/ --json verified.json\n\n"
    "  facestyle verify build/ --rebuild"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where the weights are now.")
@click.option("--encoder", type=click.Path(path_type=Path), help="Where the encoder's weights are.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="The findings for machines.")
@click.option("--rebuild", is_flag=True, help="Also export again and compare byte for byte.")
def verify(
    folder: Path,
    checkpoint: Path | None,
    encoder: Path | None,
    out: Path | None,
    rebuild: bool,
) -> int:
    """Check a build again from disk: hashes, structure, and what each file computes."""
    import json

    from msgspec import to_builtins

    from export.build import manifest
    from export.build.verify_build import other_tools, verify_build
    from facestyle.files import check_folder, write_text

    if out is not None:
        check_folder(out.parent)
    found: list[Finding] = []

    def tell(items: Iterator[Finding]) -> None:
        for item in items:
            found.append(item)
            word, colour = ("FAIL", "red") if item.problems else ("pass", "green")
            click.echo(f"{click.style(word, fg=colour, bold=True)}  {item.name:48}{item.figures}")
            for problem in item.problems:
                click.echo(f"      {problem}")

    tell(verify_build(folder, checkpoint, encoder))
    if rebuild:
        tell(_made_again(folder, checkpoint, encoder))
    others = other_tools(manifest.read(folder))
    for line in others:
        click.secho(f"note: {line}", fg="yellow")
    if out is not None:
        findings = {
            "build": str(folder),
            "tools": manifest.tools(),
            "other_tools": others,
            "results": to_builtins(found),
        }
        write_text(out, json.dumps(findings, indent=1) + "\n")
    failed = len({item.name for item in found if item.problems})
    if failed:
        click.secho(
            f"{failed} file(s) of {folder}/ are not what they should be", fg="red", err=True
        )
        return 1
    click.secho(f"{folder}/ is right", fg="green", bold=True)
    return 0


def _made_again(folder: Path, checkpoint: Path | None, encoder: Path | None) -> Iterator[Finding]:
    import tempfile

    from export.build.rebuild import compare, request_of

    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "build"
        _run(request_of(folder, checkpoint, encoder, fresh), "Exporting again")
        yield from compare(folder, fresh)

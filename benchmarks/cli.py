"""``facestyle bench``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from benchmarks.request import Request

EPILOG = (
    "Examples:\n\n"
    "  facestyle bench build/\n\n"
    "  facestyle bench build/ --threads 1,2 --sizes 256,384,512 --precision fp32,fp16\n\n"
    "  facestyle bench build/ --against other_model.tflite --sustain 120\n\n"
    "  facestyle bench build/ --device android --benchmark-model ./benchmark_model\n\n"
    "  facestyle bench compare before/report.json benchmark/report.json\n\n"
    "  facestyle bench xcode stylizer.mlperf"
)

DEVICES = ("host", "android", "apple")


class WithDefault(click.Group):
    """A group whose command ``run`` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; what is neither a command nor a request for help is for ``run``."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The help of ``run``, which is what most want, and the names of the others."""
        run = self.commands["run"]
        inner = click.Context(run, info_name=ctx.info_name, parent=ctx.parent)
        others = [
            f"  {name:8} {command.get_short_help_str(80)}"
            for name, command in self.commands.items()
            if name != "run"
        ]
        return "\n".join([run.get_help(inner), "", "Other commands:", *others])


@click.group(cls=WithDefault)
def bench() -> None:
    """Measure latency, and compare measurements."""


@bench.command(epilog=EPILOG)
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--device", type=click.Choice(DEVICES), default="host", show_default=True)
@click.option("--threads", help="Numbers of threads; 1, 2, 4 and so on up to the cores by default.")
@click.option(
    "--sizes",
    help="Sides, or height x width; exported from the build's weights where it has another. The "
    "build's own by default.",
)
@click.option("--precision", help="fp32, fp16, dynamic, int8; all of the build by default.")
@click.option(
    "--against",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Any .tflite file to take turns with; repeatable.",
)
@click.option("--pytorch/--no-pytorch", default=True, help="Eager and compiled PyTorch too.")
@click.option("--runs", default=50, show_default=True, help="At least so many of each.")
@click.option("--seconds", default=3.0, show_default=True, help="At least so long of each.")
@click.option(
    "--sustain",
    default=0.0,
    metavar="SECONDS",
    help="Also run the first model for so long without a pause.",
)
@click.option("--serial", help="The phone, of several (adb devices).")
@click.option(
    "--benchmark-model",
    type=click.Path(path_type=Path),
    help="TensorFlow's benchmark_model for Android, instead of the sample app.",
)
@click.option("--delegate", help="On Android: cpu, gpu or both, comma-separated; cpu by default.")
@click.option(
    "--quality",
    type=click.Path(path_type=Path),
    help="A report of `facestyle evaluate quality`, to be shown beside the latency.",
)
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where the weights are now.")
@click.option("--encoder", type=click.Path(path_type=Path), help="Where the encoder's weights are.")
@click.option(
    "--out", default=Path("benchmark"), show_default=True, type=click.Path(path_type=Path)
)
def run(**options: Any) -> int:
    """Measure how fast a build's files are, on this computer or on a phone.

    BUILD is a folder that `facestyle export` wrote, or any .tflite file. Models take turns, so
    that all meet the same machine. Writes report.html, report.md and report.json.
    """
    from benchmarks import request as asked
    from benchmarks.measure import measure
    from benchmarks.report import views
    from facestyle.files import check_folder

    asked_for = asked.Request(
        **options
        | {
            "threads": asked.numbers("--threads", options["threads"]),
            "sizes": asked.names(options["sizes"]),
            "precision": asked.precisions(options["precision"]),
            "delegate": asked.names(options["delegate"]),
            "command": shlex.join(["facestyle", *sys.argv[1:]]),
        }
    )
    asked.check(asked_for)
    check_folder(asked_for.out)
    made, pictures = _with_bar(measure, asked_for)
    views.write(asked_for.out, made, pictures)
    return _summary(made, asked_for.out)


@bench.command(
    epilog="Example:\n\n  facestyle bench compare before/report.json benchmark/report.json"
)
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder for comparison.html and .md.")
def compare(before: Path, after: Path, out: Path | None) -> int:
    """Show what became slower or faster between two reports, and whether significantly.

    Exits with 1 if anything is significantly slower, with 0 if not, or if nothing could be judged.
    """
    from benchmarks.report import compare as comparing
    from benchmarks.report import compare_views, document
    from facestyle.files import write_text

    found = comparing.compare(document.read(before), document.read(after))
    click.echo(compare_views.text(found))
    if out is not None:
        write_text(out / "comparison.html", compare_views.html(found))
        write_text(out / "comparison.md", compare_views.markdown(found))
        click.secho(f"wrote {out}/comparison.html and .md", fg="green", bold=True)
    return 1 if found.regression else 0


@bench.command(epilog="Example:\n\n  facestyle bench xcode stylizer.mlperf --out iphone")
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--out", default=Path("benchmark"), show_default=True, type=click.Path(path_type=Path)
)
def xcode(report: Path, out: Path) -> int:
    """Turn an Xcode performance report of a Core ML model into a report like the others."""
    from benchmarks.apple import xcode as importing
    from benchmarks.measure import as_document
    from benchmarks.report import views
    from facestyle.files import check_folder

    check_folder(out)
    device, rows, notes = importing.read(report)
    made = as_document(device, rows, notes, shlex.join(["facestyle", *sys.argv[1:]]))
    views.write(out, made)
    return _summary(made, out)


def _with_bar(
    work: Callable[[Request, Callable[[str], None], Callable[[int], None]], Any], given: Request
) -> Any:
    """Measure with a bar whose length is known only once files are."""
    import os

    # A copy of the terminal: converters' chatter is kept off the standard descriptors meanwhile.
    with os.fdopen(os.dup(2), "w") as terminal:
        bar = click.progressbar(
            length=1,
            file=terminal,
            label="Measuring",
            item_show_func=lambda item: item,
        )
        with bar:

            def expect(steps: int) -> None:
                bar.length = steps + bar.pos

            def progress(step: str) -> None:
                bar.length = max(bar.length or 1, bar.pos + 1)
                bar.update(1, step)

            return work(given, progress, expect)


def _summary(made: dict[str, Any], out: Path) -> int:
    """One line a row: what was measured, and what it is worth; and where the report is."""
    width = max((len(row["name"]) for row in made["rows"]), default=0)
    for row in made["rows"]:
        inference = row["stages"]["inference"]
        whole = row["stages"].get("end_to_end", {})
        figures = f"{_ms(inference.get('p50_ms'))} inference, {_ms(whole.get('p90_ms'))} a frame"
        if row.get("problems"):
            click.echo(f"{row['name']:{width}}  {figures}  ", nl=False)
            click.secho(f"not valid: {row['problems'][0]}", fg="red")
        else:
            click.echo(f"{row['name']:{width}}  {figures}  {_verdict(row.get('real_time'))}")
    for note in made.get("notes", []):
        click.secho(f"note: {note}", fg="yellow")
    click.secho(f"wrote {out}/report.html, report.md and report.json", fg="green", bold=True)
    click.echo(f"next: open {out}/report.html")
    return 0


def _verdict(real_time: dict[str, bool] | None) -> str:
    """In words; without whole frames there is none."""
    if real_time is None:
        return "no verdict"
    kept = [f"{ms} ms" for ms, good in real_time.items() if good]
    return f"real-time at {', '.join(kept)}" if kept else "not real-time"


def _ms(value: float | None) -> str:
    return "       –" if value is None else f"{value:8.2f} ms"

"""``facestyle bench``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from benchmarks.arm.processors import DEFAULT

EPILOG = (
    "Examples:\n\n"
    "  facestyle bench build/\n\n"
    "  facestyle bench build/ --threads 1,2 --sizes 256,384,512 --precision fp32,fp16\n\n"
    "  facestyle bench build/ --against other_model.tflite --sustain 120\n\n"
    "  facestyle bench build/ --device android --benchmark-model ./benchmark_model\n\n"
    "  facestyle bench compare before/report.json benchmark/report.json\n\n"
    "  facestyle bench xcode stylizer.mlperf\n\n"
    "  facestyle bench arm build/"
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
@click.option(
    "--arm",
    type=click.Path(path_type=Path),
    help="A report of `facestyle bench arm`: its instruction counts stand beside the latency.",
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
    from benchmarks.arm import document as counted
    from benchmarks.latency.measure import measure
    from benchmarks.latency.request import LatencyRequest, check, names, numbers, precisions
    from benchmarks.report.write import write_report
    from facestyle.cli.progress import shown
    from facestyle.files import check_folder

    request = LatencyRequest(
        **options
        | {
            "threads": numbers("--threads", options["threads"]),
            "sizes": names(options["sizes"]),
            "precision": precisions(options["precision"]),
            "delegate": names(options["delegate"]),
            "command": shlex.join(["facestyle", *sys.argv[1:]]),
        }
    )
    check(request)
    check_folder(request.out)
    instructions = {} if request.arm is None else counted.costs(request.arm)
    with shown("Measuring") as progress:
        made, pictures = measure(request, progress, progress.expect)
    if not counted.fill(made["rows"], instructions) and request.arm is not None:
        made["notes"].append(f"{request.arm} counts the instructions of none of these files")
    write_report(request.out, made, pictures)
    return _summary(made, request.out)


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


@bench.command(
    epilog="Examples:\n\n"
    "  facestyle bench arm build/\n\n"
    "  facestyle bench arm build/ --graph stylizer --cpu cortex-a76\n\n"
    "  facestyle bench build/ --arm arm/report.json"
)
@click.argument("build", required=False, type=click.Path(path_type=Path))
@click.option(
    "--cpu",
    default=",".join(DEFAULT),
    show_default=True,
    help="Processors to emulate; cortex-a72 too.",
)
@click.option("--graph", help="stylizer, style_encoder, full; all of the build by default.")
@click.option("--setup", is_flag=True, help="Only set up what is needed; BUILD may be left out.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where the weights are now.")
@click.option("--encoder", type=click.Path(path_type=Path), help="Where the encoder's weights are.")
@click.option("--out", default=Path("arm"), show_default=True, type=click.Path(path_type=Path))
def arm(
    build: Path | None,
    cpu: str,
    graph: str | None,
    setup: bool,
    checkpoint: Path | None,
    encoder: Path | None,
    out: Path,
) -> int:
    """Run a build's .tflite files with LiteRT on emulated Arm processors and count instructions.

    Compares with this computer's results, and in half precision with PyTorch's. Exits with 1 if
    a comparison fails. What it needs is fetched once, into the cache folder.
    """
    from benchmarks.arm import report, userland
    from benchmarks.arm import run as running
    from benchmarks.arm.processors import processor
    from benchmarks.latency.request import names
    from export.build import manifest
    from facestyle.cli.progress import shown
    from facestyle.errors import UserError
    from facestyle.files import check_folder

    if setup:
        click.echo(f"Arm's user-space is in {userland.get(click.echo).folder}")
    if build is None:
        if setup:
            click.echo("next: facestyle bench arm BUILD")
            return 0
        raise UserError("which build? facestyle bench arm BUILD; make one with facestyle export")
    cpus = names(cpu)
    if not cpus:
        raise UserError("--cpu: name a processor, such as cortex-a76")
    check_folder(out)
    request = running.ArmRequest(
        build=build,
        processors=tuple(processor(name) for name in cpus),
        graphs=names(graph),
        checkpoint=checkpoint,
        encoder=encoder,
        command=shlex.join(["facestyle", *sys.argv[1:]]),
    )
    manifest.read(build)
    with shown("Measuring") as progress:
        made = running.measure(request, progress, progress.expect)
    report.write(out, made)
    for line, passed in report.lines(made):
        click.secho(line, fg=None if passed else "red")
    passed = not report.failures(made)
    click.secho(report.headline(made), fg="green" if passed else "red", bold=True)
    click.echo(f"wrote {out}/report.html, report.md and report.json")
    click.echo(f"next: facestyle bench {shlex.quote(str(build))} --arm {out}/report.json")
    return 0 if passed else 1


@bench.command(epilog="Example:\n\n  facestyle bench xcode stylizer.mlperf --out iphone")
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--out", default=Path("benchmark"), show_default=True, type=click.Path(path_type=Path)
)
def xcode(report: Path, out: Path) -> int:
    """Turn an Xcode performance report of a Core ML model into a report like the others."""
    from benchmarks.apple import xcode as importing
    from benchmarks.latency.measure import as_document
    from benchmarks.report.write import write_report
    from facestyle.files import check_folder

    check_folder(out)
    device, rows, notes = importing.read(report)
    made = as_document(device, rows, notes, shlex.join(["facestyle", *sys.argv[1:]]))
    write_report(out, made)
    return _summary(made, out)


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

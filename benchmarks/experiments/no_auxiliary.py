"""Paper 1's claim as a figure: the auxiliary networks of a training cost nothing in an app.

    python -m benchmarks.experiments.no_auxiliary --out benchmarks/results/no_auxiliary

Trains the paper's four variants (AdaIN, Depth AdaIN, Face AdaIN, both) for a few steps, exports
each, and lets the four files take turns, with a copy of the first as a control: how far apart
equal files are measured is the noise. Latency does not depend on what weights have learnt;
``--trained METHOD=FILE`` takes those of a real training instead.

Beside them, and for this table only, the depth and parsing networks are exported: what a frame
would cost if they ran in the app.

Makes: table.md, report.html, report.md and report.json in --out (benchmarks/results/no_auxiliary).
Takes: half an hour on two cores together with own_models (`make bench`); leave the machine alone.
Needs: nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks import build_files
from benchmarks.build_files import ModelFile
from benchmarks.experiments import command
from benchmarks.experiments.stand_ins import make_encoder
from benchmarks.export_stylizers import export_stylizers
from benchmarks.host import machine, run
from benchmarks.host.run import HostSettings
from benchmarks.latency.measure import as_document
from benchmarks.report.write import write_report
from export.build import manifest
from export.convert.graphs import Graph
from export.convert.tflite import to_tensorflow, to_tflite
from export.formats.tflite import FP32
from export.inspect import tflite_file
from export.suppress_output import ConversionError
from facestyle import checkpoint, contract, gallery
from facestyle.contract import Contract, Kind, Port
from facestyle.errors import UserError
from facestyle.files import check_folder, write_text
from train import engine, recipes
from train.auxiliary.bisenet import create_parsing
from train.auxiliary.depth_networks import DEPTH_NETWORKS, create_depth

VARIANTS = {
    "adain": "AdaIN",
    "depth_adain": "Depth AdaIN",
    "face_adain": "Face AdaIN",
    "depth_face_adain": "Depth and Face AdaIN",
}
"""Paper 1's variants by recipe."""

CONTROL = "AdaIN, again"

AUXILIARY = ("depth_v3_small", "bisenet_small", "depth_v3", "bisenet")
"""The small ones that come with the package, and paper 1's own sizes; their weights do not
matter here."""

SIZE = 256


def trained(variant: str, folder: Path) -> Path:
    """A checkpoint of a variant after two steps on the gallery's pictures, ``mobile``."""
    encoder = folder.parent / "encoder.safetensors"
    settings = (
        "steps=2",
        "batch=1",
        "data.size=64",
        "data.short_side=64",
        f"data.content={[str(gallery.portraits()[0].path.parent)]!r}",
        f"data.style={[str(gallery.paintings()[0].path.parent)]!r}",
        f"auxiliary.perceptual={encoder}",
    )
    if not encoder.exists():
        make_encoder(encoder)
    recipe = recipes.load(variant, "mobile", settings)
    return engine.train(recipe, folder, engine.start_fabric(1, recipe.batch)).weights


def variants(given: Mapping[str, Path], work: Path) -> list[ModelFile]:
    """The four stylizers, exported, and the first one's copy."""
    files = []
    for variant, title in VARIANTS.items():
        weights = given.get(variant) or trained(variant, work / variant)
        loaded = checkpoint.load(weights, "mobile", None)
        folder = work / f"{variant}_build"
        export_stylizers(loaded, (SIZE, SIZE), ("fp32",), folder, source=weights)
        (file,) = build_files.read(folder)
        files.append(replace(file, name=title))
    return [*files, replace(files[0], name=CONTROL)]


def auxiliary(name: str, work: Path) -> ModelFile:
    """An auxiliary network as a ``.tflite`` file, for a photo of the stylizers' size.

    Raises:
        ConversionError: when a converter gives up on it.
    """
    network = create_depth(name) if name in DEPTH_NETWORKS else create_parsing(name)
    photo = contract.content(SIZE, SIZE)
    with torch.no_grad():
        shape = tuple(network.eval()(torch.zeros(photo.shape)).shape)
    found = Port("found", Kind.MAP, shape, None, "What the network sees.")
    graph = Graph(name, network, Contract(name, (photo,), (found,)))
    path = work / f"{name}.tflite"
    to_tflite(to_tensorflow(graph, work / name), FP32.configure, path)
    return ModelFile(path, name, manifest.sha256(path), precision="fp32")


def table(rows: Sequence[Mapping[str, Any]], alike: Mapping[str, bool]) -> str:
    """The claim, and what it would cost otherwise, in Markdown.

    Args:
        rows: of the report, judged.
        alike: by title, whether a variant's file has the first one's operators and shapes.
    """
    by_name = {row["name"].rsplit(", ", 1)[0]: row for row in rows}
    lines = [
        "# What the auxiliary networks cost at inference",
        "",
        "| file | median inference | ratio to AdaIN (95 %) | MACs | same operators | valid |",
        "|---|---|---|---|---|---|",
    ]
    for title in (*VARIANTS.values(), CONTROL):
        row = by_name[title]
        lines.append(
            f"| {title} | {_ms(row)} | {_ratio(row, 3)} | {row['cost']['macs'] / 1e9:.3f} G | "
            f"{'yes' if alike[title] else 'NO'} | {_valid(row)} |"
        )
    lines += ["", _conclusion(by_name, alike), ""]
    lines += [
        "If the networks that watched over the training ran in the app too:",
        "",
        "| file | median inference | ratio to AdaIN (95 %) | MACs | parameters | valid |",
        "|---|---|---|---|---|---|",
    ]
    for name in AUXILIARY:
        if name in by_name:
            row = by_name[name]
            lines.append(
                f"| {name} | {_ms(row)} | {_ratio(row, 1)} | {row['cost']['macs'] / 1e9:.3f} G | "
                f"{row['cost']['parameters'] / 1e6:.2f} M | {_valid(row)} |"
            )
    for depth, face in (AUXILIARY[:2], AUXILIARY[2:]):
        if depth in by_name and face in by_name:
            whole = 1 + by_name[depth]["ratio"]["value"] + by_name[face]["ratio"]["value"]
            lines += ["", f"A frame with {depth} and {face}: {whole:.1f} times the stylizer's."]
    return "\n".join(lines) + "\n"


def _conclusion(by_name: Mapping[str, Mapping[str, Any]], alike: Mapping[str, bool]) -> str:
    """Whether the variants are as fast as each other, as far as this run can tell."""
    control = by_name[CONTROL]["ratio"]
    noise = max(abs(control[key] - 1) for key in ("value", "low", "high"))
    apart = [
        title
        for title in list(VARIANTS.values())[1:]
        if abs(by_name[title]["ratio"]["value"] - 1) > noise
    ]
    told = f"`{CONTROL}` is the first file once more: equal files seem up to {noise:.1%} apart."
    same = "All have the same operators." if all(alike.values()) else "Their operators DIFFER."
    if apart:
        return f"{told} {same} Further apart than that: {', '.join(apart)}."
    return f"{told} {same} No variant is further from AdaIN than that."


def _ratio(row: Mapping[str, Any], digits: int) -> str:
    ratio = row.get("ratio")
    if not ratio:
        return "1"
    value, low, high = (f"{ratio[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low}–{high})"


def _valid(row: Mapping[str, Any]) -> str:
    return "yes" if not row["problems"] else f"NO: {row['problems'][0]}"


def structure(path: Path) -> tuple[list[str], list[tuple[int, ...]]]:
    """A file's operators, and the shapes of its tensors. Sorted: converters break ties between
    independent operators as they like."""
    model = tflite_file.read(path)
    names = [name for name, _ in tflite_file.operators(model)]
    shapes = [tflite_file.shape(tensor) for tensor in model.subgraphs[0].tensors]
    return sorted(names), sorted(shapes)


def _ms(row: Mapping[str, Any]) -> str:
    return f"{row['stages']['inference']['p50_ms']:.2f} ms"


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, train, export, measure and write."""
    parser = command.parser("no_auxiliary", __doc__)
    parser.add_argument("--trained", action="append", default=[], metavar="METHOD=FILE")
    parser.add_argument("--runs", type=int, default=100, help="of every model, at least")
    parser.add_argument("--seconds", type=float, default=3.0, help="of every model, at least")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    args = parser.parse_args(arguments)
    given = {}
    for item in args.trained:
        variant, _, file = item.partition("=")
        if variant not in VARIANTS or not file:
            parser.error(f"--trained {item}: write METHOD=FILE, METHOD of {', '.join(VARIANTS)}")
        given[variant] = Path(file)
    notes = []
    with command.one_line_errors(parser), tempfile.TemporaryDirectory() as scratch:
        check_folder(args.out)
        work = Path(scratch)
        files = variants(given, work)
        first = structure(files[0].path)
        alike = {file.name: structure(file.path) == first for file in files}
        for name in AUXILIARY:
            try:
                files.append(auxiliary(name, work))
            except (ConversionError, UserError) as error:
                notes.append(f"{name} could not be exported: {error}")
        found = [run.file_candidate(file) for file in files]
        settings = HostSettings(threads=(1,), runs=args.runs, seconds=args.seconds)
        rows, more = run.measure_with_bar(found, settings)
    made = as_document(machine.device(), rows, notes + more, command.typed(parser, arguments))
    write_report(args.out, made)
    text = table(made["rows"], alike)
    write_text(args.out / "table.md", text)
    sys.stdout.write(f"{text}wrote {args.out}/table.md and report.html\n")


if __name__ == "__main__":
    main()

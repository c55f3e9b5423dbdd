"""Paper 1's claim, measured: what its depth and face losses keep, at equal style strength.

    python -m benchmarks.experiments.ablation runs/adain_mobile runs/depth_adain_mobile ... \
        --content FACES --style PAINTINGS --faces faces.json --perceptual FILE

Each run is of another method; network, start, data, steps, batch and seed must be the same. A
method that mutes the style keeps the face for that reason alone, so the methods are not compared at
the same strength but where they reach the same style loss: that of the one that reaches least at
strength 1. Between the strengths that are painted, figures are interpolated. Intervals are of the
difference to the first run, 95 %, by drawing photos and paintings again (both: pairs that share one
are not independent).

Makes: ablation.md and ablation.json in --out (benchmarks/results). Takes: two hours on one
core for four trainings and 182 pairs of photo and painting.
Needs: the folders of finished trainings, portraits, paintings and a VGG-19.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.experiments import command
from benchmarks.quality import boxes, models_under_test, pictures
from benchmarks.quality.judges import Judges
from benchmarks.quality.measure import QualityTask, Results, measure
from benchmarks.quality.metrics import PER_PAIR, Metric
from facestyle.errors import UserError
from facestyle.files import write_text
from train import recipes
from train.recipe import Recipe

STRENGTHS = (0.4, 0.55, 0.7, 0.8, 0.9, 1.0)
SAME = ("network", "start", "steps", "batch", "seed", "average", "data", "optimizer", "schedule")
"""What the recipes must share."""

DRAWS = 2000

Table = dict[str, NDArray[np.float64]]
"""Figures by key, (strengths, photos, paintings); NaN where one could not be measured."""


def recipe_of(run: Path) -> Recipe:
    """The recipe of a run's folder.

    Raises:
        UserError: when there is none.
    """
    if not (run / "recipe.toml").is_file():
        raise UserError(f"{run}: no run of `facestyle train` (no recipe.toml in it)")
    return recipes.load(str(run / "recipe.toml"))


def check_alike(found: Mapping[str, Recipe]) -> None:
    """Make sure that only the terms differ.

    Raises:
        UserError: when anything else does.
    """
    (first, reference), *others = found.items()
    for name, recipe in others:
        for key in SAME:
            if recipe.tables()[key] != reference.tables()[key]:
                raise UserError(
                    f"{name} and {first} differ in {key}; an ablation changes the terms alone"
                )


def tabulate(results: Results, model: str, strengths: Sequence[float]) -> Table:
    """One model's figures of every pair."""
    own = [v for v in results.pair_metrics if v.model == model]
    photos, paintings = (sorted({getattr(v, kind) for v in own}) for kind in ("photo", "painting"))
    shape = (len(strengths), len(photos), len(paintings))
    table = {metric.key: np.full(shape, np.nan) for metric in PER_PAIR}
    for v in own:
        place = (strengths.index(v.strength), photos.index(v.photo), paintings.index(v.painting))
        for key, values in table.items():
            measured = v.values[key]
            values[place] = np.nan if measured is None else measured
    return table


def at_style(curves: Mapping[str, NDArray[np.float64]], style: float) -> dict[str, float]:
    """Every figure where the style loss is ``style``, by linear interpolation.

    Args:
        curves: means over pairs, one value a strength, strengths ascending.
        style: within what ``curves["style"]`` covers, or its nearest end counts.
    """
    falling = np.minimum.accumulate(curves["style"])[::-1]
    return {key: float(np.interp(style, falling, values[::-1])) for key, values in curves.items()}


def compare(
    tables: Sequence[Table], strengths: Sequence[float], draws: int = DRAWS, seed: int = 0
) -> list[dict[str, tuple[float, float, float]]]:
    """Every method at equal style.

    Returns:
        for every table, by figure: its value, and the 95 % interval of its difference to the first
        table's. Also ``strength``, at which the method reaches that style.
    """

    def at_equal_style(photos: NDArray[np.intp], paintings: NDArray[np.intp]) -> list[dict]:
        curves = []
        for table in tables:
            chosen = {k: v[:, photos][:, :, paintings] for k, v in table.items()}
            curve = {k: np.nanmean(v, (1, 2)) for k, v in chosen.items() if not np.isnan(v).all()}
            curves.append(curve | {"strength": np.asarray(strengths, float)})
        common = max(curve["style"].min() for curve in curves)
        return [at_style(curve, common) for curve in curves]

    _, n_photos, n_paintings = tables[0]["style"].shape
    whole = at_equal_style(np.arange(n_photos), np.arange(n_paintings))
    rng = np.random.default_rng(seed)
    drawn = [
        at_equal_style(
            rng.integers(0, n_photos, n_photos), rng.integers(0, n_paintings, n_paintings)
        )
        for _ in range(draws)
    ]
    compared = []
    for index, values in enumerate(whole):
        differences = {
            key: np.array([d[index][key] - d[0][key] for d in drawn if key in d[0]])
            for key in values
        }
        compared.append(
            {
                key: (value, *map(float, np.nanpercentile(differences[key], (2.5, 97.5))))
                for key, value in values.items()
            }
        )
    return compared


def to_markdown(
    names: Sequence[str],
    compared: Sequence[Mapping[str, tuple[float, float, float]]],
    recipe: Recipe,
    figures: Sequence[Metric],
    made_by: str,
) -> str:
    """The table and what may be read off it."""
    style = compared[0]["style"][0]
    shown = [f for f in figures if f.key in compared[0]]
    lines = [
        "# Do depth and face losses keep the face?",
        "",
        f"`{recipe.network}`, {recipe.steps:,} steps of batch {recipe.batch} from the same "
        f"weights, seed {recipe.seed}; each method at the strength at which its style loss is "
        f"{style:.3f}.",
        "",
        "| method | strength | " + " | ".join(f.heading for f in shown) + " |",
        "| --- |" + " ---: |" * (len(shown) + 1),
    ]
    for name, row in zip(names, compared):
        cells = [f"{row['strength'][0]:.2f}"]
        for metric in shown:
            value, low, high = row[metric.key]
            text = f"{value:.{metric.digits}f}"
            cells.append(text + _verdict(metric, low, high) if row is not compared[0] else text)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"✓ better, ✗ worse than {names[0]}: the 95 % interval of the difference, over photos and "
        "paintings drawn again, leaves zero out. No sign: it may be chance. One training a method: "
        "what another seed would give is not in the intervals.",
        "",
        "depth error and parsing mIoU are judged by the networks that the depth and face losses "
        "were trained with; the other figures by none of them.",
        "",
        "Intervals of the differences:",
        "",
        "| method | " + " | ".join(f.title for f in shown) + " |",
        "| --- |" + " ---: |" * len(shown),
    ]
    for name, row in list(zip(names, compared))[1:]:
        ends = [tuple(f"{v:+.{f.digits}f}" for v in row[f.key][1:]) for f in shown]
        lines.append(f"| {name} | " + " | ".join(f"{low} to {high}" for low, high in ends) + " |")
    return "\n".join([*lines, "", "Made by:", "", f"    {made_by}", ""])


def _short(path: Path) -> str:
    """The last two parts: where a machine keeps its files is nobody's business."""
    return "/".join(path.resolve().parts[-2:])


def _verdict(metric: Metric, low: float, high: float) -> str:
    if low > 0 or high < 0:
        worse = (low > 0) == (metric.better == "lower")
        return " ✗" if worse else " ✓"
    return ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure and write."""
    parser = command.parser("ablation", __doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of `facestyle train`")
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--style", type=Path, required=True)
    parser.add_argument("--faces", type=Path, help="JSON of face boxes by photo's stem")
    parser.add_argument("--perceptual", default="", help="weights of a VGG-19")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    args = parser.parse_args(arguments)
    with command.one_line_errors(parser):
        found = {run.name: recipe_of(run) for run in args.runs}
        check_alike(found)
        recipe = next(iter(found.values()))
        files = [str(run / f"{recipe.network}.safetensors") for run in args.runs]
        judged, _ = models_under_test.open_all(files, None)
        photos, _ = pictures.open_folder(args.content)
        paintings, _ = pictures.open_folder(args.style)
        known = boxes.read(args.faces) if args.faces else {}
        task = QualityTask(judged, photos, paintings, STRENGTHS, (256, 256), known)
        results = measure(task, Judges(args.perceptual))
    tables = [tabulate(results, model.name, STRENGTHS) for model in judged]
    compared = compare(tables, STRENGTHS)
    names = [r.name for r in found.values()]
    made_by = " ".join(
        [parser.prog, *(_short(run) for run in args.runs)]
        + ["--content", _short(args.content), "--style", _short(args.style)]
        + (["--faces", _short(args.faces)] if args.faces else [])
        + (["--perceptual", Path(args.perceptual).name] if args.perceptual else [])
    )
    shown = [f for f in PER_PAIR if f.key not in ("warp", "warp_floor")]
    text = to_markdown(names, compared, recipe, shown, made_by)
    document = {
        "methods": dict(zip(names, compared)),
        "recipe": {key: recipe.tables()[key] for key in ("network", "steps", "batch", "seed")},
        "strengths": STRENGTHS,
        "rows": [
            {"subject": r.model, "strength": r.strength, "pairs": r.pairs, **r.values}
            for r in results.model_metrics
        ],
    }
    write_text(args.out / "ablation.json", json.dumps(document, indent=1) + "\n")
    write_text(args.out / "ablation.md", text)
    print(text)


if __name__ == "__main__":
    main()

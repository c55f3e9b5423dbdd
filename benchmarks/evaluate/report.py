"""Tables and pictures of an evaluation: no people in tables, no figures in pictures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL import Image

from benchmarks.evaluate.depth import DepthPicture, DepthRow
from benchmarks.evaluate.held_out import HeldOut, middle
from benchmarks.evaluate.parsing import ParsingPicture, ParsingRow
from facestyle import __version__
from train import git
from train.auxiliary.face_classes import MERGED
from train.auxiliary.parsing_metrics import parsing_sheet
from train.data.transforms import resize_nearest
from train.tasks.sample_grid import shade, tile

DEPTH_FIGURES = {
    "rmse_mm": ("RMSE (mm)", ".1f"),
    "rel": ("REL", ".4f"),
    "log10": ("log10", ".4f"),
    "delta_1.25": ("δ < 1.25", ".4f"),
    "delta_1.25^2": ("δ < 1.25²", ".4f"),
    "delta_1.25^3": ("δ < 1.25³", ".4f"),
}
"""Heading and format of every figure."""


def document(
    rows: Sequence[DepthRow] | Sequence[ParsingRow], data: HeldOut, settings: Mapping[str, float]
) -> dict[str, Any]:
    """All that was measured, and what it was measured with, for JSON."""
    return {
        "evaluated": data.label,
        "settings": dict(settings),
        "photos": {source: len(samples) for source, samples in data.samples.items()},
        "skipped": dict(data.skipped),
        "facestyle": __version__,
        "git": git.revision(),
        "torch": torch.__version__,
        "rows": [dataclasses.asdict(row) for row in rows],
    }


def to_json(made: Mapping[str, Any]) -> str:
    """The document as text; every figure is finite."""
    return json.dumps(made, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def depth_markdown(rows: Sequence[DepthRow], made: Mapping[str, Any]) -> str:
    """Depth networks as in paper 1's Table 1."""
    head = ["network", "source", "photos", *(name for name, _ in DEPTH_FIGURES.values())]
    fitted = [key for key in DEPTH_FIGURES if any(key in row.aligned for row in rows)]
    head += [f"aligned {DEPTH_FIGURES[key][0]}" for key in fitted]
    lines = [
        [
            row.network,
            row.source,
            str(row.images),
            *(_cell(row.figures, key) for key in DEPTH_FIGURES),
            *(_cell(row.aligned, key) for key in fitted),
            f"{row.parameters / 1e6:.3f} M",
            f"{row.gmac:.3f}",
        ]
        for row in rows
    ]
    side = made["settings"]["size"]
    head += ["parameters", f"GMAC at {side} x {side}"]
    note = "Over all known pixels, each counting alike."
    if fitted:
        note += " Aligned: scale and shift fitted to each photo, to judge relief alone."
    return "\n".join(["# Depth networks", "", *_table(head, lines), "", note, *_conditions(made)])


def parsing_markdown(rows: Sequence[ParsingRow], made: Mapping[str, Any]) -> str:
    """Face parsers, then the IoU of every class over all sources."""
    head = ["network", "source", "photos", "mIoU", "pixel accuracy", "mean accuracy"]
    lines = [
        [
            row.network,
            row.source,
            str(row.images),
            f"{row.scores.mean_iou:.4f}",
            f"{row.scores.pixel_accuracy:.4f}",
            f"{row.scores.mean_accuracy:.4f}",
        ]
        for row in rows
    ]
    total = [row for row in rows if row.source == rows[-1].source]
    classes = [
        [part, *(f"{r.scores.iou[part]:.4f}" if part in r.scores.iou else "–" for r in total)]
        for part in MERGED
    ]
    return "\n".join(
        [
            *("# Face parsers", ""),
            *_table(head, lines),
            *("", f"## IoU of every class ({total[0].source})", ""),
            *_table(["class", *(row.network for row in total)], classes),
            *("", "Left and right count as one class. –: not in the labels."),
            *_conditions(made),
        ]
    )


def depth_sheet(pictures: Sequence[DepthPicture]) -> Image.Image:
    """Photo, depth as measured, and each network's, in one grey scale; near is bright."""
    return tile(
        [
            [
                middle(picture.photo),
                *(
                    middle(shade(depth, like=picture.measured))
                    for depth in (picture.measured, *picture.found.values())
                ),
            ]
            for picture in pictures
        ]
    )


def sheet(pictures: Sequence[ParsingPicture], network: str) -> Image.Image:
    """Photo, parts as labelled, parts as the network found them."""
    photos = [middle(picture.photo) for picture in pictures]

    def squares(maps: Sequence[torch.Tensor]) -> torch.Tensor:
        pairs = zip(photos, maps)
        return torch.stack(
            [
                torch.from_numpy(resize_nearest(middle(ids).numpy(), *photo.shape[-2:]))
                for photo, ids in pairs
            ]
        )

    return parsing_sheet(
        torch.stack(photos),
        squares([picture.labelled for picture in pictures]),
        squares([picture.found[network] for picture in pictures]),
    )


def _cell(figures: Mapping[str, float], key: str) -> str:
    return format(figures[key], DEPTH_FIGURES[key][1]) if key in figures else "–"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table, columns aligned for those who read it as text; numbers to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    words = [all(not row[i][:1].isdigit() for row in rows) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            f"{cell:{'<' if word else '>'}{width}}"
            for cell, width, word in zip(cells, widths, words)
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * (w + 2) if word else "-" * (w + 1) + ":" for w, word in zip(widths, words)]
    return [line(head), f"|{'|'.join(rule)}|", *(line(row) for row in rows)]


def _conditions(made: Mapping[str, Any]) -> list[str]:
    photos = ", ".join(f"{source} ({count})" for source, count in made["photos"].items())
    settings = made["settings"]
    lines = [
        "",
        f"Held out: {100 * settings['holdout']:g} % of {photos}, in runs from all over each, "
        f"resized to a short side of {settings['short_side']} pixels.",
        "",
        f"facestyle {made['facestyle']}, git {made['git']}, torch {made['torch']}.",
        "",
    ]
    if made["skipped"]:
        lines += [f"Skipped {len(made['skipped'])}:", ""]
        lines += [f"- {name}: {reason}" for name, reason in made["skipped"].items()]
        lines.append("")
    return lines

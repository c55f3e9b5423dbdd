"""How well faces are parsed: confusion matrix, IoU, accuracy, and a sheet to look at.

Left and right are merged throughout; 255 in the truth is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from facestyle import images as pictures
from facestyle.errors import UserError
from train.auxiliary.face_classes import IGNORE, MERGED, colorize, merge_labels, palette


def confusion(truth: Tensor, prediction: Tensor) -> Tensor:
    """Pixels by true and predicted part; matrices of several batches are added up.

    Args:
        truth: ids of CelebAMask-HQ, integers of any shape; 255 is ignored.
        prediction: ids in 0..18, of the same shape.

    Returns:
        (16, 16) int64, rows true, columns predicted, in merged classes.

    Raises:
        ValueError: for different shapes, or predictions that are no class.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth {tuple(truth.shape)}, prediction {tuple(prediction.shape)}")
    rows, columns = merge_labels(truth), merge_labels(prediction)
    if (columns == IGNORE).any():
        raise ValueError("predictions must be ids in 0..18")
    size = len(MERGED)
    known = rows != IGNORE
    cells = torch.bincount(rows[known] * size + columns[known], minlength=size * size)
    return cells.view(size, size)


@dataclass(frozen=True)
class ParsingScores:
    """Scores in [0, 1]; classes that the truth never shows have none.

    Attributes:
        iou: by merged class, in the order of ``MERGED``: true positives over all pixels that
            are either truly of the class or taken for it.
        mean_iou: the mean of ``iou``.
        pixel_accuracy: share of the labelled pixels that are right.
        mean_accuracy: the share of every class's pixels that is right, averaged over classes.
    """

    iou: Mapping[str, float]
    mean_iou: float
    pixel_accuracy: float
    mean_accuracy: float


def scores(matrix: Tensor) -> ParsingScores:
    """Scores of a confusion matrix.

    Args:
        matrix: as ``confusion`` returns it, or a sum of such.

    Raises:
        UserError: when it counts no pixel.
    """
    counts = matrix.double()
    right, true, predicted = counts.diagonal(), counts.sum(1), counts.sum(0)
    shown = true > 0
    if not shown.any():
        raise UserError("no labelled pixel to score; give data with face parsing labels")
    iou = (right / (true + predicted - right))[shown]
    names = [name for name, there in zip(MERGED, shown.tolist()) if there]
    return ParsingScores(
        iou=dict(zip(names, iou.tolist())),
        mean_iou=iou.mean().item(),
        pixel_accuracy=(right.sum() / counts.sum()).item(),
        mean_accuracy=(right[shown] / true[shown]).mean().item(),
    )


GAP = 4
LINE = 18
"""Height of a line of text, in pixels."""
OPACITY = 0.65
"""Of the colours over the photo."""
LEGEND_WIDTH = 100
"""Of one class's name with its colour."""


def parsing_sheet(images: Tensor, truths: Tensor, predictions: Tensor) -> Image.Image:
    """Photo, truth and prediction side by side, a row for each photo, and the colours' names.

    Args:
        images: (N, 3, H, W), RGB in [0, 1].
        truths: (N, H, W), ids of CelebAMask-HQ; grey where 255.
        predictions: (N, H, W), ids.

    Returns:
        An RGB picture.
    """
    images = images.detach().float().cpu()
    overlays = [
        torch.lerp(images, colorize(labels.cpu()).float() / 255, OPACITY)
        for labels in (truths, predictions)
    ]
    count, _, height, width = images.shape
    columns = 3 * width + 4 * GAP
    legend_columns = max(1, (columns - GAP) // LEGEND_WIDTH)
    legend_rows = -(-len(MERGED) // legend_columns)
    top = LINE + GAP
    bottom = top + count * (height + GAP)
    canvas = (max(columns, LEGEND_WIDTH + GAP), bottom + legend_rows * LINE + GAP)
    sheet = Image.new("RGB", canvas, "white")
    for column, (title, batch) in enumerate(
        zip(("photo", "truth", "prediction"), (images, *overlays))
    ):
        left = GAP + column * (width + GAP)
        _write(sheet, left, GAP, title)
        for row in range(count):
            sheet.paste(pictures.to_image(batch[row : row + 1]), (left, top + row * (height + GAP)))
    colours = palette().tolist()
    for index, name in enumerate(MERGED):
        row, column = divmod(index, legend_columns)
        left, line = GAP + column * LEGEND_WIDTH, bottom + row * LINE
        swatch = (left, line + 2, left + 12, line + 14)
        ImageDraw.Draw(sheet).rectangle(swatch, tuple(colours[index]), "black")
        _write(sheet, left + 16, line, name)
    return sheet


def _write(sheet: Image.Image, left: int, top: int, text: str) -> None:
    ImageDraw.Draw(sheet).text((left, top), text, "black", ImageFont.load_default(12))

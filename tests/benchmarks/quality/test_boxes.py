"""Boxes of faces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks.quality import boxes
from benchmarks.quality.boxes import Box
from facestyle.errors import UserError
from train.auxiliary.face_classes import CLASSES


@pytest.mark.parametrize(
    ("source", "target", "wanted"),
    [
        ((256, 256), (256, 256), Box(10, 20, 110, 140)),
        ((512, 512), (256, 256), Box(5, 10, 55, 70)),
        ((256, 512), (256, 256), Box(-118, 20, -18, 140)),
        ((128, 128), (256, 256), Box(20, 40, 220, 280)),
    ],
)
def test_boxes_move_as_pictures_do(
    source: tuple[int, int], target: tuple[int, int], wanted: Box
) -> None:
    assert boxes.covered(Box(10, 20, 110, 140), source, target) == wanted


def test_boxes_by_parts() -> None:
    ids = torch.zeros(100, 100, dtype=torch.int64)
    assert boxes.of_parts(ids) is None
    ids[30:70, 20:60] = CLASSES.index("skin")
    assert boxes.of_parts(ids) is None, "skin alone may be a wall"
    ids[50:54, 38:42] = CLASSES.index("nose")
    ids[40:42, 30:34] = CLASSES.index("l_brow")
    ids[:20] = CLASSES.index("hair")
    ids[99, 99] = CLASSES.index("skin")
    box = boxes.of_parts(ids)
    assert box is not None
    for end, wanted in zip((box.left, box.top, box.right, box.bottom), (20, 30, 60, 70)):
        assert abs(end - wanted) <= 1


def test_boxes_are_clipped_or_dropped() -> None:
    assert Box(-20, 10, 60, 300).clipped(256, 256) == Box(0, 10, 60, 256)
    assert Box(250, 10, 300, 60).clipped(256, 256) is None


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        '{"a": [1, 2, 3]}',
        '{"a": [9, 9, 3, 3]}',
        '{"a": "face"}',
        "{",
        '{"a": [1, 2, 3, NaN]}',
    ],
)
def test_files_that_hold_no_boxes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "faces.json"
    path.write_text(text)
    with pytest.raises(UserError, match="not face boxes"):
        boxes.read(path)


def test_boxes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faces.json"
    path.write_text(json.dumps({"face00": [75, 27, 184, 137.4]}))
    assert boxes.read(path) == {"face00": Box(75, 27, 184, 137)}
    with pytest.raises(UserError, match="cannot be read"):
        boxes.read(tmp_path / "none.json")

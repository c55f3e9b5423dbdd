"""What a report's rows say, whether judged already or as a device sent them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from benchmarks.latency.timing import figures

Row = Mapping[str, Any]

STAGES = {
    "preprocess": "pre-processing",
    "inference": "inference",
    "postprocess": "post-processing",
}

WHOLE = "end_to_end"

OPERATORS_SUM = "operators_sum_ms"
"""Stands among a row's conditions."""


def statistic(row: Row, stage: str, key: str) -> float | None:
    """A figure of a stage, from its samples where a device left the percentiles out."""
    timing = row["stages"].get(stage)
    if timing is None:
        return None
    samples = timing.get("samples_ms")
    found = (figures(samples) if samples else {}) | timing
    return found.get(key)


def slow(row: Row, stage: str = WHOLE) -> float | None:
    """What nine frames of ten keep; p95 where p90 was not measured."""
    found = statistic(row, stage, "p90_ms")
    return statistic(row, stage, "p95_ms") if found is None else found


def file_name(row: Row) -> str | None:
    """Of the model file; no row of PyTorch has one."""
    file = row.get("file")
    return file["name"] if file else None


def size(row: Row) -> str | None:
    """Height and width; one figure if they are equal."""
    height, width = row.get("height"), row.get("width")
    if not height or not width:
        return None
    return f"{height}" if height == width else f"{height}×{width}"


def pixels(row: Row) -> int | None:
    """Of a picture."""
    height, width = row.get("height"), row.get("width")
    return height * width if height and width else None


def threads(row: Row) -> int | None:
    """Of the runtime."""
    found = row["runtime"].get("threads")
    return found if found is None else int(found)


def operators_sum(row: Row) -> float | None:
    """In ms, over all operators, each timed alone; None where they were timed in the whole."""
    return conditions(row).get(OPERATORS_SUM)


def conditions(row: Row) -> dict[str, Any]:
    """Those that are known."""
    found = row.get("conditions") or {}
    return {key: value for key, value in found.items() if value is not None}


def runtime(row: Row) -> str:
    """Its name, version and delegate."""
    made = row["runtime"]
    version, delegate = made.get("version"), made.get("delegate")
    named = f"{made['name']} {version}" if version else str(made["name"])
    return f"{named}, {delegate}" if delegate else named


def problems(row: Row) -> list[str]:
    """Why it is not valid."""
    return list(row.get("problems", []))


def validity(row: Row) -> str:
    """``valid``, ``not valid``, or ``not judged`` as a device sent it."""
    if "problems" not in row:
        return "not judged"
    return "not valid" if row["problems"] else "valid"


def kind(row: Row) -> tuple[str, ...] | None:
    """What stays the same over a model's sizes and threads; None if that is not known."""
    if not row.get("network"):
        return None
    parts = (row.get(key) for key in ("network", "graph", "format", "precision"))
    made = row["runtime"]
    return tuple(str(part or "") for part in (*parts, made["name"], made.get("delegate")))


def kind_name(key: tuple[str, ...], *, short: bool = False) -> str:
    """A kind in words.

    Args:
        short: without the graph, where all are of one.
    """
    network, graph, file_format, precision, name, delegate = key
    words = [network, "" if short else graph, precision or file_format]
    shown = " ".join(word for word in words if word)
    return shown if file_format in ("tflite", "") else f"{shown} ({delegate or name})"


def judged_as(row: Row, quality: Mapping[str, Any]) -> bool:
    """Whether a quality row is of the model that a latency row timed."""
    file = row.get("file") or {}
    if quality.get("sha256") and file.get("sha256"):
        return bool(quality["sha256"] == file["sha256"])
    if quality.get("file") and file.get("name"):
        return PurePath(quality["file"]).name == PurePath(file["name"]).name
    return bool(quality["name"] == row["name"])

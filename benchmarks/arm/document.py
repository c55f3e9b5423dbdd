"""The report as JSON, and what other reports take from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.arm import verdicts
from benchmarks.report.document import Document
from export.verify.verdicts import Verdict
from facestyle.errors import UserError
from facestyle.files import write_text

FORMAT = "facestyle-arm/1"

NAME = "report.json"

COST_OF = "cortex-a76"
"""The processor whose count is a file's cost in other reports: a large core of usual phones."""

ASSURANCE = (
    f"{verdicts.ASSURANCE.value.capitalize()}: the saved files are executed by LiteRT for Arm; the "
    "processor is emulated by QEMU, instruction by instruction, so nothing here is a time."
)


def document(
    rows: Sequence[Mapping[str, Any]],
    *,
    created: str,
    command: str,
    weights: str,
    tools: Mapping[str, str],
    userland: Mapping[str, str],
) -> Document:
    """A report.

    Args:
        rows: in the order in which they are shown.
        created: UTC, ISO 8601.
        command: what made it.
        weights: fingerprint of the build's.
        tools: versions on this computer.
        userland: versions on the Arm side, QEMU among them.
    """
    return {
        "format": FORMAT,
        "created": created,
        "command": command,
        "weights": weights,
        "assurance": ASSURANCE,
        "rules": {
            "greatest difference to this computer": verdicts.SAME,
            "dynamic, PSNR to this computer, dB": verdicts.DYNAMIC_DB,
            "half precision, PSNR to PyTorch, dB": verdicts.HALF_DB,
        },
        "tools": dict(tools),
        "userland": dict(userland),
        "rows": [dict(row) for row in rows],
    }


def verdict_entry(verdict: Verdict) -> dict[str, Any]:
    """As a build's manifest has it."""
    return {
        "check": verdict.check,
        "figure": verdict.figure,
        "limit": verdict.limit,
        "passed": verdict.passed,
        "assurance": verdict.assurance.value,
    }


def write(folder: Path, made: Document) -> None:
    """Write ``report.json``, whole or not at all."""
    text = json.dumps(made, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(folder / NAME, text + "\n")


def costs(path: Path) -> dict[str, int]:
    """Instructions of a frame by a file's sha256, from a report or from the folder that holds it.

    Raises:
        UserError: when it is no such report.
    """
    file = path / NAME if path.is_dir() else path
    try:
        made = json.loads(file.read_text(encoding="utf-8"))
        if made["format"] != FORMAT:
            raise ValueError(made["format"])
        return {
            row["file"]["sha256"]: int(row["instructions"]["total"])
            for row in made["rows"]
            if row["processor"] == COST_OF
            and not row["half_precision"]
            and row["instructions"] is not None
        }
    except FileNotFoundError as error:
        raise UserError(
            f"{file}: no such report; make one with facestyle bench arm BUILD"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: not a report of facestyle bench arm") from error


def fill(rows: Sequence[dict[str, Any]], found: Mapping[str, int]) -> int:
    """Add instructions to the costs of a latency report's rows.

    Args:
        rows: of the report; changed.
        found: from ``costs``.

    Returns:
        how many rows have them now.
    """
    filled = 0
    for row in rows:
        count = found.get(str((row.get("file") or {}).get("sha256")))
        if count is not None:
            row["cost"] = {**row.get("cost", {}), "arm_instructions": count}
            filled += 1
    return filled

"""The report as JSON: written, read and checked against the published schema."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from facestyle.errors import UserError
from facestyle.files import write_text

FORMAT = "facestyle-benchmark/1"

NAME = "report.json"

Document = dict[str, Any]
"""As the schema has it."""


@cache
def schema() -> dict[str, Any]:
    """The published JSON schema of reports."""
    text = resources.files("benchmarks.report").joinpath("schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def document(
    device: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    command: str,
    tools: Mapping[str, str],
    rules: Mapping[str, float] | None = None,
    quality: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> Document:
    """A report of now.

    Raises:
        ValueError: when it is not what the schema says, which is a bug.
    """
    made: Document = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "tools": dict(tools),
        "device": dict(device),
        "rows": [dict(row) for row in rows],
        "quality": None if quality is None else dict(quality),
        "notes": list(notes),
    }
    if rules is not None:
        made["rules"] = dict(rules)
    problem = fault(made)
    if problem:
        raise ValueError(problem)
    return made


def fault(made: object) -> str | None:
    """Where and why something is no report, in a line; None if it is one."""
    validator = jsonschema.Draft202012Validator(schema())
    error = jsonschema.exceptions.best_match(validator.iter_errors(made))
    if error is None:
        return _not_finite(made)
    where = "/".join(str(part) for part in error.absolute_path)
    return f"{where or 'document'}: {error.message[:200]}"


def _not_finite(value: object, where: str = "") -> str | None:
    """Where NaN or infinity is: Python's JSON reads both, the schema lets them pass."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{where}: {value} is not finite"
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    found = (_not_finite(part, f"{where}/{key}".lstrip("/")) for key, part in parts)
    return next((problem for problem in found if problem), None)


def parse(text: str, source: str) -> Document:
    """A report from its text.

    Args:
        source: where it is from, for the error.

    Raises:
        UserError: when it is none.
    """
    try:
        made = json.loads(text)
    except ValueError as error:
        raise UserError(f"{source}: not JSON ({error})") from error
    problem = fault(made)
    if problem:
        raise UserError(f"{source}: not a benchmark report; {problem}")
    names = [row["name"] for row in made["rows"]]
    if len(set(names)) < len(names):
        raise UserError(f"{source}: not a benchmark report; two rows have one name")
    return dict(made)


def read(path: Path) -> Document:
    """A report from its file, or from the folder that holds it.

    Raises:
        UserError: when it is missing or none.
    """
    file = path / NAME if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise UserError(f"{file}: cannot be read as a benchmark report: {reason}") from error
    return parse(text, str(file))


def to_json(made: Document) -> str:
    """As text; every figure is finite."""
    return json.dumps(made, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def write(path: Path, made: Document) -> None:
    """Write a report, whole or not at all."""
    write_text(path, to_json(made))

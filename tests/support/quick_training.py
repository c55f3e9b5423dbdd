"""What makes a training run small, quick and exactly repeatable."""

from __future__ import annotations

SMALL = {
    "batch": 2,
    "data.size": 32,
    "data.short_side": 40,
    "data.shift": 0,
    "engine.precision": "fp32",
    "engine.compile": "off",
    "engine.log_every": 1,
}


def sets(**changes: object) -> list[str]:
    """``--set`` for small, quick, exactly repeatable runs; ``__`` stands for a dot."""
    merged = SMALL | {key.replace("__", "."): value for key, value in changes.items()}
    return [word for key, value in merged.items() for word in ("--set", f"{key}={value}")]

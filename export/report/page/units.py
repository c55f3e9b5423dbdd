"""Figures for people: two or three digits that count, and a unit."""

from __future__ import annotations

from datetime import UTC, datetime

NONE = "–"
"""What was not measured."""

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def digits(value: float) -> str:
    """Three digits of a number; all of them above 1000."""
    size = abs(value)
    if size >= 99.95:
        return f"{value:,.0f}"
    if size >= 9.995:
        return f"{value:.1f}"
    if size >= 0.9995:
        return f"{value:.2f}"
    if size >= 0.0995:
        return f"{value:.3f}"
    return f"{value:.3g}" if size else "0"


def tick(value: float) -> str:
    """A round figure on an axis."""
    return f"{value:,.10g}"


def ms(value: float | None) -> str:
    """Milliseconds, without the unit."""
    return NONE if value is None else digits(value)


def scaled(value: float | None, unit: str = "") -> str:
    """A count with a decimal prefix: 1.23 GMAC, 4.50 MB."""
    if value is None:
        return NONE
    for size, prefix in PREFIXES:
        if abs(value) >= size:
            return f"{digits(value / size)} {prefix}{unit}"
    return f"{value:,.0f} {unit}".rstrip()


def count(number: int, noun: str) -> str:
    """How many of something: 1 thread, 2 threads."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent(share: float | None) -> str:
    """A share."""
    if share is None:
        return NONE
    return f"{100 * share:.{0 if share >= 0.0995 else 1}f} %"


def change(ratio: float | None) -> str:
    """A ratio of new to old, as how much more or less."""
    if ratio is None:
        return NONE
    rounded = round(100 * (ratio - 1), 1)
    return f"{rounded:+.1f} %" if rounded else "0 %"


def moment(text: str) -> str:
    """A time to the minute; as it is if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if found.tzinfo else text


def plain(value: object) -> str:
    """A condition or a setting."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(plain(part) for part in value) or NONE
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(part)}" for key, part in value.items()) or NONE
    return str(value)

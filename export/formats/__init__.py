"""The file formats that ``facestyle export`` writes."""

from __future__ import annotations

from export.formats.base import GRAPHS, Format, Precision
from export.formats.coreml_network import MLMODEL
from export.formats.coreml_program import MLPACKAGE
from export.formats.tflite import TFLITE

__all__ = ["FORMATS", "GRAPHS", "Format", "Precision", "named", "precisions", "register"]

FORMATS: dict[str, Format] = {}
"""By name, in the order of builds and reports."""


def register(format_: Format) -> None:
    """Add a format, or put another in the place of the one of its name."""
    FORMATS[format_.name] = format_


for _format in (MLPACKAGE, MLMODEL, TFLITE):
    register(_format)


def named(name: str) -> Format:
    """The format of a name.

    Raises:
        KeyError: when there is none.

    >>> named("mlmodel").suffix
    '.mlmodel'
    """
    return FORMATS[name]


def precisions() -> tuple[str, ...]:
    """Names of all formats' precisions, those held to the highest PSNR first.

    >>> precisions()
    ('fp32', 'fp16', 'compressed', 'dynamic', 'int8')
    """
    finest: dict[str, float] = {}
    for format_ in FORMATS.values():
        for precision in format_.precisions:
            finest[precision.name] = max(precision.psnr_db, finest.get(precision.name, 0.0))
    return tuple(sorted(finest, key=lambda name: -finest[name]))

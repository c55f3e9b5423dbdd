"""The limits themselves: what each precision of each format is held to, and where."""

from __future__ import annotations

import pytest

from export.formats import FORMATS, named
from export.formats.base import HALF_DB
from export.verify.parity import EIGHT_BIT_DB, Limits, limits
from facestyle import contract

IMAGE = contract.stylized(8, 8)

LIMITS = {
    ("mlpackage", "fp16"): (45.0, 0.05),
    ("mlpackage", "compressed"): (30.0, 0.25),
    ("mlmodel", "fp32"): (80.0, 0.001),
    ("mlmodel", "compressed"): (30.0, 0.25),
    ("tflite", "fp32"): (80.0, 0.001),
    ("tflite", "fp16"): (45.0, 0.05),
    ("tflite", "dynamic"): (30.0, 0.25),
    ("tflite", "int8"): (24.0, 0.6),
}
"""Least PSNR to PyTorch in dB, and greatest error of any value as a share of the range."""


def test_every_precision_has_its_limits() -> None:
    found = {
        (format_.name, precision.name): (precision.psnr_db, precision.max_error)
        for format_ in FORMATS.values()
        for precision in format_.precisions
    }
    assert found == LIMITS
    assert HALF_DB == 45.0
    assert EIGHT_BIT_DB == 50.0


@pytest.mark.parametrize(("format_", "precision"), LIMITS)
def test_a_file_is_held_to_its_precisions_limits(format_: str, precision: str) -> None:
    chosen = named(format_).precision(precision)
    for output in (IMAGE, contract.style_code(8)):
        assert limits(chosen, output, eight_bit=False) == Limits(*LIMITS[format_, precision])


@pytest.mark.parametrize(
    ("precision", "psnr_db", "error"),
    [("fp32", 50.0, 0.001 + 1 / 255), ("compressed", 30.0, 0.25 + 1 / 255)],
)
def test_eight_bits_cost_a_step(precision: str, psnr_db: float, error: float) -> None:
    chosen = named("mlmodel").precision(precision)
    assert limits(chosen, IMAGE, eight_bit=True) == Limits(psnr_db, pytest.approx(error))
    code = contract.style_code(8)
    assert limits(chosen, code, eight_bit=True) == limits(chosen, code, eight_bit=False)

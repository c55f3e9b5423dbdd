from __future__ import annotations

import pytest

from export.report.page import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (0.1, "0.100"),
        (5.214, "5.21"),
        (9.999, "10.0"),
        (99.97, "100"),
        (12345.6, "12,346"),
    ],
)
def test_digits(value: float, text: str) -> None:
    assert units.digits(value) == text


def test_units() -> None:
    assert units.scaled(31_000_000, "B") == "31.0 MB"
    assert units.scaled(412_000_000) == "412 M"
    assert units.scaled(12, "B") == "12 B"
    assert [units.count(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert units.percent(0.0571) == "5.7 %"
    assert units.change(1.1) == "+10.0 %"
    assert units.change(1.0001) == "0 %"
    assert units.ms(None) == units.scaled(None) == units.percent(None) == units.NONE
    assert units.moment("2026-01-02T03:04:05+01:00") == "2026-01-02 02:04 UTC"
    assert units.moment("yesterday") == "yesterday"

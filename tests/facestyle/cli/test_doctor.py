"""``facestyle doctor``."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import Outcome

Run = Callable[..., Outcome]


def test_doctor(facestyle: Run) -> None:
    result = facestyle("doctor")
    assert result.code == 0
    assert "stylize" in result.out
    assert "flatbuffers" in result.out

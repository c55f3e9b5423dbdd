"""The command line as a whole: help, and names that do not exist."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]


@pytest.mark.parametrize("command", [[], ["styles"]])
def test_without_arguments_help_is_shown(facestyle: Run, command: list[str]) -> None:
    """As the click at hand does it: up to 8.1 with success, later as an error."""
    result = facestyle(*command)
    text = result.err if result.code == 2 else result.out
    assert text.startswith("Usage: ")
    assert len(text.splitlines()) > 5
    assert "error:" not in text


@pytest.mark.parametrize(
    "command", [[], ["stylize"], ["styles"], ["export"], ["verify"], ["doctor"]]
)
def test_help_has_examples(facestyle: Run, command: list[str]) -> None:
    result = facestyle(*command, "--help")
    assert result.code == 0
    assert "Example" in result.out


def test_misspelt_command(facestyle: Run) -> None:
    assert_refused(facestyle("exprot"), "did you mean 'export'")

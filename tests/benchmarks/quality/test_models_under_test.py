"""Models that are judged together."""

from __future__ import annotations

import pytest

from benchmarks.quality.models_under_test import common_size
from facestyle.errors import UserError
from tests.benchmarks.quality.conftest import model


def test_sizes_must_agree() -> None:
    assert common_size([model()], None) == (256, 256)
    assert common_size([model()], 128) == (128, 128)
    assert common_size([model(), model("file", (96, 128))], None) == (96, 128)
    with pytest.raises(UserError, match="file takes 96 x 128"):
        common_size([model("file", (96, 128))], 96)
    with pytest.raises(UserError, match="different sizes"):
        common_size([model("one", (96, 128)), model("two", (256, 256))], None)
    with pytest.raises(UserError, match="too few"):
        common_size([model("tiny", (32, 32))], None)

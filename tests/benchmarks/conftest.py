from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import made_models


@pytest.fixture(scope="module")
def picture_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``.tflite`` file that takes and gives a picture."""
    return made_models.picture_model(tmp_path_factory.mktemp("models") / "picture.tflite")

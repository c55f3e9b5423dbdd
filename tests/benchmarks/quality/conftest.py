from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.quality.judges import Judges, Photo
from benchmarks.quality.models_under_test import ModelUnderTest
from facestyle import gallery, images
from tests.conftest import TrainingData

SIDE = 192


@pytest.fixture(scope="session")
def judges(training_data: TrainingData) -> Judges:
    return Judges(str(training_data.distilled))


@pytest.fixture(scope="session")
def portrait() -> torch.Tensor:
    """A face that was painted long ago, in 8 bits, (1, 3, 192, 192)."""
    path = next(p.path for p in gallery.portraits() if p.name == "mona_lisa")
    return images.eight_bit(images.cover(images.load(path), SIDE, SIDE))


@pytest.fixture(scope="session")
def photo(judges: Judges, portrait: torch.Tensor) -> Photo:
    return judges.photo("mona_lisa", portrait, None)


def model(
    name: str = "mobile", size: tuple[int, int] | None = None, **training: str
) -> ModelUnderTest:
    path = Path("mobile.safetensors")
    unused = lambda *_: torch.zeros(1)  # noqa: E731
    return ModelUnderTest(
        name, path, "0" * 64, size, unused, unused, training, "000000000000", False
    )

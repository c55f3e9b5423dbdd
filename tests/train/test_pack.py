"""Images packed small for training elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from facestyle.errors import UserError
from tests.conftest import TrainingData
from train import pack
from train.data.pool import middle_square
from train.data.sets import open_source


def test_packed_images_are_what_the_task_looks_at(
    training_data: TrainingData, tmp_path: Path
) -> None:
    packed = tmp_path / "style.tar"
    arguments = [str(training_data.style), "--out", str(packed), "--side", "48", "--megabytes", "1"]
    done = CliRunner().invoke(pack.main, arguments)
    assert done.exit_code == 0, done.output
    assert packed.stat().st_size <= 1e6
    before, after = (open_source(str(source)) for source in (training_data.style, packed))
    assert len(before) == len(after)
    with after[0].image() as image:
        assert image.size == (48, 48)
    wanted, found = (
        middle_square(samples[0].image(), 48).astype(float) for samples in (before, after)
    )
    assert np.abs(wanted - found).mean() < 8
    few = CliRunner().invoke(pack.main, [*arguments, "--limit", "5"])
    assert few.exit_code == 0 and len(open_source(str(packed))) == 5
    with pytest.raises(UserError, match="3 images do not fit"):
        pack.best_quality(before[:3], 1000, 48)

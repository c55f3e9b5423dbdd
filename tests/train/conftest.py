from __future__ import annotations

from pathlib import Path

import pytest

from train.auxiliary import files as auxiliary_files
from train.auxiliary.depth_networks import create_depth


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A depth network's file, as training leaves it."""
    path = tmp_path / "depth_v1_small.safetensors"
    state = create_depth("depth_v1_small").state_dict()
    auxiliary_files.save(state, "depth_v1_small", path, {"recipe": "depth_v1_small"})
    return path

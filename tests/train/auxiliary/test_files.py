"""Auxiliary networks in and out of files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from facestyle import checkpoint
from facestyle.errors import UserError
from train.auxiliary import files as auxiliary_files
from train.auxiliary.registry import DEPTH, FACE, load


def test_what_is_saved_is_loaded(trained: Path) -> None:
    loaded = load(DEPTH, str(trained)).network.state_dict()
    state, metadata = checkpoint.read_tensors(trained)
    assert loaded.keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in loaded.items())
    assert metadata["network"] == metadata["recipe"] == "depth_v1_small"


def test_other_files_are_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no parsing network"):
        load(FACE, str(trained))
    state, _ = checkpoint.read_tensors(trained)
    state.popitem()
    lacking = tmp_path / "lacking.safetensors"
    auxiliary_files.save(state, "depth_v1_small", lacking, {})
    with pytest.raises(UserError, match="is missing"):
        load(DEPTH, str(lacking))
    foreign = tmp_path / "foreign.safetensors"
    checkpoint.write_tensors(state, foreign, {})
    with pytest.raises(UserError, match="not an auxiliary network"):
        load(DEPTH, str(foreign))

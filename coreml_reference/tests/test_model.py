"""What callers see: loading, pictures and arrays, errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from coreml_reference import DamagedFile, Model, WrongInput, load
from coreml_reference.tests.programs import Maker, saved


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a program that adds ``x`` and ``y``, (2, 3) float32."""
    maker = Maker(half=False)
    path = tmp_path_factory.mktemp("model") / "sum.mlpackage"
    return saved(maker, [(2, 3)] * 2, lambda x, y: maker.mb.add(x=x, y=y, name="sum"), path, 16)


@pytest.fixture
def model(path: Path) -> Model:
    return load(str(path))


def test_arrays_and_tensors_go_in_and_arrays_come_out(model: Model) -> None:
    x, y = np.arange(6, dtype=np.float32).reshape(2, 3), torch.full((2, 3), 10.0)
    found = model.predict({"x": x, "y": y})["sum"]
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    assert found.tolist() == [[10, 11, 12], [13, 14, 15]]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": np.zeros((2, 3))}, "input y is missing"),
        ({"x": np.zeros((2, 3)), "y": np.zeros((3, 2))}, "y takes shape 2 x 3, not 3 x 2"),
        ({"z": np.zeros((2, 3))}, "no input z; there are x, y"),
        ({"z": Image.new("RGB", (2, 3))}, "no input z; there are x, y"),
        ({"x": Image.new("RGB", (2, 3))}, "x is an array, not an image"),
    ],
)
def test_wrong_inputs_are_told(given: dict[str, object], words: str, model: Model) -> None:
    with pytest.raises(WrongInput, match=words):
        model.predict(given)  # type: ignore[arg-type]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"nowhere\.mlmodel is missing"):
        load(tmp_path / "nowhere.mlmodel")

"""Core ML files read back as data: what compression may have changed, and damage."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coreml_reference.tests.compressed_models import COMPRESSED, converted_dense
from export.inspect import coreml_file
from export.suppress_output import suppress_output
from facestyle.errors import UserError


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Any, Path]]:
    """Converted for iOS 16 and 18, and where they were saved."""
    return converted_dense(tmp_path_factory.mktemp("dense"))


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_weights_are_near_the_originals(
    name: str, dense: dict[int, tuple[Any, Path]], tmp_path: Path
) -> None:
    """Within the tolerance that they are read with, whatever compressed them."""
    ios, compress, _ = COMPRESSED[name]
    model, original = dense[ios]
    path = tmp_path / "small.mlpackage"
    with suppress_output("coremltools"):
        import coremltools.optimize.coreml as cto

        compress(cto, model).save(str(path))
    assert coreml_file.read(path).unused == 0
    wanted = [c for c in coreml_file.read(original).constants if c.values.size > 512]
    found = [c for c in coreml_file.read(path).constants if c.values.size > 512]
    assert len(wanted) == len(found) == 3
    for before, after in zip(wanted, found, strict=True):
        distance = np.abs(before.values - after.values)
        assert (distance <= before.tolerance + after.tolerance).all(), after.name


def test_a_damaged_weight_file_is_a_users_error(dense: dict[int, tuple[Any, Path]]) -> None:
    _, path = dense[16]
    place = path / "Data/com.apple.CoreML/weights/weight.bin"
    content = place.read_bytes()
    place.write_bytes(content[:4] + struct.pack("<I", 1) + content[8:])
    try:
        with pytest.raises(UserError, match=r"16\.mlpackage is not a whole .* version 1"):
            coreml_file.read(path)
    finally:
        place.write_bytes(content)

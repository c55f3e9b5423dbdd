"""Costs that are counted from a file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from benchmarks.host import file_cost
from export.inspect import tflite_file
from facestyle.errors import UserError
from tests.support import made_models
from tests.support.made_tflite import Made, halves, matmul, small


class TestCost:
    def test_of_a_small_file(self, picture_file: Path) -> None:
        found = file_cost.cost(tflite_file.read(picture_file))
        pixels = 24 * 32
        assert found["macs"] == pixels * 27 * 4 + pixels // 4 * 9 * 4 + pixels * 4 * 3
        # Converters give every convolution a bias; equal ones, of four zeros here, are stored once.
        assert found["parameters"] == 27 * 4 + 9 * 4 + 4 * 3 + 4 + 3
        assert cast(int, found["bytes_moved"]) > 4 * pixels * (3 + 4 + 4 + 3)
        assert found["arm_instructions"] is None

    def test_of_a_matrix_product(self, tmp_path: Path) -> None:
        found = file_cost.cost(tflite_file.read(made_models.vector_model(tmp_path / "v.tflite")))
        assert found["macs"] == 8 * 4
        # Input, kernel and output; a bias of zeros may be there.
        assert found["bytes_moved"] in (4 * (8 + 32 + 4), 4 * (8 + 32 + 4 + 4))

    @pytest.mark.parametrize("made", [small(), halves(bias=True), matmul("float32", False)])
    def test_of_a_damaged_file_is_an_error_for_people(self, made: Made, tmp_path: Path) -> None:
        data, path = made.data(), tmp_path / "m.tflite"
        generator = np.random.default_rng(0)
        refused = 0
        for _ in range(300):
            damaged = bytearray(data)
            struct.pack_into("<i", damaged, 4 * generator.integers(2, len(data) // 4), 0)
            path.write_bytes(damaged)
            try:
                file_cost.cost(tflite_file.read(path))
            except UserError:
                refused += 1
        assert 0 < refused < 300

    def test_of_operators_that_give_nothing(self) -> None:
        made = Made()
        made.add("ASSIGN_VARIABLE", [made.given((1,), "resource"), made.given((4,))], [])
        assert file_cost.cost(tflite_file.parse(made.data())) == {
            "macs": 0, "parameters": 0, "bytes_moved": None, "arm_instructions": None,
        }  # fmt: skip

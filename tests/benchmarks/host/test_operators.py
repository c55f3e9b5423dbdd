"""Operators, one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.host import operators
from export.inspect import tflite_file


class TestOperators:
    def test_one_by_one_they_make_the_whole(self, picture_file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        model = tflite_file.read(picture_file)
        whole = Interpreter(str(picture_file))
        whole.allocate_tensors()
        given_index = int(model.subgraphs[0].inputs[0])
        picture = np.random.default_rng(0).random((1, 24, 32, 3)).astype(np.float32)
        whole.set_tensor(given_index, picture)
        whole.invoke()
        known = {model.subgraphs[0].tensors[given_index].name.decode(): picture}
        for index in range(len(model.subgraphs[0].operators)):
            single = Interpreter(model_content=operators.alone(model, index))
            single.allocate_tensors()
            details = single.get_input_details()
            if any(d["name"] not in known for d in details):
                continue  # a folded operator's output: it comes with the one that follows
            for d in details:
                single.set_tensor(d["index"], known[d["name"]])
            single.invoke()
            for d in single.get_output_details():
                known[d["name"]] = single.get_tensor(d["index"])
        wanted = whole.get_tensor(whole.get_output_details()[0]["index"])
        name = model.subgraphs[0].tensors[model.subgraphs[0].outputs[0]].name.decode()
        np.testing.assert_allclose(known[name], wanted, atol=1e-5)

    def test_profile(self, picture_file: Path) -> None:
        model = tflite_file.read(picture_file)
        found, total = operators.profile(model, threads=1)
        assert sum(item.ms for item in found) <= total * (1 + 1e-9)
        assert [item.ms for item in found] == sorted((i.ms for i in found), reverse=True)
        assert sum(item.share for item in found) == pytest.approx(
            sum(item.ms for item in found) / total
        )
        names = [item.operator for item in found]
        assert "CONV_2D" in names
        sequence = [name for name, _ in tflite_file.operators(model)]
        assert "PAD" in sequence and "PAD" not in names, "runtimes fold it"

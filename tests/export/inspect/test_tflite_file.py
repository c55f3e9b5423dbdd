"""Reading ``.tflite`` files, sound and damaged ones, and writing them back."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export.formats.tflite import TFLITE
from export.inspect import tflite_file
from export.inspect.tflite import TFLiteModel
from export.verify.delegates import of_tflite
from facestyle.errors import UserError
from tests.support.made_tflite import GRAPH, TYPES, Made, convolution, dense, halves, matmul, small

Change = Callable[[Made], Any]


def _set(what: Callable[[Made], Any], **values: Any) -> Change:
    def change(made: Made) -> None:
        for name, value in values.items():
            assert hasattr(what(made), name)
            setattr(what(made), name, value)

    return change


def _quantized(scales: int, zeros: int | None, dimension: int = 0) -> Change:
    def change(made: Made) -> None:
        made.graph.tensors[2].quantization = schema.QuantizationParametersT(
            scale=np.ones(scales, np.float32),
            zeroPoint=None if zeros is None else np.zeros(zeros, np.int64),
            quantizedDimension=dimension,
        )

    return change


DAMAGES = {
    "shape": _set(lambda m: m.graph.tensors[2], shape=[4, 1, 1, 3]),
    "no shape": _set(lambda m: m.graph.tensors[2], shape=None),
    "type": _set(lambda m: m.graph.tensors[2], type=TYPES["float16"]),
    "buffer": _set(lambda m: m.graph.tensors[0], buffer=99),
    "input": _set(lambda m: m.graph, inputs=[0, 99]),
    "output": _set(lambda m: m.graph, outputs=[-1]),
    "no tensors": _set(lambda m: m.graph, tensors=None),
    "operator's code": _set(lambda m: m.graph.operators[1], opcodeIndex=99),
    "operator's input": _set(lambda m: m.graph.operators[1], inputs=[0, 99]),
    "operator's output": _set(lambda m: m.graph.operators[1], outputs=[-2]),
    "no output": _set(lambda m: m.graph.operators[0], outputs=[]),
    "a type of no name": _set(lambda m: m.graph.tensors[1], type=99),
    "no kernel": _set(lambda m: m.graph.operators[0], inputs=[1]),
    "absent kernel": _set(lambda m: m.graph.operators[0], inputs=[1, -1, -1]),
    "flat image": _set(lambda m: m.graph.tensors[1], shape=[48]),
    "metadata": _set(lambda m: m.model, metadata=[schema.MetadataT("x", 99)]),
    "signature": _set(lambda m: m.model.signatureDefs[0].inputs[0], tensorIndex=99),
    "scales": _quantized(2, 2),
    "zero points": _quantized(3, 1),
    "no zero points": _quantized(3, None),
    "quantised dimension": _quantized(3, 3, 4),
}


class TestRead:
    def test_operators_and_tensors(self) -> None:
        model = tflite_file.parse(small().data())
        tensors = model.subgraphs[0].tensors
        assert [
            (name, tflite_file.inputs(operator), tflite_file.outputs(operator))
            for name, operator in tflite_file.operators(model)
        ] == [("CONV_2D", (1, 2, 3), (4,)), ("SUB", (0, 4), (5,))]
        assert [tflite_file.text(tensor.name) for tensor in tensors[:3]] == [
            *("content", "painting", "t2")
        ]
        assert [tflite_file.shape(tensor) for tensor in tensors[1:4]] == [
            *((1, 4, 4, 3), (3, 1, 1, 3), (3,))
        ]
        assert [i for i in range(6) if tflite_file.is_constant(model, i)] == [2, 3]

    def test_values(self) -> None:
        made = Made()
        for dtype in tflite_file.NUMBERS:
            made.tensor((2, 1), dtype, [[0], [1]])
        computed, sparse = made.tensor((2,)), made.tensor((2,), "int64", 1)
        made.graph.tensors[sparse].sparsity = schema.SparsityParametersT()
        model = tflite_file.parse(made.data())
        *stored, _, _ = tensors = model.subgraphs[0].tensors
        for tensor in stored:
            values = tflite_file.values(model, tensor)
            assert values is not None and values.dtype == tflite_file.dtype(tensor)
            assert values.tolist() == [[0], [1]]
        assert tflite_file.values(model, tensors[computed]) is None
        assert tflite_file.values(model, tensors[sparse]) is None
        assert tflite_file.constant(model, tensors[computed]) is None
        assert tflite_file.constant(model, tensors[sparse]).tobytes() == bytes([1, *7 * [0]]) * 2

    def test_what_is_quantized(self) -> None:
        made = Made()
        for dtype, scale in (("int8", 0.5), ("int32", None), ("float32", None)):
            made.tensor((2,), dtype, 1, scale)
        tensors = tflite_file.parse(made.data()).subgraphs[0].tensors
        assert [tflite_file.is_quantized(tensor) for tensor in tensors] == [True, False, False]

    def test_unpacked_constants(self) -> None:
        model = tflite_file.parse(halves(bias=True).data())
        found = tflite_file.unpacked_constants(model)
        assert {i: tflite_file.inputs(operator) for i, operator in found.items()} == {
            5: (4,),
            7: (6,),
        }
        assert tflite_file.unpacked_constants(tflite_file.parse(small().data())) == {}

    def test_an_operator_of_an_apps_own(self) -> None:
        made = small()
        made.model.operatorCodes[1].customCode = "FlexMine"
        names = [name for name, _ in tflite_file.operators(tflite_file.parse(made.data()))]
        assert names == ["CONV_2D", "FlexMine"]


class TestWrite:
    def test_what_was_not_changed_keeps_its_bytes(self) -> None:
        for made in (small(), halves(bias=True), convolution(dtype="int8"), matmul("int8", True)):
            assert tflite_file.serialize(tflite_file.parse(made.data())) == made.data()

    def test_a_buffer_is_appended(self) -> None:
        model = tflite_file.parse(small().data())
        assert tflite_file.add_buffer(model, b"abc") == 3
        again = tflite_file.parse(tflite_file.serialize(model))
        assert [len(buffer.data) for buffer in again.buffers[1:]] == [9 * 4, 3 * 4, 3]
        assert again.buffers[3].data.tobytes() == b"abc"


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_is_refused(self, damage: str, tmp_path: Path) -> None:
        made = small()
        tflite_file.read(made.write(tmp_path))
        DAMAGES[damage](made)
        path = made.write(tmp_path)
        with pytest.raises(UserError, match=r"made\.tflite: not a TFLite model, or a damaged one"):
            tflite_file.read(path)

    @pytest.mark.parametrize(
        ("made", "index", "shape"),
        [
            pytest.param(dense(), 1, [128], id="flat weights"),
            pytest.param(matmul("float32", False), 0, [32], id="a flat matrix"),
        ],
    )
    def test_another_rank_is_refused(self, made: Made, index: int, shape: list[int]) -> None:
        tflite_file.parse(made.data())
        made.graph.tensors[index].shape = shape
        with pytest.raises(ValueError, match="rank"):
            tflite_file.parse(made.data())

    def test_integers_of_another_size_are_refused(self) -> None:
        made = small()
        index = made.tensor((2,), "int64", 1)
        tflite_file.parse(made.data())
        made.graph.tensors[index].shape = [3]
        with pytest.raises(ValueError, match="another size"):
            tflite_file.parse(made.data())

    @pytest.mark.parametrize(
        "content", [b"", b"short", b"\0" * 64, b"\x1c\0\0\0TFL3" + b"\xff" * 100]
    )
    def test_other_files_are_refused(self, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "m.tflite"
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"m\.tflite: not a TFLite model, or a damaged one"):
            tflite_file.read(path)

    def test_no_file_is_refused(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "missing.tflite"):
            with pytest.raises(UserError, match="not a TFLite model"):
                tflite_file.read(path)

    def test_a_truncated_file_is_refused_or_read(self) -> None:
        """Only what follows the last byte that anything refers to may be missing."""
        data = small().data()
        for length in range(len(data) - 8):
            with pytest.raises(ValueError):
                tflite_file.parse(data[:length])

    def test_anywhere_is_refused_or_read(self, tmp_path: Path) -> None:
        """A byte, or a whole word: an offset, a length, a type, an index."""
        data, path = small().data(), tmp_path / "m.tflite"
        generator = np.random.default_rng(0)
        extremes = [0, 1, -1, 7, 100, 1 << 16, (1 << 31) - 1, -(1 << 31)]
        refused = 0
        for i in range(600):
            damaged = bytearray(data)
            if i % 2:
                damaged[generator.integers(8, len(data))] = generator.integers(256)
            else:
                place, word = 4 * generator.integers(2, len(data) // 4), generator.choice(extremes)
                struct.pack_into("<i", damaged, place, word)
            path.write_bytes(damaged)
            try:
                TFLiteModel(path).check(GRAPH, "fp32", TFLITE.precision("fp32").types)
                of_tflite(path)
            except UserError:
                refused += 1
        assert 0 < refused < 600

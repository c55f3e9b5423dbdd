"""What the checks of a ``.tflite`` file must notice, each in a real file changed in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema

from export.formats.tflite import TFLITE
from export.inspect import tflite_file
from export.inspect.tflite import MAX_METADATA, MAX_SHAPE, TFLiteModel
from export.runtimes.litert import TFLiteFile, partitions
from export.suppress_output import ConversionError
from tests.support.made_tflite import GRAPH, SIZE, STRIDES, Made, difference, signed, small

PRECISIONS = ("fp32", "fp16", "dynamic", "int8")
Change = Callable[[Made], Any]


def failed(path: Path, precision: str = "fp32") -> dict[str, str]:
    """Checks that did not pass, with what they found."""
    verdicts = TFLiteModel(path).check(GRAPH, precision, TFLITE.precision(precision).types)
    return {v.check: v.figure for v in verdicts if not v.passed}


class TestSignature:
    def exchanged(self, made: Made) -> None:
        first, second = made.model.signatureDefs[0].inputs
        first.tensorIndex, second.tensorIndex = second.tensorIndex, first.tensorIndex

    def test_of_a_good_file(self, tmp_path: Path) -> None:
        assert failed(difference().write(tmp_path)) == failed(small().write(tmp_path)) == {}

    def test_is_what_runs(self, tmp_path: Path) -> None:
        content, painting = torch.rand(2, 1, 3, SIZE, SIZE)
        made = difference()
        right = TFLiteFile(made.write(tmp_path), GRAPH.contract)
        assert torch.equal(right.run([content, painting]), content - painting)
        assert partitions(right.interpreter) == 1
        self.exchanged(made)
        wrong = TFLiteFile(made.write(tmp_path), GRAPH.contract)
        assert torch.equal(wrong.run([content, painting]), painting - content)

    def test_takes_no_other_shape(self, tmp_path: Path) -> None:
        content, painting = torch.rand(2, 1, 3, SIZE, 2 * SIZE)
        file = TFLiteFile(difference().write(tmp_path), GRAPH.contract)
        with pytest.raises(ValueError, match="content is given"):
            file.run([content, painting])

    def test_exchanged_inputs(self, tmp_path: Path) -> None:
        made = difference()
        self.exchanged(made)
        assert failed(made.write(tmp_path)) == {
            "signature": "serving_default(content = 1, painting = 0) -> stylized = 2"
        }

    def test_another_name(self, tmp_path: Path) -> None:
        made = difference()
        made.model.signatureDefs[0].signatureKey = "predict"
        path = made.write(tmp_path)
        assert failed(path).keys() == {"signature"}
        with pytest.raises(ConversionError, match="serving_default"):
            TFLiteFile(path, GRAPH.contract)

    @pytest.mark.parametrize("count", [0, 2])
    def test_none_or_several(self, count: int, tmp_path: Path) -> None:
        made = difference()
        made.model.signatureDefs *= count
        assert failed(made.write(tmp_path)).keys() == {"signature"}

    def test_eight_bit_values(self, tmp_path: Path) -> None:
        made, shape, scale = Made(), (1, SIZE, SIZE, 3), 1 / 64
        inputs = [made.given(shape, "int8", scale), made.given(shape, "int8", scale)]
        output = made.result(shape, "int8", scale)
        signed(made.add("SUB", inputs, [output], 2, kind="SubOptions"))
        content, painting = torch.rand(2, 1, 3, SIZE, SIZE)
        found = TFLiteFile(made.write(tmp_path), GRAPH.contract).run([content, painting])
        assert found.dtype == torch.float32
        assert torch.allclose(found, content - painting, atol=2 * scale)


def _outside(made: Made) -> None:
    kernel = made.model.buffers[made.graph.tensors[2].buffer]
    kernel.offset, kernel.size, kernel.data = 4096, len(kernel.data), None


def _buffer(made: Made, size: int) -> int:
    return tflite_file.add_buffer(made.model, bytes(size))


def _note(name: str, size: int) -> Change:
    def change(made: Made) -> None:
        made.model.metadata = [schema.MetadataT(name, _buffer(made, size))]

    return change


def _no_scale(count: int, dtype: str = "int32") -> Change:
    def change(made: Made) -> None:
        index = made.tensor((count,), dtype, 1)
        made.graph.tensors[index].quantization = schema.QuantizationParametersT()
        made.graph.tensors[index].quantization.scale = np.zeros(0, np.float32)

    return change


def _options(made: Made) -> None:
    made.graph.operators[0].customOptions = np.zeros(64, np.uint8)


class TestHidden:
    @pytest.mark.parametrize(
        ("change", "figure"),
        [
            pytest.param(_outside, "buffer 1 outside the graph", id="outside"),
            pytest.param(_note("weights", 16), "metadata weights", id="strange note"),
            pytest.param(
                _note("min_runtime_version", MAX_METADATA + 1), "513 bytes of metadata", id="long"
            ),
            pytest.param(_no_scale(MAX_SHAPE + 1), "t6", id="integers without a scale"),
            pytest.param(_no_scale(MAX_SHAPE + 1, "float64"), "t6", id="a type of no known use"),
            pytest.param(lambda made: _buffer(made, 1), "buffer 3", id="bare buffer"),
            pytest.param(_options, "options of CONV_2D", id="an operator's options"),
        ],
    )
    def test_is_noticed(self, change: Change, figure: str, tmp_path: Path) -> None:
        made = small()
        change(made)
        assert TFLiteModel(made.write(tmp_path)).hidden() == [figure]

    @pytest.mark.parametrize(
        "change",
        [
            _note("min_runtime_version", 16),
            _note("reduced_precision_support", 11),
            _no_scale(MAX_SHAPE),
        ],
    )
    def test_what_the_converter_writes_is_not(self, change: Change, tmp_path: Path) -> None:
        made = small()
        change(made)
        assert TFLiteModel(made.write(tmp_path)).hidden() == []

    def test_bytes_after_the_end(self, tmp_path: Path) -> None:
        path = small().write(tmp_path)
        path.write_bytes(path.read_bytes() + bytes(1000))
        assert failed(path) == {
            "contents of no known use": "1000 bytes that no part of the graph refers to"
        }

    @pytest.mark.parametrize("scale", [None, 0.5])
    def test_every_large_integer_constant_is_seen_once(
        self, scale: float | None, tmp_path: Path
    ) -> None:
        made = small()
        made.tensor((100,), "int32", 1, scale)
        model = TFLiteModel(made.write(tmp_path))
        seen = [c.name for c in model.constants()] + model.hidden()
        assert seen.count("t6") == 1


def convolved(
    weights: str, data: str = "float32", bias: str | None = None, channels: int = 32
) -> Made:
    """32 channels are 1024 weights, as many as TensorFlow quantises in ``dynamic`` files."""
    made, shape = Made(), (1, SIZE, SIZE, channels)
    bias = bias or ("int32" if data == "int8" else "float32")
    inputs = [made.given(shape, data)]
    for size, dtype in (((channels, 1, 1, channels), weights), ((channels,), bias)):
        scale = np.full(channels, 0.01) if dtype.startswith("int") else None
        inputs.append(made.tensor(size, dtype, 1, scale))
        if dtype == "float16":
            stored, inputs[-1] = inputs[-1], made.tensor(size)
            made.add("DEQUANTIZE", [stored], [inputs[-1]], kind="DequantizeOptions")
    output = made.result(shape, data)
    return made.add("CONV_2D", inputs, [output], kind="Conv2DOptions", **STRIDES)


def _disguised() -> Made:
    """Takes and gives int8, calculates in floating point."""
    made = convolved("int8")
    (given,), (result,) = made.graph.inputs, made.graph.outputs
    shape, made.graph.inputs, made.graph.outputs = (1, SIZE, SIZE, 32), [], []
    made.add("DEQUANTIZE", [made.given(shape, "int8")], [given], 2, kind="DequantizeOptions")
    return made.add("QUANTIZE", [result], [made.result(shape, "int8")], kind="QuantizeOptions")


class TestPrecision:
    @pytest.mark.parametrize(
        ("made", "wanted"),
        [
            pytest.param(lambda: convolved("float32"), {"fp32"}, id="floats"),
            pytest.param(lambda: convolved("float16", bias="float16"), {"fp16"}, id="halves"),
            pytest.param(lambda: convolved("float16"), set(), id="halves and floats"),
            pytest.param(lambda: convolved("int8"), {"dynamic"}, id="int8 weights"),
            pytest.param(lambda: convolved("int8", "int8"), {"int8"}, id="int8 throughout"),
            pytest.param(
                lambda: convolved("float32", channels=31), {"fp32", "dynamic"}, id="small weights"
            ),
            pytest.param(lambda: convolved("int8", channels=31), {"dynamic"}, id="small int8"),
            pytest.param(lambda: convolved("float32", "int8"), set(), id="float weights"),
            pytest.param(_disguised, set(), id="int8 in and out only"),
        ],
    )
    def test_is_what_the_file_is(
        self, made: Callable[[], Made], wanted: set[str], tmp_path: Path
    ) -> None:
        path = made().write(tmp_path)
        assert {p for p in PRECISIONS if "precision" not in failed(path, p)} == wanted

    def test_says_what_is_wrong(self, tmp_path: Path) -> None:
        assert failed(convolved("int8").write(tmp_path))["precision"] == "large weights in INT8"


def test_nameless_tensors_are_checked(tmp_path: Path) -> None:
    made = small()
    made.graph.tensors[2].name = None
    assert failed(made.write(tmp_path)) == {}

"""Camera frame in, picture out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.host import frames
from benchmarks.host.frames import PictureFormat
from benchmarks.host.models import filling, picture_format
from export.runtimes.litert import Quantization
from facestyle.errors import UserError


class TestFrames:
    def test_a_camera_sees_the_portrait(self) -> None:
        frame = frames.camera_frame()
        assert frame.shape == (720, 1280, 3) and frame.dtype == np.uint8
        assert frame.std() > 20

    @pytest.mark.parametrize("channels_first", [False, True])
    def test_the_middle_is_taken(self, channels_first: bool) -> None:
        frame = np.zeros((720, 1280, 3), np.uint8)
        frame[:, 280:1000] = (255, 0, 51)  # the square in the middle
        wanted = PictureFormat(64, 64, channels_first)
        found = frames.preprocess(frame, wanted)
        assert found.shape == ((1, 3, 64, 64) if channels_first else (1, 64, 64, 3))
        picture = found[0].transpose(1, 2, 0) if channels_first else found[0]
        inside = picture[:, 1:-1]  # at the edge the resize sees a little beyond the box
        np.testing.assert_allclose(inside, np.broadcast_to([1, 0, 0.2], inside.shape), atol=1e-6)
        shown = frames.postprocess(found, wanted)
        np.testing.assert_array_equal(shown[:, 1:-1], frame[:64, 300:362])

    @given(st.floats(1e-3, 0.1), st.integers(-128, 127), st.lists(st.floats(0, 1), min_size=1))
    def test_quantized_values_come_back(self, scale: float, zero: int, values: list[float]) -> None:
        q = Quantization("int8", scale, zero)
        given_values = np.array(values, np.float32)
        stored = q.quantize(given_values)
        assert stored.dtype == np.int8
        back = q.dequantize(stored)
        reach = np.clip(given_values, (-128 - zero) * scale, (127 - zero) * scale)
        np.testing.assert_allclose(back, reach, atol=scale * 0.501 + 1e-6)

    @pytest.mark.parametrize(
        ("shape", "expected"),
        [
            ((1, 24, 32, 3), PictureFormat(24, 32)),
            ((1, 3, 24, 32), PictureFormat(24, 32, channels_first=True)),
            ((1, 3, 3, 3), PictureFormat(3, 3)),
            ((1, 24, 32, 4), None),
            ((1, 24, 3, 32), None),
            ((2, 24, 32, 3), None),
            ((1, 128), None),
        ],
    )
    def test_what_is_a_picture(
        self, shape: tuple[int, ...], expected: PictureFormat | None
    ) -> None:
        details = {"shape": shape, "dtype": np.float32}
        assert picture_format(details) == expected

    def test_other_inputs_are_filled(self) -> None:
        def of(shape: tuple[int, ...], dtype: Any = np.float32, **more: Any) -> np.ndarray:
            return filling({"name": "x", "shape": shape, "dtype": dtype, **more}, Path("m"))

        assert of((1, 1, 1, 1)).tolist() == [[[[1.0]]]], "full strength"
        code = of((1, 1, 1, 128))
        assert 0 <= code.min() < code.max() <= 1
        np.testing.assert_array_equal(code, of((1, 1, 1, 128)))
        assert of((1, 1), np.int8, quantization=(0.01, -28)).item() == 72
        assert of((1, 2), np.int32, quantization=(0.0, 0)).tolist() == [[0, 0]]
        with pytest.raises(UserError, match="no fixed size"):
            of((1, 1), shape_signature=(1, -1))
        with pytest.raises(UserError, match="not numbers"):
            of((1, 4), np.str_)

"""The steps before and after inference, as an app takes them: camera frame in, picture out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from export.runtimes.litert import Quantization
from export.verify.test_inputs import PORTRAIT
from facestyle import gallery, images

FRAME_HEIGHT, FRAME_WIDTH = 720, 1280
"""Of a camera's preview."""


@dataclass(frozen=True)
class PictureFormat:
    """How a graph takes or gives an RGB picture of values in [0, 1].

    Attributes:
        height, width: in pixels.
        channels_first: (1, 3, H, W) instead of (1, H, W, 3).
        quantization: None for floats.
    """

    height: int
    width: int
    channels_first: bool = False
    quantization: Quantization | None = None


def camera_frame() -> NDArray[np.uint8]:
    """A painted portrait as a camera's preview, RGB (720, 1280, 3)."""
    path = next(p.path for p in gallery.portraits() if p.name == PORTRAIT)
    frame = images.cover(images.load(path), FRAME_HEIGHT, FRAME_WIDTH)
    return np.asarray(images.to_image(frame))


def preprocess(frame: NDArray[np.uint8], wanted: PictureFormat) -> NDArray:
    """The frame's middle, resized, as the graph takes it: crop, resize, scale, quantize."""
    height, width = frame.shape[:2]
    scale = min(height / wanted.height, width / wanted.width)
    tall, wide = wanted.height * scale, wanted.width * scale
    top, left = (height - tall) / 2, (width - wide) / 2
    resized = Image.fromarray(frame).resize(
        (wanted.width, wanted.height),
        Image.Resampling.BILINEAR,
        box=(left, top, left + wide, top + tall),
    )
    values = np.asarray(resized, np.float32) * np.float32(1 / 255)
    if wanted.channels_first:
        values = np.ascontiguousarray(values.transpose(2, 0, 1))
    stored = wanted.quantization
    return (values if stored is None else stored.quantize(values))[None]


def postprocess(output: NDArray, given: PictureFormat) -> NDArray[np.uint8]:
    """What the screen is given, (H, W, 3): dequantize, scale, round."""
    values = output[0]
    if given.quantization is not None:
        values = given.quantization.dequantize(values)
    if given.channels_first:
        values = values.transpose(1, 2, 0)
    return (values * 255 + 0.5).clip(0, 255).astype(np.uint8)

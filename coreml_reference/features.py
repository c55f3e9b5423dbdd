"""Inputs and outputs of a model: arrays and images, and what their values mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from coreml_reference.errors import UnsupportedOperation, WrongInput

CHANNELS = {10: "L", 20: "RGB", 30: "BGR"}
"""``ImageFeatureType.ColorSpace``: grey, and colours in the order in which a network sees them."""

DTYPES = {
    65552: torch.float16,
    65568: torch.float32,
    65600: torch.float64,
    131104: torch.int32,
    131080: torch.int8,
}
"""``ArrayFeatureType.ArrayDataType``."""

MAXIMUM = 255
"""Of a channel of an image."""


@dataclass(frozen=True)
class Feature:
    """An input or output.

    Attributes:
        name: as in the file.
        colours: for images ``L``, ``RGB`` or ``BGR``; None for arrays.
        shape: of the tensor, (1, C, H, W) for images; () where the file does not say.
        dtype: of an array's values; images are float32 in 0..255.
        description: for people.
    """

    name: str
    colours: str | None
    shape: tuple[int, ...]
    dtype: torch.dtype
    description: str

    def from_image(self, image: Image.Image) -> Tensor:
        """A picture as the model's tensor, (1, C, H, W) float32 in 0..255.

        Raises:
            WrongInput: when it is of another size, or this is no image.
        """
        if self.colours is None:
            raise WrongInput(f"{self.name} is an array, not an image")
        height, width = self.shape[2:]
        if image.size != (width, height):
            raise WrongInput(
                f"{self.name} takes pictures of {width} x {height} pixels, this has "
                f"{image.width} x {image.height}"
            )
        pixels = np.asarray(image.convert("L" if self.colours == "L" else "RGB"), np.float32)
        tensor = torch.from_numpy(pixels.reshape(height, width, -1).copy()).permute(2, 0, 1)[None]
        return tensor.flip(1) if self.colours == "BGR" else tensor

    def to_image(self, tensor: Tensor) -> Image.Image:
        """The model's tensor, (1, C, H, W) or (C, H, W) in 0..255, as a picture.

        Values are rounded; what is out of range becomes the nearest that is not.

        Raises:
            WrongInput: when this is no image.
        """
        if self.colours is None:
            raise WrongInput(f"{self.name} is an array, not an image")
        values = tensor.float().reshape(tensor.shape[-3:]).clamp(0, MAXIMUM).round()
        values = values.flip(0) if self.colours == "BGR" else values
        pixels = values.permute(1, 2, 0).to(torch.uint8).numpy()
        return Image.fromarray(pixels[..., 0] if self.colours == "L" else pixels)

    def checked(self, tensor: Tensor) -> Tensor:
        """The tensor in this feature's type.

        Raises:
            WrongInput: when it has another shape.
        """
        if self.shape and tuple(tensor.shape) != self.shape:
            raise WrongInput(
                f"{self.name} takes shape {_text(self.shape)}, not {_text(tensor.shape)}"
            )
        return tensor.to(self.dtype)


def features(descriptions: Iterable[Any]) -> dict[str, Feature]:
    """Features by name, from ``spec.description.input`` or ``.output``.

    Raises:
        UnsupportedOperation: for a type that is neither array nor image.
    """
    return {d.name: _feature(d) for d in descriptions}


def _feature(description: Any) -> Feature:
    kind = description.type.WhichOneof("Type")
    if kind == "imageType":
        image = description.type.imageType
        if image.colorSpace not in CHANNELS:
            raise UnsupportedOperation(f"colour space {image.colorSpace} of {description.name}")
        colours = CHANNELS[image.colorSpace]
        shape: tuple[int, ...] = (1, 1 if colours == "L" else 3, image.height, image.width)
        return Feature(
            description.name, colours, shape, torch.float32, description.shortDescription
        )
    if kind == "multiArrayType":
        array = description.type.multiArrayType
        if array.dataType not in DTYPES:
            raise UnsupportedOperation(f"array type {array.dataType} of {description.name}")
        shape = tuple(int(n) for n in array.shape)
        dtype = DTYPES[array.dataType]
        return Feature(description.name, None, shape, dtype, description.shortDescription)
    raise UnsupportedOperation(f"feature type {kind} of {description.name}")


def _text(shape: Iterable[int]) -> str:
    return " x ".join(str(n) for n in shape) or "()"

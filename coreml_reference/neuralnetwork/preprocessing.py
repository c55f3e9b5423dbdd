"""What happens to the pictures that a neural network is given, before its first layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coreml_reference.errors import DamagedFile, UnsupportedOperation
from coreml_reference.features import Feature

BIASES = {
    "L": ("grayBias",),
    "RGB": ("redBias", "greenBias", "blueBias"),
    "BGR": ("blueBias", "greenBias", "redBias"),
}
"""Of a scaler, in the order of an image's channels."""


@dataclass(frozen=True)
class Stage:
    """``scale * x + bias`` of one input.

    Attributes:
        feature: the input.
        scale: of all channels.
        bias: broadcastable to (1, C, H, W).
    """

    feature: str
    scale: float
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Do it to (1, C, H, W)."""
        return self.scale * x + self.bias


def stages(messages: Iterable[Any], inputs: Mapping[str, Feature]) -> list[Stage]:
    """What is done to a network's inputs, in order.

    Args:
        messages: ``NeuralNetworkPreprocessing``.
        inputs: of the model.

    Raises:
        DamagedFile: for an input that is no image, or a mean image of another size.
        UnsupportedOperation: for anything else than a scaler or a mean image.
    """
    return [_stage(message, inputs) for message in messages]


def _stage(message: Any, inputs: Mapping[str, Feature]) -> Stage:
    images = [feature for feature in inputs.values() if feature.colours is not None]
    # Without a name it is for the only image.
    named = [f for f in images if f.name == message.featureName or not message.featureName]
    if len(named) != 1:
        raise DamagedFile(
            f"preprocessing of {message.featureName or 'an input'}, which is no image"
        )
    (feature,) = named
    colours = str(feature.colours)
    kind = message.WhichOneof("preprocessor")
    if kind == "scaler":
        values = [getattr(message.scaler, name) for name in BIASES[colours]]
        bias = torch.tensor(values)[None, :, None, None]
        return Stage(feature.name, float(message.scaler.channelScale), bias)
    if kind == "meanImage":
        mean = np.array(message.meanImage.meanImage, np.float32)
        if mean.size != np.prod(feature.shape):
            raise DamagedFile(f"a mean image of {mean.size} values for {feature.name}")
        bias = -torch.from_numpy(mean).reshape(feature.shape)
        return Stage(feature.name, 1.0, bias)
    raise UnsupportedOperation(f"{kind} of {feature.name}", "unknown preprocessing")

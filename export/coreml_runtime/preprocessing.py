"""What happens to the pictures that a neural network is given, before its first layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.coreml_runtime.errors import DamagedFile, UnsupportedOperation
from export.coreml_runtime.features import Feature

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
        names: of the numbers in the file, for who reads them.
    """

    feature: str
    scale: float
    bias: Tensor
    names: tuple[str, ...]

    def __call__(self, x: Tensor) -> Tensor:
        """Do it to (1, C, H, W)."""
        return self.scale * x + self.bias

    def constants(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Numbers of the file by their names."""
        biases = self.bias.numpy()
        if self.names == ("meanImage",):
            yield f"{self.feature}.meanImage", -biases
            return
        yield f"{self.feature}.channelScale", np.array([self.scale], np.float32)
        for name, value in zip(self.names, biases.reshape(-1, 1)):
            yield f"{self.feature}.{name}", value


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
        names = BIASES[colours]
        values = [getattr(message.scaler, name) for name in names]
        bias = torch.tensor(values)[None, :, None, None]
        return Stage(feature.name, float(message.scaler.channelScale), bias, names)
    if kind == "meanImage":
        mean = np.array(message.meanImage.meanImage, np.float32)
        if mean.size != np.prod(feature.shape):
            raise DamagedFile(f"a mean image of {mean.size} values for {feature.name}")
        bias = -torch.from_numpy(mean).reshape(feature.shape)
        return Stage(feature.name, 1.0, bias, ("meanImage",))
    raise UnsupportedOperation(f"{kind} of {feature.name}", "unknown preprocessing")

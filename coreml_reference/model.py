"""A loaded model of either kind, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from coreml_reference.errors import UnsupportedOperation, WrongInput
from coreml_reference.executor import Executor, Observer
from coreml_reference.features import Feature, features
from coreml_reference.mlprogram.executor import ProgramExecutor
from coreml_reference.neuralnetwork.executor import NetworkExecutor
from coreml_reference.package import Package, open_package

Input = Image.Image | NDArray[Any] | Tensor
Output = Image.Image | NDArray[Any]


class Model:
    """A model from disk.

    Attributes:
        inputs, outputs: its features by name.
    """

    def __init__(
        self, inputs: dict[str, Feature], outputs: dict[str, Feature], executor: Executor
    ) -> None:
        self.inputs, self.outputs, self._executor = inputs, outputs, executor

    def run(
        self, inputs: Mapping[str, Tensor], observer: Observer | None = None
    ) -> dict[str, Tensor]:
        """Execute on tensors.

        Args:
            inputs: by name, in the shapes of ``self.inputs``; images as (1, C, H, W) in 0..255,
                in the order of channels that the feature names.
            observer: told of every intermediate result.

        Returns:
            Outputs by name, images unrounded in 0..255: what a phone rounds to 8 bits.

        Raises:
            WrongInput: for a missing, unknown or misshapen input.
            UnsupportedOperation: for an operation that is not known here.
        """
        for name in inputs:
            self._feature(name)
        for name in self.inputs:
            if name not in inputs:
                raise WrongInput(f"input {name} is missing")
        given = {name: feature.checked(inputs[name]) for name, feature in self.inputs.items()}
        with torch.inference_mode():
            found = self._executor.run(given, observer)
        return {name: found[name] for name in self.outputs}

    def predict(self, inputs: Mapping[str, Input]) -> dict[str, Output]:
        """Execute as an app does; takes and gives what ``coremltools.models.MLModel.predict`` does.

        Args:
            inputs: by name. Pictures for images, of the size that the model takes; for arrays
                NumPy arrays or tensors, in the shapes of ``self.inputs``.

        Returns:
            Outputs by name: 8-bit pictures for images, NumPy arrays for arrays.

        Raises:
            WrongInput: for a missing, unknown or misshapen input.
            UnsupportedOperation: for an operation that is not known here.
        """
        found = self.run({name: self._tensor(name, value) for name, value in inputs.items()})
        return {
            name: value.numpy()
            if self.outputs[name].colours is None
            else self.outputs[name].to_image(value)
            for name, value in found.items()
        }

    def _tensor(self, name: str, value: Input) -> Tensor:
        if isinstance(value, Image.Image):
            return self._feature(name).from_image(value)
        return torch.as_tensor(value)

    def _feature(self, name: str) -> Feature:
        if name not in self.inputs:
            raise WrongInput(f"no input {name}; there are {', '.join(self.inputs)}")
        return self.inputs[name]


EXECUTORS: dict[str, Callable[[Package], Executor]] = {
    "mlProgram": ProgramExecutor,
    "neuralNetwork": NetworkExecutor,
}
"""By the field of ``Model`` that holds what they execute."""


def load(path: str | PathLike[str]) -> Model:
    """Load an .mlpackage or .mlmodel from disk.

    Everything that cannot be executed is found here, before the first run.

    Raises:
        DamagedFile: when it is missing or not a whole model.
        UnsupportedOperation: when it has an operation that is not known here.
    """
    package = open_package(path)
    kind = package.spec.WhichOneof("Type")
    if kind not in EXECUTORS:
        raise UnsupportedOperation(f"a model of kind {kind}")
    description = package.spec.description
    executor = EXECUTORS[kind](package)
    return Model(features(description.input), features(description.output), executor)

"""A loaded model of either kind, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from PIL import Image
from torch import Tensor, inference_mode

from coreml_reference.errors import UnsupportedOperation, WrongInput
from coreml_reference.features import Feature, features
from coreml_reference.package import open_package

Observer = Callable[[str, str, Tensor], None]
"""Told of every result: its name, the operation that made it, its value."""


class Engine(Protocol):
    """What executes one kind of model."""

    def run(self, inputs: Mapping[str, Tensor], observer: Observer | None) -> dict[str, Tensor]:
        """Every output by name."""


class Model:
    """A model from disk.

    Attributes:
        inputs, outputs: its features by name.
    """

    def __init__(
        self, inputs: dict[str, Feature], outputs: dict[str, Feature], engine: Engine
    ) -> None:
        self.inputs, self.outputs, self._engine = inputs, outputs, engine

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
            if name not in self.inputs:
                raise WrongInput(f"no input {name}; there are {', '.join(self.inputs)}")
        for name in self.inputs:
            if name not in inputs:
                raise WrongInput(f"input {name} is missing")
        given = {name: feature.checked(inputs[name]) for name, feature in self.inputs.items()}
        with inference_mode():
            found = self._engine.run(given, observer)
        return {name: found[name] for name in self.outputs}

    def predict(self, inputs: Mapping[str, Tensor | Image.Image]) -> dict[str, Any]:
        """Execute as an app does: pictures in, pictures out.

        Args:
            inputs: by name; pictures for images, tensors for arrays.

        Returns:
            Pictures for images, tensors for arrays.
        """
        given = {}
        for name, value in inputs.items():
            if isinstance(value, Image.Image):
                if name not in self.inputs:
                    raise WrongInput(f"no input {name}; there are {', '.join(self.inputs)}")
                given[name] = self.inputs[name].from_image(value)
            else:
                given[name] = value
        return {
            name: value
            if self.outputs[name].colours is None
            else self.outputs[name].to_image(value)
            for name, value in self.run(given).items()
        }


def load(path: Path) -> Model:
    """Load an .mlpackage or .mlmodel from disk.

    Everything that cannot be executed is found here, before the first run.

    Raises:
        DamagedFile: when it is not a whole model.
        UnsupportedOperation: when it has an operation that is not known here.
    """
    from coreml_reference.network import Network
    from coreml_reference.program import Program

    package = open_package(path)
    kind = package.spec.WhichOneof("Type")
    engines: dict[str, Callable[[Any], Engine]] = {"mlProgram": Program, "neuralNetwork": Network}
    if kind not in engines:
        raise UnsupportedOperation(f"a model of kind {kind}")
    description = package.spec.description
    return Model(features(description.input), features(description.output), engines[kind](package))

"""Neural networks, the older kind of Core ML model: layers executed in fp32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from coreml_reference.errors import CoreMLError, DamagedFile, UnsupportedOperation
from coreml_reference.executor import Observer
from coreml_reference.features import Feature, features
from coreml_reference.neuralnetwork.layer import Node, Run
from coreml_reference.neuralnetwork.layers import LAYERS
from coreml_reference.neuralnetwork.preprocessing import stages
from coreml_reference.package import Package

VERSIONS = range(1, 6)
"""Of the specification, that neural networks are of."""

EXACT_FROM = 4
"""The first version that can take arrays and images with just the dimensions that they have."""

MISFITS = (
    ArithmeticError,
    AssertionError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What Python and PyTorch raise where a file's numbers do not go together."""


@dataclass(frozen=True)
class Step:
    """A layer and what executes it.

    Attributes:
        node: the layer.
        run: from its inputs to its outputs.
        last: names of tensors that nothing needs after it.
    """

    node: Node
    run: Run
    last: frozenset[str] = frozenset()


class NetworkExecutor:
    """A neural network.

    What of a file cannot be executed is found when it is made. Only whether layers fit each
    other's shapes shows when they run.
    """

    def __init__(self, package: Package) -> None:
        spec = package.spec
        if spec.specificationVersion not in VERSIONS:
            raise UnsupportedOperation(f"a neural network of version {spec.specificationVersion}")
        network = spec.neuralNetwork
        self._inputs = features(spec.description.input)
        self._outputs = features(spec.description.output)
        self._legacy_images = not network.imageInputShapeMapping
        self._legacy_arrays = not network.arrayInputShapeMapping
        if spec.specificationVersion < EXACT_FROM and not self._legacy:
            raise DamagedFile(f"shapes that version {spec.specificationVersion} does not have")
        self._stages = stages(network.preprocessing, self._inputs)
        steps = [_step(layer) for layer in network.layers]
        _check_names(steps, self._inputs, self._outputs)
        self._steps = _with_last_uses(steps, self._outputs)

    def run(
        self, inputs: Mapping[str, Tensor], observer: Observer | None = None
    ) -> dict[str, Tensor]:
        """Execute every layer.

        Args:
            inputs: by name, of the features' shapes; images in 0..255.
            observer: told of every result.

        Returns:
            Outputs by name, of the features' types.

        Raises:
            DamagedFile: where layers do not fit each other.
        """
        values = {name: value.float() for name, value in inputs.items()}
        for stage in self._stages:
            values[stage.feature] = stage(values[stage.feature])
        values = {name: self._entering(self._inputs[name], x) for name, x in values.items()}
        for step in self._steps:
            for name, value in zip(step.node.outputs, _executed(step, values)):
                values[name] = value
                if observer is not None:
                    observer(name, step.node.kind, value)
            for name in step.last:
                del values[name]
        return {name: self._leaving(f, values[name]) for name, f in self._outputs.items()}

    @property
    def _legacy(self) -> bool:
        """Whether all tensors have five dimensions: sequence, batch, channel, height, width."""
        return self._legacy_images and self._legacy_arrays

    def _entering(self, feature: Feature, x: Tensor) -> Tensor:
        """An input as the layers see it."""
        if feature.colours is not None:
            return x[None] if self._legacy_images else x
        if not self._legacy_arrays:
            return x
        if x.ndim == 1:
            return x.reshape(1, 1, -1, 1, 1)
        if x.ndim == 3:
            return x[None, None]
        raise DamagedFile(f"{feature.name} has {x.ndim} dimensions, where only 1 or 3 can be")

    def _leaving(self, feature: Feature, x: Tensor) -> Tensor:
        """A tensor as the output that the file describes."""
        shape = feature.shape
        if feature.colours is not None:
            if tuple(x.shape[-3:]) != shape[-3:] or x.numel() != np.prod(shape):
                raise DamagedFile(f"{feature.name} is no image of {shape}, but {tuple(x.shape)}")
            return x.reshape(shape)
        if shape and tuple(x.shape) != shape:
            # Of five dimensions a file says only those that count.
            same = self._legacy_arrays and _long(x.shape) == _long(shape)
            if not same:
                raise DamagedFile(f"{feature.name} is of {tuple(x.shape)}, not {shape}")
            x = x.reshape(shape)
        return x.to(feature.dtype)


def _long(shape: Sequence[int]) -> list[int]:
    """Sizes but those of one."""
    return [n for n in shape if n != 1]


def _step(layer: Any) -> Step:
    kind = layer.WhichOneof("layer")
    if kind not in LAYERS:
        raise UnsupportedOperation(str(kind), f"layer {layer.name} is of unknown type")
    inputs, outputs = tuple(layer.input), tuple(layer.output)
    node = Node(kind, layer.name, getattr(layer, kind), inputs, outputs)
    for what, names, counts in (
        ("inputs", inputs, LAYERS[kind].inputs),
        ("outputs", outputs, LAYERS[kind].outputs),
    ):
        if len(names) not in counts:
            raise node.damaged(f"{len(names)} {what}")
    try:
        return Step(node, LAYERS[kind].build(node))
    except CoreMLError:
        raise
    except MISFITS as error:
        raise node.damaged(f"settings that do not go together: {_line(error)}") from error


def _check_names(
    steps: Sequence[Step], inputs: Mapping[str, Feature], outputs: Mapping[str, Feature]
) -> None:
    known = set(inputs)
    for step in steps:
        for name in step.node.inputs:
            if name not in known:
                raise step.node.damaged(f"an input {name} that nothing makes before it")
        for name in step.node.outputs:
            # Only a copy may overwrite what is there.
            if name in known and step.node.kind != "copy":
                raise step.node.damaged(f"an output {name} that is there already")
        known.update(step.node.outputs)
    for name in outputs:
        if name not in known:
            raise DamagedFile(f"nothing makes the output {name}")


def _with_last_uses(steps: Sequence[Step], outputs: Mapping[str, Feature]) -> list[Step]:
    needed, found = set(outputs), []
    for step in reversed(steps):
        names = {*step.node.inputs, *step.node.outputs}
        found.append(replace(step, last=frozenset(names - needed)))
        needed |= names
    return found[::-1]


def _executed(step: Step, values: Mapping[str, Tensor]) -> Sequence[Tensor]:
    node = step.node
    try:
        found = step.run(*(values[name] for name in node.inputs))
        results = (found,) if isinstance(found, Tensor) else tuple(found)
    except CoreMLError:
        raise
    except MISFITS as error:
        raise DamagedFile(
            f"layer {node.name} ({node.kind}) does not fit its input: {_line(error)}"
        ) from error
    if len(results) != len(node.outputs):
        raise node.damaged(f"{len(node.outputs)} outputs, not {len(results)}")
    return results


def _line(error: BaseException) -> str:
    return str(error).partition("\n")[0]

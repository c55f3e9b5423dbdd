"""Core ML files: an ML Program in half precision, and a neural network for old phones.

Images are Core ML images, 8-bit RGB as cameras and screens have them; everything else is a
float array of its contract's shape. Between 0..255 outside and its port's range inside each image
is scaled exactly once. ``export.inspect.coreml`` reads back what is written here.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from export import sigint
from export.convert.description import Description
from export.convert.graphs import Graph
from export.suppress_output import suppress_output
from facestyle.contract import Kind, Port

aten = torch.ops.aten

MODEL = "com.apple.CoreML/model.mlmodel"
"""The specification's place under ``Data`` in a package."""

WEIGHTS = "com.apple.CoreML/weights"
"""The folder of ``weight.bin`` under ``Data`` in a package."""

MERGES = frozenset(
    f"common::fuse_{what}"
    for what in ("conv_scale", "conv_bias", "conv_batchnorm", "elementwise_to_batchnorm")
)
"""Passes of coremltools that compute constants no parameter has, so that none could be traced."""

Rewrites = dict[Any, Callable[..., Any]]
"""PyTorch operators, and functions that put others in their place."""


@dataclass(frozen=True)
class Converted:
    """A graph as coremltools has it, from which a file of each precision is written.

    Attributes:
        graph: itself.
        model: coremltools' ``MLModel``, an ML Program or a neural network.
    """

    graph: Graph
    model: Any


def to_program(graph: Graph) -> Converted:
    """Convert to an ML Program (iOS 16 and later), fp16 throughout.

    Raises:
        ConversionError: when coremltools gives up.
    """
    with suppress_output("coremltools"):
        import coremltools as ct

        # A scale given to ImageType would be computed in fp32: here it is part of the graph.
        model = ct.convert(
            _program(_Pixels(graph, scale_inputs=True), graph, {}),
            inputs=[_input_type(port, scaled=False) for port in graph.contract.inputs],
            outputs=[_output_type(port) for port in graph.contract.outputs],
            convert_to="mlprogram",
            compute_precision=ct.precision.FLOAT16,
            minimum_deployment_target=ct.target.iOS16,
            pass_pipeline=_pipeline(),
            skip_model_load=True,
        )
    return Converted(graph, model)


def to_mlpackage(
    converted: Converted,
    path: Path,
    description: Description,
    eight_bit_above: int | None = None,
) -> None:
    """Write an ML Program; ``path`` becomes a folder.

    The same graph and description give the same bytes.

    Args:
        converted: from ``to_program``.
        path: where to.
        description: what the file is to say of itself.
        eight_bit_above: weights of more values are stored as int8 with a scale for each output
            channel; None: none. What is computed with them stays fp16.
    """
    with suppress_output("coremltools"):
        model = converted.model
        if eight_bit_above is not None:
            model = int8_weights(model, eight_bit_above)
        spec, weights = model.get_spec(), Path(model.weights_dir)
    _describe(spec, converted.graph, description)
    _write_package(spec, weights, path)


def to_network(graph: Graph) -> Converted:
    """Convert to a neural network (iOS 14 and later), fp32.

    Raises:
        ConversionError: when coremltools gives up.
    """
    with suppress_output("coremltools"):
        import coremltools as ct

        # There is no relu6 layer: coremltools would put together four instead of one clip.
        rewrites = {aten.relu6.default: lambda x: torch.clamp(x, 0, 6)}
        model = ct.convert(
            _program(_Pixels(graph, scale_inputs=False), graph, rewrites),
            inputs=[_input_type(port, scaled=True) for port in graph.contract.inputs],
            outputs=[_output_type(port) for port in graph.contract.outputs],
            convert_to="neuralnetwork",
            pass_pipeline=_pipeline(),
            skip_model_load=True,
        )
    return Converted(graph, model)


def to_mlmodel(
    converted: Converted, path: Path, description: Description, *, eight_bit_weights: bool = False
) -> None:
    """Write a neural network.

    The same graph and description give the same bytes.

    Args:
        converted: from ``to_network``.
        path: where to.
        description: what the file is to say of itself.
        eight_bit_weights: whether weights are stored as 8 bits with a scale and an offset for each
            output channel. What is computed with them stays fp32.
    """
    with suppress_output("coremltools"):
        model = converted.model
        if eight_bit_weights:
            from coremltools.models.neural_network.quantization_utils import quantize_weights

            model = quantize_weights(model, nbits=8, quantization_mode="linear")
        spec = model.get_spec()
    _describe(spec, converted.graph, description)
    path.write_bytes(spec.SerializeToString(deterministic=True))


class _Pixels(nn.Module):
    """A graph whose image output, and if wanted its image inputs too, run from 0 to 255."""

    def __init__(self, graph: Graph, *, scale_inputs: bool) -> None:
        super().__init__()
        self.module = graph.module
        self.inputs = [scale_inputs and port.kind is Kind.IMAGE for port in graph.contract.inputs]
        self.contract = graph.contract
        (output,) = graph.contract.outputs
        self.paints = output.kind is Kind.IMAGE

    def forward(self, *inputs: Tensor) -> Tensor:
        ports = self.contract.inputs
        x = (_values(x, p) if image else x for x, p, image in zip(inputs, ports, self.inputs))
        y: Tensor = self.module(*x)
        return _pixels(y, self.contract.outputs[0]) if self.paints else y


def _values(pixels: Tensor, port: Port) -> Tensor:
    """Pixels in a port's range; nothing is added where there is nothing to add."""
    scaled = pixels * port.scale
    return scaled + port.offset if port.offset else scaled


def _pixels(values: Tensor, port: Port) -> Tensor:
    """The inverse of ``_values``; scaled first, as a factor is looked for before the output."""
    scale = port.pixels_per_unit
    scale = int(scale) if scale.is_integer() else scale  # coremltools names the two differently
    return values * scale + -port.offset * scale if port.offset else values * scale


def _program(module: nn.Module, graph: Graph, rewrites: Rewrites) -> ExportedProgram:
    # Not torch.jit.trace: it is deprecated, and what it returns has attributes of its own
    # ("code", "graph") that coremltools takes for a network's layers of the same name.
    examples = tuple(torch.full(port.shape, 0.5) for port in graph.contract.inputs)
    replaced = {aten.max_pool2d.default: _max_pool2d, aten.reciprocal.default: _reciprocal}
    with sigint.held(), torch.no_grad():
        program = torch.export.export(module.eval(), examples)
        return cast(ExportedProgram, program.run_decompositions({**replaced, **rewrites}))


def _max_pool2d(x: Tensor, size: list[int], stride: list[int] | None = None, *more: Any) -> Tensor:
    # coremltools insists on a stride; PyTorch leaves out what is the default.
    pooled, _ = aten.max_pool2d_with_indices(x, size, stride or size, *more)
    return cast(Tensor, pooled)


def _reciprocal(x: Tensor) -> Tensor:
    # Core ML's own reciprocal adds 1e-4 to what it divides by: 80 dB is all that would be left.
    return torch.full((1,) * x.dim(), 1.0) / x


def int8_weights(model: Any, smallest: int) -> Any:
    """An ML Program whose weights of ``smallest`` values and more are int8: symmetric, a scale for
    each output channel."""
    import coremltools.optimize.coreml as cto

    settings = cto.OpLinearQuantizerConfig(
        mode="linear_symmetric",
        dtype="int8",
        granularity="per_channel",
        weight_threshold=smallest,
    )
    return cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=settings))


def _pipeline() -> Any:
    import coremltools as ct

    pipeline = ct.PassPipeline.DEFAULT
    pipeline.remove_passes(MERGES)
    return pipeline


def _input_type(port: Port, *, scaled: bool) -> Any:
    import coremltools as ct

    if port.kind is Kind.IMAGE:
        how = {"scale": port.scale, "bias": [port.offset] * 3} if scaled else {}
        layout = ct.colorlayout.RGB
        return ct.ImageType(port.name, shape=port.shape, color_layout=layout, **how)
    return ct.TensorType(port.name, shape=port.shape, dtype=np.float32)


def _output_type(port: Port) -> Any:
    import coremltools as ct

    if port.kind is Kind.IMAGE:
        return ct.ImageType(port.name, color_layout=ct.colorlayout.RGB)
    return ct.TensorType(port.name, dtype=np.float32)


def _describe(spec: Any, graph: Graph, description: Description) -> None:
    metadata = spec.description.metadata
    metadata.shortDescription = description.summary
    metadata.author = description.author
    metadata.license = description.licence
    metadata.versionString = description.version
    # The only thing that would differ between two conversions of one graph.
    metadata.userDefined.pop("com.github.apple.coremltools.conversion_date", None)
    ports = {port.name: port for port in (*graph.contract.inputs, *graph.contract.outputs)}
    for feature in (*spec.description.input, *spec.description.output):
        port = ports[feature.name]
        feature.shortDescription = in_words(port)
        if port.kind is not Kind.IMAGE:
            # coremltools leaves out the shape of a neural network's output.
            feature.type.multiArrayType.shape[:] = port.shape


def in_words(port: Port) -> str:
    """What a file says of an input or output.

    >>> from facestyle import contract
    >>> in_words(contract.strength())
    'How much style: 0 keeps the photo, 1 paints it fully. Shape 1 x 1 x 1 x 1, float32, 0 to 1.'
    """
    if port.kind is Kind.IMAGE:
        _, _, height, width = port.shape
        return f"{port.description} {width} x {height} pixels of 8 bits a channel."
    values = "any value" if port.range is None else "{:g} to {:g}".format(*port.range)
    return f"{port.description} Shape {' x '.join(map(str, port.shape))}, float32, {values}."


def _write_package(spec: Any, weights: Path, path: Path) -> None:
    # MLModel.save would draw random identifiers, order the specification's maps at random,
    # let only the owner read it, and add a file of debugging information.
    items = {
        MODEL: ("model.mlmodel", "CoreML Model Specification"),
        WEIGHTS: ("weights", "CoreML Model Weights"),
    }
    identifiers = {place: str(uuid.uuid5(uuid.NAMESPACE_URL, place)) for place in items}
    manifest = {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
            identifiers[place]: {
                "author": "com.apple.CoreML",
                "description": text,
                "name": name,
                "path": place,
            }
            for place, (name, text) in items.items()
        },
        "rootModelIdentifier": identifiers[MODEL],
    }
    data = path / "Data"
    (data / WEIGHTS).mkdir(parents=True)
    (data / MODEL).write_bytes(spec.SerializeToString(deterministic=True))
    shutil.copyfile(weights / "weight.bin", data / WEIGHTS / "weight.bin")
    # Apple's library rewrites the manifest of any package it opens; in this form it stays.
    text = json.dumps(manifest, indent=4, sort_keys=True) + "\n"
    (path / "Manifest.json").write_text(text, encoding="utf-8")

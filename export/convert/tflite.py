"""PyTorch to TFLite: ONNX, TensorFlow, its converter, contract names.

``to_tensorflow`` is done once per graph; each precision is one conversion of the result. The
files' tensors are renamed and put in the contract's order, which the converters do not keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.convert.graphs import Graph
from export.convert.rewrites import for_tflite
from export.suppress_output import suppress_output
from facestyle.contract import Contract

OPSET = 17
"""What PyTorch's tracing exporter writes best, and ``export.convert.tensorflow_graph`` reads."""

Example = tuple[Tensor, ...]
"""Inputs of a graph in the contract's order."""


@dataclass(frozen=True)
class SavedGraph:
    """A graph as a SavedModel on disk.

    Attributes:
        folder: the SavedModel.
        contract: of the graph.
    """

    folder: Path
    contract: Contract


def example_inputs(contract: Contract) -> Example:
    """Halves everywhere: right in shape (1, C, H, W), harmless in value.

    >>> from facestyle import contract
    >>> graph = Contract("made", (contract.content(32, 48),), (contract.stylized(32, 48),))
    >>> [tuple(x.shape) for x in example_inputs(graph)]
    [(1, 3, 32, 48)]
    """
    return tuple(torch.full(port.shape, 0.5) for port in contract.inputs)


def to_tensorflow(
    graph: Graph, folder: Path, rewrite: Callable[[nn.Module], nn.Module] = for_tflite
) -> SavedGraph:
    """Convert a graph to a SavedModel with the contract's names.

    Args:
        graph: to convert.
        folder: for the SavedModel and what it is made from.
        rewrite: what is done to the graph's module first.

    Raises:
        ConversionError: when the graph has what TensorFlow or ONNX has not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx_file, saved_model = folder / "graph.onnx", folder / "saved_model"
    inputs, outputs = graph.contract.inputs, graph.contract.outputs
    names = [port.name for port in inputs]
    with suppress_output(f"{graph.name} to TensorFlow"), torch.inference_mode():
        torch.onnx.export(
            rewrite(graph.module),
            example_inputs(graph.contract),
            str(onnx_file),
            input_names=names,
            output_names=[port.name for port in outputs],
            dynamo=False,
            opset_version=OPSET,
        )
        import onnx
        import tensorflow as tf

        from export.convert.tensorflow_graph import TensorFlowGraph
        from export.inspect.tflite_file import SIGNATURE

        run = TensorFlowGraph(onnx.load(str(onnx_file)))
        module = tf.Module()
        module.call = tf.function(lambda *pictures: run(dict(zip(names, pictures))))
        signature = module.call.get_concrete_function(
            *(tf.TensorSpec(port.nhwc, tf.float32, name=port.name) for port in inputs)
        )
        tf.saved_model.save(module, str(saved_model), signatures={SIGNATURE: signature})
    return SavedGraph(saved_model, graph.contract)


def to_tflite(
    saved: SavedGraph,
    configure: Callable[[Any, Contract, Sequence[Example]], None],
    path: Path,
    examples: Sequence[Example] = (),
) -> None:
    """Write one ``.tflite`` file.

    Args:
        saved: from ``to_tensorflow``.
        configure: sets up TensorFlow's converter for a precision; see ``export.formats.tflite``.
        path: where to.
        examples: real inputs whose ranges a calibrated precision measures.

    Raises:
        ConversionError: when the converter gives up.
    """
    with suppress_output(f"{path.name}"):
        import tensorflow as tf

        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved.folder))
        configure(converter, saved.contract, examples)
        data = converter.convert()
        path.write_bytes(_with_contract(data, saved.contract))


def _with_contract(data: bytes, contract: Contract) -> bytes:
    """The same model with inputs and outputs named and ordered as the contract has them."""
    # Core ML exports import this module too, and do without LiteRT.
    from export.inspect import tflite_file

    model = tflite_file.parse(data)
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    by_name = {}
    for entry in [*signature.inputs, *signature.outputs]:
        name = entry.name.decode()
        by_name[name] = entry.tensorIndex
        graph.tensors[entry.tensorIndex].name = name
    graph.inputs = [by_name[port.name] for port in contract.inputs]
    graph.outputs = [by_name[port.name] for port in contract.outputs]
    signature.inputs.sort(key=lambda e: graph.inputs.index(e.tensorIndex))
    model.description = f"facestyle {contract.graph}"
    return tflite_file.serialize(model)

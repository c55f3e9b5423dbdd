"""PyTorch to TFLite: ONNX, onnx2tf's Keras model, TensorFlow's converter, contract names.

``to_keras`` is done once per graph; each precision is one conversion of the result. The
files' tensors are renamed and put in the contract's order, which the converters do not keep.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.graphs import Graph
from export.quiet import quiet, scripts_on_path
from export.rewrite import for_tflite
from facestyle.contract import Contract

OPSET = 17
"""The last one that both PyTorch's tracing exporter and onnx2tf treat well."""

Example = tuple[Tensor, ...]
"""Inputs of a graph in the contract's order."""


@dataclass(frozen=True)
class KerasGraph:
    """A graph as a SavedModel on disk.

    Attributes:
        folder: the SavedModel.
        contract: of the graph.
    """

    folder: Path
    contract: Contract


def example_inputs(contract: Contract) -> Example:
    """Halves everywhere: right in shape, harmless in value."""
    return tuple(torch.full(port.shape, 0.5) for port in contract.inputs)


def to_keras(
    graph: Graph, folder: Path, rewrite: Callable[[nn.Module], nn.Module] = for_tflite
) -> KerasGraph:
    """Convert a graph to a SavedModel with the contract's names.

    Args:
        graph: to convert.
        folder: for the SavedModel and what it is made from.
        rewrite: what is done to the graph's module first.

    Raises:
        ConversionError: when a converter gives up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx_file, saved_model = folder / "graph.onnx", folder / "saved_model"
    names = [port.name for port in graph.contract.inputs]
    outputs = [port.name for port in graph.contract.outputs]
    with quiet(f"{graph.name} to TensorFlow"), scripts_on_path(), torch.inference_mode():
        torch.onnx.export(
            rewrite(graph.module),
            example_inputs(graph.contract),
            str(onnx_file),
            input_names=names,
            output_names=outputs,
            dynamo=False,
            opset_version=OPSET,
        )
        import onnx2tf
        import tensorflow as tf
        import tf_keras

        # Layers are numbered through, and their names are in the file: each graph starts anew.
        tf_keras.backend.clear_session()

        # onnx2tf compares layers on pictures it would download; no export needs the network.
        pictures = np.random.default_rng(0).random((20, 128, 128, 3), dtype=np.float32)
        offline = patch("onnx2tf.onnx2tf.download_test_image_data", lambda: pictures)
        with tempfile.TemporaryDirectory() as scratch, offline:
            keras = onnx2tf.convert(
                input_onnx_file_path=str(onnx_file),
                output_folder_path=scratch,
                output_signaturedefs=True,  # names that TensorFlow takes
                non_verbose=True,
                disable_model_save=True,  # the model alone: what it would write is thrown away
            )
        order = {tensor.name.split(":")[0]: i for i, tensor in enumerate(keras.inputs)}
        specs = [
            tf.TensorSpec(port.nhwc, tf.float32, name=port.name) for port in graph.contract.inputs
        ]

        def call(*arguments: Any) -> dict[str, Any]:
            given = dict(zip(names, arguments))
            result = keras([given[name] for name in sorted(order, key=lambda n: order[n])])
            return {outputs[0]: result[0] if isinstance(result, list) else result}

        module = tf.Module()
        module.call = tf.function(call)
        signature = module.call.get_concrete_function(*specs)
        # Saving follows attributes; through the Keras model alone it misses shared layers.
        module.captured = list(signature.graph.variables)
        tf.saved_model.save(module, str(saved_model), signatures={"serving_default": signature})
    return KerasGraph(saved_model, graph.contract)


def to_tflite(
    keras: KerasGraph, precision: str, path: Path, calibration: Sequence[Example] = ()
) -> None:
    """Write one ``.tflite`` file.

    Args:
        keras: from ``to_keras``.
        precision: ``fp32``, ``fp16`` (weights), ``dynamic`` (int8 weights) or ``int8`` (weights,
            activations, inputs and outputs).
        path: where to.
        calibration: for ``int8``, real inputs whose ranges are measured.

    Raises:
        ConversionError: when the converter gives up.
    """
    with quiet(f"{path.name}"):
        import tensorflow as tf

        converter = tf.lite.TFLiteConverter.from_saved_model(str(keras.folder))
        _PRECISIONS[precision](tf, converter, keras.contract, calibration)
        data = converter.convert()
        path.write_bytes(_with_contract(data, keras.contract))


def _fp32(tf: Any, converter: Any, contract: Contract, calibration: Sequence[Example]) -> None:
    pass


def _fp16(tf: Any, converter: Any, contract: Contract, calibration: Sequence[Example]) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _dynamic(tf: Any, converter: Any, contract: Contract, calibration: Sequence[Example]) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _int8(tf: Any, converter: Any, contract: Contract, calibration: Sequence[Example]) -> None:
    def samples() -> Iterator[dict[str, NDArray[np.float32]]]:
        for example in calibration:
            yield {
                port.name: np.ascontiguousarray(value.permute(0, 2, 3, 1).numpy())
                for port, value in zip(contract.inputs, example)
            }

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8


_PRECISIONS: dict[str, Callable[[Any, Any, Contract, Sequence[Example]], None]] = {
    "fp32": _fp32,
    "fp16": _fp16,
    "dynamic": _dynamic,
    "int8": _int8,
}


def _with_contract(data: bytes, contract: Contract) -> bytes:
    """The same model with inputs and outputs named and ordered as the contract has them."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
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
    _grouped_to_depthwise(model, schema)
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _grouped_to_depthwise(model: Any, schema: Any) -> None:
    """Write convolutions with one channel a group as what they are.

    onnx2tf misses those that follow an elementwise operator and leaves a grouped CONV_2D,
    which GPU delegates refuse.
    """
    graph, builtin = model.subgraphs[0], schema.BuiltinOperator
    codes = model.operatorCodes
    for operator in graph.operators:
        code = codes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) != builtin.CONV_2D:
            continue
        source, kernel = (graph.tensors[i] for i in operator.inputs[:2])
        outputs, height, width, per_group = (int(n) for n in kernel.shape)
        if per_group != 1 or outputs != source.shape[3] or outputs == 1:
            continue
        dtype = {0: np.float32, 1: np.float16, 9: np.int8}
        buffer, item = _kernel_buffer(model, graph, kernel)
        values = np.frombuffer(bytes(buffer.data), dtype[item.type]).reshape(kernel.shape)
        buffer.data = np.frombuffer(values.transpose(3, 1, 2, 0).tobytes(), np.uint8)
        for tensor in {id(t): t for t in (kernel, item)}.values():
            tensor.shape = [1, height, width, outputs]
            if tensor.quantization is not None and tensor.quantization.scale is not None:
                tensor.quantization.quantizedDimension = 3
        old, new = operator.builtinOptions, schema.DepthwiseConv2DOptionsT()
        for name in vars(old):
            if hasattr(new, name):
                setattr(new, name, getattr(old, name))
        new.depthMultiplier = 1
        operator.builtinOptions = new
        operator.builtinOptionsType = schema.BuiltinOptions.DepthwiseConv2DOptions
        operator.opcodeIndex = _operator_code(model, schema, builtin.DEPTHWISE_CONV_2D)


def _kernel_buffer(model: Any, graph: Any, kernel: Any) -> tuple[Any, Any]:
    """A kernel's buffer and the tensor that holds it: the one before a DEQUANTIZE in fp16."""
    if model.buffers[kernel.buffer].data is not None:
        return model.buffers[kernel.buffer], kernel
    for operator in graph.operators:
        if graph.tensors[operator.outputs[0]] is kernel:
            stored = graph.tensors[operator.inputs[0]]
            return model.buffers[stored.buffer], stored
    raise ValueError("a convolution's kernel is no constant")


def _operator_code(model: Any, schema: Any, builtin: int) -> int:
    """The index of an operator's code, added if the model has none yet."""
    for index, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin:
            return index
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1

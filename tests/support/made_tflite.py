"""``.tflite`` files put together by hand, most of them of one operator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from torch import nn

from export.convert.graphs import Graph
from export.inspect import tflite_file
from facestyle import contract
from facestyle.contract import Contract

Shape = Sequence[int]

TYPES = {name: code for code, name in tflite_file.DTYPES.items()}
SCALE = 0.05
CUBE = (1, 4, 4, 8)
STRIDES = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}

SIZE = 4
GRAPH = Graph(
    "painter",
    nn.Identity(),
    Contract(
        "painter",
        (contract.content(SIZE, SIZE), contract.painting(SIZE)),
        (contract.stylized(SIZE, SIZE),),
    ),
)
"""What ``difference`` and ``small`` are files of."""


class Made:
    """A ``.tflite`` file put together by hand."""

    def __init__(self) -> None:
        self.graph = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[])
        self.model = schema.ModelT(
            version=3, operatorCodes=[], subgraphs=[self.graph], buffers=[schema.BufferT()]
        )

    def tensor(
        self,
        shape: Shape,
        dtype: str = "float32",
        data: Any = None,
        scale: Any = None,
        axis: int = 0,
    ) -> int:
        """Add a tensor, a constant one if it has data; int8 has a scale unless told otherwise."""
        name = f"t{len(self.graph.tensors)}"
        tensor = schema.TensorT(shape=list(shape), type=TYPES[dtype], name=name)
        scale = SCALE if scale is None and dtype == "int8" else scale
        if scale is not None:
            scales = np.atleast_1d(np.float32(scale))
            tensor.quantization = schema.QuantizationParametersT(
                scale=scales, zeroPoint=np.zeros(scales.size, np.int64), quantizedDimension=axis
            )
        if data is not None:
            values = np.broadcast_to(np.asarray(data, dtype), tuple(shape))
            tensor.buffer = tflite_file.add_buffer(self.model, values.tobytes())
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def given(self, shape: Shape, dtype: str = "float32", scale: Any = None) -> int:
        self.graph.inputs.append(self.tensor(shape, dtype, None, scale))
        return int(self.graph.inputs[-1])

    def result(self, shape: Shape, dtype: str = "float32", scale: Any = None) -> int:
        self.graph.outputs.append(self.tensor(shape, dtype, None, scale))
        return int(self.graph.outputs[-1])

    def add(
        self, name: str, inputs: Shape, outputs: Shape, version: int = 1, **options: Any
    ) -> Made:
        """Add an operator; options by the schema's names, under ``kind`` their table's."""
        code = getattr(schema.BuiltinOperator, name)
        operator = schema.OperatorT(
            opcodeIndex=len(self.model.operatorCodes), inputs=list(inputs), outputs=list(outputs)
        )
        self.model.operatorCodes.append(
            schema.OperatorCodeT(
                builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=version
            )
        )
        kind = options.pop("kind", None)
        if kind:
            operator.builtinOptions = getattr(schema, f"{kind}T")()
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            for option, value in options.items():
                assert hasattr(operator.builtinOptions, option), option
                setattr(operator.builtinOptions, option, value)
        self.graph.operators.append(operator)
        return self

    def data(self) -> bytes:
        return tflite_file.serialize(self.model)

    def write(self, folder: Path) -> Path:
        path = folder / "made.tflite"
        path.write_bytes(self.data())
        return path


def unary(
    name: str, dtype: str = "float32", result: str | None = None, scale: Any = None, **options: Any
) -> Made:
    made = Made()
    made.add(
        name, [made.given(CUBE, dtype)], [made.result(CUBE, result or dtype, scale)], **options
    )
    return made


def binary(
    name: str,
    dtype: str = "float32",
    second: Shape = CUBE,
    *,
    constant: bool = False,
    scales: Sequence[Any] = (None, None, None),
    first: Shape = CUBE,
    **options: Any,
) -> Made:
    made = Made()
    left = made.given(first, dtype, scales[0])
    if constant:
        right = made.tensor(second, dtype, 1, scales[1])
    else:
        right = made.given(second, dtype, scales[1])
    shape = np.broadcast_shapes(tuple(first), tuple(second))
    kind = {"MAXIMUM": "MaximumMinimumOptions", "MINIMUM": "MaximumMinimumOptions"}.get(
        name, "".join(part.title() for part in name.split("_")) + "Options"
    )
    kind = None if name == "PRELU" else kind  # type: ignore[assignment]
    return made.add(
        name, [left, right], [made.result(shape, dtype, scales[2])], kind=kind, **options
    )


def shaped(
    name: str,
    result: Shape,
    *constants: tuple[Shape, Any],
    dtype: str = "float32",
    parts: int = 1,
    shape: Shape = CUBE,
    scale: Any = None,
    last: bool = False,
    version: int = 1,
    integers: str = "int32",
    **options: Any,
) -> Made:
    """One input, then settings; ``last`` puts it after them."""
    made = Made()
    data = made.given(shape, dtype)
    others = [made.tensor(size, integers, values) for size, values in constants]
    outputs = [made.result(result, dtype, scale) for _ in range(parts)]
    return made.add(name, [*others, data] if last else [data, *others], outputs, version, **options)


def convolution(
    name: str = "CONV_2D",
    dtype: str = "float32",
    weights: str | None = None,
    *,
    groups: int = 1,
    computed: bool = False,
    axis: int | None = None,
    **options: Any,
) -> Made:
    """8 channels to 8, 3x3."""
    made = Made()
    depthwise = name == "DEPTHWISE_CONV_2D"
    weights, axis = weights or dtype, (3 if depthwise else 0) if axis is None else axis
    data = made.given((1, 8, 8, 8), dtype)
    shape = (1, 3, 3, 8) if depthwise else (8, 3, 3, 8 // groups)
    scale = np.full(8, 0.01) if weights == "int8" else None
    kernel = made.given(shape, weights) if computed else made.tensor(shape, weights, 1, scale, axis)
    bias = (
        made.tensor((8,), "int32", 0, np.full(8, 0.01 * SCALE))
        if dtype == "int8"
        else made.tensor((8,), "float32", 0)
    )
    kind = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
    defaults = STRIDES | ({"depthMultiplier": 1} if depthwise else {})
    version = 3 if dtype == "int8" else 1
    output = made.result((1, 8, 8, 8), dtype)
    inputs = [data, kernel, bias]
    return made.add(name, inputs, [output], version, kind=kind, **{**defaults, **options})


def transposed(dtype: str = "float32", weights: str | None = None, size: int = 8) -> Made:
    made = Made()
    weights = weights or dtype
    scale = np.full(8, 0.01) if weights == "int8" else None
    shape = made.tensor((4,), "int32", (1, size, size, 8))
    kernel = made.tensor((8, 3, 3, 8), weights, 1, scale)
    data, output = made.given(CUBE, dtype), made.result((1, size, size, 8), dtype)
    strides = {"strideH": 2, "strideW": 2}
    return made.add(
        "TRANSPOSE_CONV", [shape, kernel, data], [output], kind="TransposeConvOptions", **strides
    )


def dense(dtype: str = "float32", weights: str | None = None, computed: bool = False) -> Made:
    made = Made()
    weights = weights or dtype
    data = made.given((1, 8), dtype)
    kernel = made.given((16, 8), weights) if computed else made.tensor((16, 8), weights, 1)
    inputs = [data, kernel, -1]
    version = 4 if dtype == "int8" else 3
    output = made.result((1, 16), dtype)
    return made.add("FULLY_CONNECTED", inputs, [output], version, kind="FullyConnectedOptions")


def pool(name: str, dtype: str, window: int, stride: int) -> Made:
    size = -(-4 // stride)
    options = {"filterHeight": window, "filterWidth": window, "strideH": stride, "strideW": stride}
    return shaped(name, (1, size, size, 8), dtype=dtype, kind="Pool2DOptions", **options)


def reduced(name: str, axes: Shape, dtype: str = "float32", scale: Any = None) -> Made:
    shape = [1 if axis in axes else size for axis, size in enumerate(CUBE)]
    axes_given = ((len(axes),), axes)
    kind = "ReducerOptions"
    return shaped(name, shape, axes_given, dtype=dtype, scale=scale, kind=kind, keepDims=True)


def concatenated(count: int, dtype: str = "float32", scale: Any = None) -> Made:
    made = Made()
    inputs = [made.given(CUBE, dtype) for _ in range(count)]
    output = made.result((1, 4, 4, 8 * count), dtype, scale)
    kind = "ConcatenationOptions"
    return made.add("CONCATENATION", inputs, [output], 2, kind=kind, axis=3)


def padded(name: str, dtype: str = "float32", scale: Any = None, **options: Any) -> Made:
    paddings = ((4, 2), ((0, 0), (1, 1), (1, 1), (0, 0)))
    kind = "MirrorPadOptions" if name == "MIRROR_PAD" else "PadOptions"
    version = 2 if dtype == "int8" and name == "PAD" else 1
    return shaped(
        name,
        (1, 6, 6, 8),
        paddings,
        dtype=dtype,
        scale=scale,
        version=version,
        kind=kind,
        **options,
    )


def resized(name: str, dtype: str = "float32", scale: Any = None, **options: Any) -> Made:
    kind = "".join(part.title() for part in name.split("_")) + "Options"
    size = ((2,), (8, 8))
    return shaped(
        name, (1, 8, 8, 8), size, dtype=dtype, scale=scale, version=3, kind=kind, **options
    )


def sliced(begin: Shape, size: Shape, result: Shape, **more: Any) -> Made:
    return shaped("SLICE", result, ((4,), begin), ((4,), size), kind="SliceOptions", **more)


def strided(result: Shape, end: Shape, strides: Shape = (1, 1, 1, 1), **more: Any) -> Made:
    places = [((4,), (0, 0, 0, 0)), ((4,), end), ((4,), strides)]
    return shaped("STRIDED_SLICE", result, *places, kind="StridedSliceOptions", **more)


def split(parts: int, dtype: str = "float32") -> Made:
    each = (1, 4, 4, 8 // parts)
    kind = "SplitOptions"
    return shaped(
        "SPLIT", each, ((), 3), dtype=dtype, parts=parts, last=True, kind=kind, numSplits=parts
    )


def reshaped(result: Shape, dtype: str = "float32", scale: Any = None) -> Made:
    shape = ((len(result),), result)
    return shaped("RESHAPE", result, shape, dtype=dtype, scale=scale, kind="ReshapeOptions")


def turned(dtype: str = "float32", scale: Any = None) -> Made:
    order = ((4,), (0, 3, 1, 2))
    return shaped(
        "TRANSPOSE", (1, 8, 4, 4), order, dtype=dtype, scale=scale, kind="TransposeOptions"
    )


def blocks(name: str, dtype: str = "float32", scale: Any = None) -> Made:
    deep = name == "DEPTH_TO_SPACE"
    kind = "DepthToSpaceOptions" if deep else "SpaceToDepthOptions"
    result = (1, 8, 8, 2) if deep else (1, 2, 2, 32)
    return shaped(name, result, dtype=dtype, scale=scale, kind=kind, blockSize=2)


def leaky(slope: float, dtype: str, scale: Any = None) -> Made:
    return unary("LEAKY_RELU", dtype, scale=scale, kind="LeakyReluOptions", alpha=slope)


def softmax(beta: float, dtype: str = "float32") -> Made:
    return unary("SOFTMAX", dtype, kind="SoftmaxOptions", beta=beta)


def matmul(dtype: str, constant: bool) -> Made:
    made = Made()
    left = made.given((1, 4, 8), dtype)
    right = made.tensor((1, 8, 4), dtype, 1) if constant else made.given((1, 8, 4), dtype)
    version = 2 if dtype == "int8" else 1
    output = made.result((1, 4, 4), dtype)
    return made.add("BATCH_MATMUL", [left, right], [output], version, kind="BatchMatMulOptions")


def halves(bias: bool) -> Made:
    """A convolution of float16 weights, with a bias of float16 or of float32."""
    made = convolution()
    data, kernel, offset = made.graph.operators.pop().inputs
    made.model.operatorCodes.pop()
    output = made.graph.outputs[0]
    inputs = [data]
    for tensor, half in ((kernel, True), (offset, bias)):
        shape = made.graph.tensors[tensor].shape
        if half:
            stored, tensor = made.tensor(shape, "float16", 1), made.tensor(shape)
            made.add("DEQUANTIZE", [stored], [tensor], 3, kind="DequantizeOptions")
        inputs.append(tensor)
    return made.add("CONV_2D", inputs, [output], kind="Conv2DOptions", **STRIDES)


def signed(made: Made) -> Made:
    """With a signature and names as the contract wants them."""
    signature = schema.SignatureDefT([], [], tflite_file.SIGNATURE)
    for entries, indices, ports in (
        (signature.inputs, made.graph.inputs, GRAPH.contract.inputs),
        (signature.outputs, made.graph.outputs, GRAPH.contract.outputs),
    ):
        for index, port in zip(indices, ports):
            made.graph.tensors[index].name = port.name
            entries.append(schema.TensorMapT(port.name, index))
    made.model.signatureDefs = [signature]
    return made


def difference() -> Made:
    """Content minus painting: which is which can be told from the result."""
    made, shape = Made(), (1, SIZE, SIZE, 3)
    inputs = [made.given(shape), made.given(shape)]
    return signed(made.add("SUB", inputs, [made.result(shape)], kind="SubOptions"))


def small() -> Made:
    """The same after a 1x1 convolution of the painting."""
    made, shape = Made(), (1, SIZE, SIZE, 3)
    content, painting = made.given(shape), made.given(shape)
    kernel, bias = made.tensor((3, 1, 1, 3), data=1), made.tensor((3,), data=0)
    between = made.tensor(shape)
    made.add("CONV_2D", [painting, kernel, bias], [between], kind="Conv2DOptions", **STRIDES)
    return signed(made.add("SUB", [content, between], [made.result(shape)], kind="SubOptions"))

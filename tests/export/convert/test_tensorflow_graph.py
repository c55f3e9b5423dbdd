"""The TensorFlow graph computes what PyTorch's module computes, whatever sizes coincide."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from export.convert.graphs import Graph, build
from export.convert.rewrites import ChannelsToColumns, ColumnsToChannels, DepthToSpace, for_tflite
from export.convert.tflite import OPSET, to_tensorflow, to_tflite
from export.formats.tflite import FP32
from export.runtimes.litert import TFLiteFile
from export.suppress_output import ConversionError, suppress_output
from facestyle import contract
from facestyle.networks.layers import ReplicateConv2d
from facestyle.networks.mobile import MobileConfig, MobileNetwork

with suppress_output("TensorFlow"):
    import onnx
    import tensorflow as tf

    from export.convert.tensorflow_graph import TensorFlowGraph, UnknownOperator


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, *pictures: Tensor) -> Tensor:
        return self.function(*self.layers, *pictures)


def through_tensorflow(module: nn.Module, *pictures: Tensor) -> Tensor:
    names = [f"picture_{i}" for i in range(len(pictures))]
    written = io.BytesIO()
    with suppress_output("ONNX"), torch.inference_mode():
        torch.onnx.export(
            module.eval(),
            pictures,
            written,
            input_names=names,
            output_names=["result"],
            dynamo=False,
            opset_version=OPSET,
        )
    run = TensorFlowGraph(onnx.load_from_string(written.getvalue()))
    turned = [tf.constant(picture.permute(0, 2, 3, 1).numpy()) for picture in pictures]
    return torch.from_numpy(run(dict(zip(names, turned)))["result"].numpy()).permute(0, 3, 1, 2)


def assert_same(module: nn.Module, *pictures: Tensor) -> None:
    with torch.no_grad():
        wanted = module(*pictures)
    torch.testing.assert_close(through_tensorflow(module, *pictures), wanted, rtol=1e-5, atol=1e-5)


def up(x: Tensor, **how: Any) -> Tensor:
    return F.interpolate(x, scale_factor=2, **how)


row = torch.tensor([1.0, -2, 3, 0.5]).reshape(1, 4, 1, 1)


def normalised() -> nn.BatchNorm2d:
    """A batch normalisation that has seen something."""
    module = nn.BatchNorm2d(4)
    nn.init.uniform_(module.weight, 0.5, 2)
    nn.init.uniform_(module.bias, -1, 1)
    module.running_mean, module.running_var = torch.randn(4), torch.rand(4) + 0.5
    return module


MODULES: dict[str, nn.Module] = {
    "convolution": nn.Conv2d(4, 6, 3),
    "padded": nn.Conv2d(4, 4, 3, padding=1),
    "padded by less": nn.Conv2d(4, 4, 5, padding=1),
    "strided": nn.Conv2d(4, 4, 3, stride=2, padding=1),
    "upright strides": nn.Conv2d(4, 4, (3, 1), stride=(2, 1)),
    "even kernel": nn.Conv2d(4, 8, 4, stride=2, bias=False),
    "in pairs": for_tflite(ReplicateConv2d(4, 8, 3)),
    "in pairs of more outputs": for_tflite(ReplicateConv2d(4, 10, 5)),
    "normalised": normalised().eval(),
    "transposed": nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1),
    "transposed, one more": nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=(1, 0), bias=False),
    "depthwise": nn.Conv2d(4, 4, 3, padding=1, groups=4),
    "rows": Function(lambda x: torch.cat((x[:, :, :1], x, x[:, :, -2:-1]), 2)),
    "columns": Function(lambda x: torch.cat((x[:, :, :, 1:2], x, x[:, :, :, -1:]), 3)),
    "channels": Function(lambda x: torch.cat((x[:, 1:3], x[:, -1:], x), 1)),
    "chunks": Function(lambda x: x.chunk(4, 1)[2] * x),
    "statistics": Function(lambda x: (x - F.adaptive_avg_pool2d(x, 1)).abs().add(1).sqrt()),
    "values of channels": Function(lambda x: row * x + 1 / (row + 7)),
    "single values": Function(lambda x: 1 - 2 * torch.sigmoid(x) / 3),
    "softplus": nn.Softplus(),
    "limits": Function(lambda x: F.relu6(3 * x) + (2 * x).clamp(0, 1) + F.relu(x)),
    "bilinear": Function(lambda x: up(x, mode="bilinear")),
    "bilinear of many channels": Function(lambda x: up(torch.cat((x, x), 1), mode="bilinear")),
    "bilinear rows": Function(lambda x: F.interpolate(x, scale_factor=(2, 1), mode="bilinear")),
    "nearest": Function(lambda x: up(x, mode="nearest")),
    "reflected": Function(lambda x: F.pad(x, (1, 2, 2, 1), mode="reflect")),
    "zeros": Function(lambda x: F.pad(x, (1, 2, 0, 1))),
    "averages": nn.AvgPool2d(2),
    "maxima": nn.MaxPool2d(2),
    "maxima of a padded picture": nn.MaxPool2d(3, stride=2, padding=1),
    "depth to space": Function(DepthToSpace.apply),
    "columns to channels": Function(lambda x: ColumnsToChannels.apply(x, 2)),
    "channels to columns": Function(lambda x: ChannelsToColumns.apply(x, 2)),
}


@settings(max_examples=5, deadline=None)
@given(height=st.integers(2, 5), width=st.integers(2, 5), seed=st.integers(0, 2**31))
@pytest.mark.parametrize("name", MODULES)
def test_operators_agree_at_any_size(name: str, height: int, width: int, seed: int) -> None:
    """Sides of 4, 6 and 8 are numbers of channels too."""
    torch.manual_seed(seed)
    assert_same(MODULES[name], torch.randn(1, 4, 2 * height, 2 * width))


@pytest.mark.parametrize("height", [1, 4, 6])
@pytest.mark.parametrize("width", [1, 4, 6])
def test_values_of_channels_pixels_and_both_meet(height: int, width: int) -> None:
    module = Function(lambda x, code, strength: (x + code) * strength - code * strength)
    picture, code = torch.randn(1, 4, 4, 6), torch.randn(1, 4, 1, 1)
    assert_same(module, picture, code, torch.randn(1, 1, 1, 1))
    assert_same(module, picture, code, torch.randn(1, 1, 4, 6))
    assert_same(module, torch.randn(1, 4, height, width), code, torch.randn(1, 1, 1, 1))


@pytest.mark.parametrize(
    "module",
    [
        Function(lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate")),
        Function(lambda x: F.pixel_shuffle(x, 2)),
        Function(lambda x: x[:, :, ::2]),
        Function(torch.tanh),
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.AvgPool2d(2, padding=1),
    ],
)
def test_what_is_not_known_is_refused(module: nn.Module) -> None:
    with pytest.raises(UnknownOperator):
        through_tensorflow(module, torch.rand(1, 4, 8, 8))


def test_what_is_not_known_is_a_conversions_failure(tmp_path: Path) -> None:
    ports = contract.content(16, 24), contract.stylized(16, 24)
    graph = Graph("hyperbolic", Function(torch.tanh), contract.Contract("a", ports[:1], ports[1:]))
    with pytest.raises(ConversionError, match=r"no TensorFlow operator is known for ONNX's Tanh"):
        to_tensorflow(graph, tmp_path)


SMALL = MobileConfig(
    channels=(8, 16, 24),
    style_channels=(8, 8, 8, 8),
    style_hidden=16,
    code_size=16,
    encoder_blocks=(1, 1),
    decoder_blocks=(1, 1, 1),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("height", "width"),
    [
        *((8, 8), (16, 16), (8, 24), (24, 8), (48, 32)),
        # A feature map's side is its number of channels.
        *((16, 64), (64, 16), (64, 32), (192, 48), (48, 192), (192, 192), (128, 64)),
    ],
)
def test_a_network_agrees_at_every_size(height: int, width: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    graph = build("stylizer", MobileNetwork(SMALL).eval(), height, width)
    path = tmp_path / "model.tflite"
    to_tflite(to_tensorflow(graph, tmp_path), FP32.configure, path)
    inputs = tuple(torch.rand(port.shape) for port in graph.contract.inputs)
    with torch.no_grad():
        wanted = graph.module(*inputs)
    found = TFLiteFile(path, graph.contract).run(inputs)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=0, atol=1e-4)

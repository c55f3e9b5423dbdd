"""Convolutions and their transposes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from coreml_reference.neuralnetwork import padding
from coreml_reference.neuralnetwork.layer import Layer, Layers, Node, Run, checked, on_images
from coreml_reference.neuralnetwork.padding import Pair


def _convolution(node: Node) -> Run:
    params = node.params
    groups, channels = int(params.nGroups) or 1, int(params.outputChannels)
    if channels % groups:
        raise node.damaged(f"{channels} output channels in {groups} groups")
    bias = node.weight("bias", (channels,)) if params.hasBias else None
    if params.isDeconvolution:
        return _transposed(node, groups, bias)
    kernel, stride = node.pair("kernelSize", 3), node.pair("stride", 1)
    dilation = node.pair("dilationFactor", 1)
    shape = (channels, int(params.kernelChannels), *kernel)
    fixed = [] if len(node.inputs) == 2 else [node.weight("weights", shape)]
    pad = padding.PADDINGS[node.one_of("ConvolutionPaddingType")](node)
    span = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation))

    def run(x: Tensor, *given: Tensor) -> Tensor:
        (weight,) = given or fixed
        if tuple(weight.shape) != shape:
            raise ValueError(f"a kernel of {tuple(weight.shape)}, not {shape}")
        size = (x.shape[-2], x.shape[-1])
        (top, bottom), (left, right) = pad(size, (span[0], span[1]), stride)
        around = max(channels, x.shape[1])
        checked((len(x), around, size[0] + top + bottom, size[1] + left + right))
        if (top, left) == (bottom, right):
            return F.conv2d(x, weight, bias, stride, (top, left), dilation, groups)
        x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, weight, bias, stride, 0, dilation, groups)

    return on_images(run, least=4)


def _transposed(node: Node, groups: int, bias: Tensor | None) -> Run:
    params = node.params
    if len(node.inputs) == 2:
        raise node.unsupported("a transposed kernel as input")
    channels = int(params.outputChannels)
    kernel, stride = node.pair("kernelSize", 3), node.pair("stride", 1)
    dilation = node.pair("dilationFactor", 1)
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    shape = (int(params.kernelChannels), channels // groups, *kernel)
    weight = node.weight("weights", shape, axis=1)
    given = node.pair("outputShape", 0, least=0)
    mode = node.one_of("ConvolutionPaddingType")
    pad = padding.borders(node, params.valid.paddingAmounts)
    top_left = mode == "same" and node.choice("asymmetryMode", params.same) == "TOP_LEFT_HEAVY"

    def crop(size: int, k: int, s: int, border: Pair, given: int) -> Pair:
        full = (size - 1) * s + k
        wanted = given or (size * s if mode == "same" else full - sum(border))
        missing = full - wanted
        if mode == "valid" and missing == sum(border):
            return border
        # Where a stride is longer than the kernel, the end is filled up.
        return padding.divided(missing, top_left=top_left) if missing > 0 else (0, missing)

    def run(x: Tensor) -> Tensor:
        size = (x.shape[-2], x.shape[-1])
        crops = [crop(*values) for values in zip(size, span, stride, pad, given)]
        (top, bottom), (left, right) = crops
        full = [(n - 1) * s + k for n, s, k in zip(size, stride, span)]
        checked((len(x), channels, full[0], full[1]))
        checked((len(x), channels, full[0] - top - bottom, full[1] - left - right))
        y = F.conv_transpose2d(x, weight, None, stride, 0, 0, groups, dilation)
        y = F.pad(y, (-left, -right, -top, -bottom))
        return y if bias is None else y + bias[:, None, None]

    return on_images(run, least=4)


LAYERS: Layers = {"convolution": Layer(_convolution, inputs=range(1, 3))}

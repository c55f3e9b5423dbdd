"""Upsampling, resizing and cropping."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from coreml_reference import resizing
from coreml_reference.neuralnetwork import padding
from coreml_reference.neuralnetwork.layer import Layer, Layers, Node, Run, checked, on_images

UPSAMPLING = {
    "DEFAULT": "DEFAULT",
    "ALIGN_CORNERS_TRUE": "STRICT_ALIGN_CORNERS",
    "ALIGN_CORNERS_FALSE": "UNALIGN_CORNERS",
}
"""``UpsampleLayerParams.LinearUpsampleMode`` as sampling modes of ML Programs."""

SAMPLING = {
    "STRICT_ALIGN_ENDPOINTS_MODE": "STRICT_ALIGN_CORNERS",
    "ALIGN_ENDPOINTS_MODE": "ALIGN_CORNERS",
    "UPSAMPLE_MODE": "DEFAULT",
    "ROI_ALIGN_MODE": "OFFSET_CORNERS",
}
"""``SamplingMode.Method`` likewise."""


def _upsample(node: Node) -> Run:
    factors, fractions = node.params.scalingFactor, node.params.fractionalScalingFactor
    linear = node.choice("mode") == "BILINEAR"
    mode = node.choice("linearUpsampleMode")
    if not fractions:
        factor = node.pair("scalingFactor", 1)
        if linear:
            return _bilinear(UPSAMPLING[mode], lambda size, axis: size * factor[axis])
        return _nearest(*factor)
    if factors or len(fractions) != 2 or not all(0 < f < math.inf for f in fractions):
        raise node.damaged(f"scaling factors {list(factors)} and {list(fractions)}")
    if not linear or mode == "DEFAULT":
        raise node.unsupported("a fractional scaling factor that does not say where corners are")
    return _bilinear(UPSAMPLING[mode], lambda size, axis: resizing.scaled(size, fractions[axis]))


def _nearest(rows: int, columns: int) -> Run:
    def run(x: Tensor) -> Tensor:
        checked((*x.shape[:2], x.shape[2] * rows, x.shape[3] * columns))
        return x.repeat_interleave(rows, 2).repeat_interleave(columns, 3)

    return on_images(run)


def _resize_bilinear(node: Node) -> Run:
    wanted = node.pair("targetSize", 1)
    mode = SAMPLING[node.choice("samplingMethod", node.params.mode)]
    return _bilinear(mode, lambda size, axis: wanted[axis])


def _bilinear(mode: str, wanted: Callable[[int, int], int]) -> Run:
    def run(x: Tensor) -> Tensor:
        n, c, old_height, old_width = x.shape
        height, width = wanted(old_height, 0), wanted(old_width, 1)
        checked((n, c, height, max(width, old_width)))
        x = resizing.linear(x, 2, resizing.positions(mode, old_height, height))
        return resizing.linear(x, 3, resizing.positions(mode, old_width, width))

    return on_images(run)


def _crop(node: Node) -> Run:
    if len(node.inputs) == 2:
        top, left = node.pair("offset", 0, least=0)

        def cut(x: Tensor, like: Tensor) -> Tensor:
            height, width = like.shape[-2:]
            if top + height > x.shape[-2] or left + width > x.shape[-1]:
                raise ValueError(f"{tuple(x.shape)} cropped to {tuple(like.shape)}")
            return x[..., top : top + height, left : left + width]

        return cut
    (above, below), (before, behind) = padding.borders(node, node.params.cropAmounts)

    def run(x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if above + below >= height or before + behind >= width:
            raise ValueError(f"nothing left of {tuple(x.shape)}")
        return x[..., above : height - below, before : width - behind]

    return run


LAYERS: Layers = {
    "crop": Layer(_crop, inputs=range(1, 3)),
    "upsample": Layer(_upsample),
    "resizeBilinear": Layer(_resize_bilinear),
}

"""Exact twins of layers that phones run slowly, made of operators that they run fast.

XNNPACK takes neither MIRROR_PAD nor RESIZE_NEAREST_NEIGHBOR. Left in, they cut paper 1's
network into 19 pieces between which every tensor is copied. The twins compute the same
function from slices, concatenations and one convolution each, so the graph stays whole.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.networks.layers import ReflectConv2d, UpsampleReflectConv2d


class SlicedReflectConv2d(nn.Module):
    """Twin of a ``ReflectConv2d``: the reflected border is sliced off and concatenated.

    Owns the origin's ``weight`` and ``bias``, unchanged and under their own names.
    """

    def __init__(self, origin: ReflectConv2d) -> None:
        super().__init__()
        self.weight, self.bias = origin.weight, origin.bias

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W); H and W of at least 2."""
        x = torch.cat((x[:, :, 1:2], x, x[:, :, -2:-1]), 2)
        x = torch.cat((x[:, :, :, 1:2], x, x[:, :, :, -2:-1]), 3)
        return F.conv2d(x, self.weight, self.bias)


class FoldedUpsampleConv2d(nn.Module):
    """Twin of an ``UpsampleReflectConv2d``: one transposed convolution, 4 taps per output.

    Owns the origin's ``bias``, and a buffer ``folded_weight`` (inputs, outputs, 4, 4) computed
    from the origin's ``weight`` by ``fold_upsampling``.
    """

    folded_weight: Tensor

    def __init__(self, origin: UpsampleReflectConv2d) -> None:
        super().__init__()
        self.register_buffer("folded_weight", fold_upsampling(origin.weight.detach()))
        self.bias = origin.bias

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2H, 2W)."""
        # Reflection beyond an upsampled edge meets the edge pixel's own copy: it repeats it.
        x = torch.cat((x[:, :, :1], x, x[:, :, -1:]), 2)
        x = torch.cat((x[:, :, :, :1], x, x[:, :, :, -1:]), 3)
        # Two rows at either end lack half their taps and one more lies over the repeated edge.
        return F.conv_transpose2d(x, self.folded_weight, self.bias, stride=2, padding=3)


def fold_upsampling(weight: Tensor) -> Tensor:
    """The transposed convolution, of stride 2, that upsamples by 2 and then convolves.

    Nearest upsampling is a transposed convolution with a 2x2 box of ones, and a transposed
    convolution scatters with its kernel where a convolution gathers with the mirrored one. So
    the two kernels merge into ``box * mirrored(weight)``, ``*`` being full convolution.

    Args:
        weight: of a 3x3 ``nn.Conv2d``, (outputs, inputs, 3, 3).

    Returns:
        (inputs, outputs, 4, 4), as ``conv_transpose2d`` wants it.
    """
    # A box of ones sums what it covers. In double, so that each sum is rounded only once.
    scattering = weight.double().flip(2, 3).transpose(0, 1)
    box_sums = F.avg_pool2d(scattering, 2, stride=1, padding=1, divisor_override=1)
    return box_sums.to(weight.dtype).contiguous()


def for_tflite(module: nn.Module) -> nn.Module:
    """A copy for inference that equals ``module`` but suits mobile delegates.

    Every ``ReflectConv2d`` and ``UpsampleReflectConv2d`` in it is replaced by its twin;
    ``module`` itself stays as it is. ``derived_constants`` lists the weights that changed.
    """
    root = nn.ModuleDict({"root": copy.deepcopy(module)})
    # Both names of a layer that is used twice must be replaced, hence with duplicates.
    for name, part in list(root.named_modules(remove_duplicate=False)):
        if isinstance(part, ReflectConv2d):
            root.set_submodule(name, SlicedReflectConv2d(part))
        elif isinstance(part, UpsampleReflectConv2d):
            root.set_submodule(name, FoldedUpsampleConv2d(part))
    return root["root"].eval().requires_grad_(False)


def derived_constants(module: nn.Module) -> dict[str, str]:
    """Which constants of a rewritten module come from which parameter of its origin.

    Returns:
        ``{"decoder.conv3_4.folded_weight": "decoder.conv3_4.weight", ...}``. Constants that
        are not listed kept their name and value.
    """
    return {
        f"{name}.folded_weight".lstrip("."): f"{name}.weight".lstrip(".")
        for name, part in module.named_modules()
        if isinstance(part, FoldedUpsampleConv2d)
    }

"""Exact twins of layers that phones run slowly, made of operators that they run fast.

XNNPACK takes neither MIRROR_PAD nor RESIZE_NEAREST_NEIGHBOR. Left in, they cut paper 1's
network into 19 pieces between which every tensor is copied. The twins compute the same
function from slices, concatenations, one convolution each, and depth to space, so the graph stays
whole. XNNPACK's inner loops go over channels: where there are few, pairs of columns have twice as
many.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.networks.layers import (
    BlurDownsample,
    ReflectConv2d,
    ReplicateConv2d,
    UpsampleReflectConv2d,
)


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


class SlicedReplicateConv2d(nn.Module):
    """Twin of a ``ReplicateConv2d``: the edges are sliced off and concatenated.

    Owns the origin's ``weight`` and ``bias``, unchanged and under their own names.
    """

    def __init__(self, origin: ReplicateConv2d) -> None:
        super().__init__()
        self.weight, self.bias, self.groups = origin.weight, origin.bias, origin.groups
        self.border = cast(int, origin.padding[0])

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        x = repeat_edges(x, self.border)
        return F.conv2d(x, self.weight, self.bias, groups=self.groups)


def repeat_edges(x: Tensor, border: int) -> Tensor:
    """(N, C, H, W) with its outermost rows and columns repeated ``border`` times.

    >>> repeat_edges(torch.tensor([[[[1.0, 2.0]]]]), 1)[0, 0].tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    """
    return repeat_columns(repeat_rows(x, border), border)


def repeat_rows(x: Tensor, border: int) -> Tensor:
    """(N, C, H, W) with its first and last row repeated ``border`` times."""
    return torch.cat((*[x[:, :, :1]] * border, x, *[x[:, :, -1:]] * border), 2)


def repeat_columns(x: Tensor, border: int, more: int = 0) -> Tensor:
    """(N, C, H, W) with its first and last column repeated ``border`` times, the last ``more``.

    >>> repeat_columns(torch.tensor([[[[1.0, 2.0]]]]), 1, more=1).flatten().tolist()
    [1.0, 1.0, 2.0, 2.0, 2.0]
    """
    after = border + more
    return torch.cat((*[x[:, :, :, :1]] * border, x, *[x[:, :, :, -1:]] * after), 3)


class PairedReplicateConv2d(nn.Module):
    """Twin of a ``ReplicateConv2d`` of few inputs or outputs, for pairs of columns.

    An odd kernel takes one column more for a pair of outputs than for one, so a convolution over
    pairs multiplies by few zeros, and fills XNNPACK's tiles of 8 outputs. Owns two buffers
    computed from the origin's parameters: ``paired_weight`` (2 outputs, 2 inputs, rows,
    (columns + 1) / 2) from ``weight`` by ``pair_columns``, and ``paired_bias``, ``bias`` twice.
    """

    paired_weight: Tensor
    paired_bias: Tensor

    def __init__(self, origin: ReplicateConv2d) -> None:
        super().__init__()
        assert origin.bias is not None
        self.register_buffer("paired_weight", pair_columns(origin.weight.detach()))
        self.register_buffer("paired_bias", origin.bias.detach().repeat(2))
        self.border = cast(int, origin.padding[0])

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        width = x.shape[3]
        x = repeat_columns(repeat_rows(x, self.border), self.border, width % 2)
        y = F.conv2d(ColumnsToChannels.apply(x, 2), self.paired_weight, self.paired_bias)
        y = cast(Tensor, ChannelsToColumns.apply(y, 2))
        return y[:, :, :, :width] if width % 2 else y


def pair_columns(weight: Tensor) -> Tensor:
    """The kernel that computes two neighbouring columns from pairs of columns.

    Args:
        weight: (outputs, inputs, rows, columns), an odd number of columns.

    Returns:
        (2 outputs, 2 inputs, rows, (columns + 1) / 2): the left column's outputs and inputs first.

    >>> pair_columns(torch.tensor([[[[1.0, 2.0, 3.0]]]]))[:, 0, 0].tolist()  # inputs on the left
    [[1.0, 3.0], [0.0, 2.0]]
    """
    both = torch.cat((F.pad(weight, (0, 1)), F.pad(weight, (1, 0))))
    return cast(Tensor, ColumnsToChannels.apply(both, 2)).contiguous()


class ColumnsToChannels(torch.autograd.Function):
    """(N, C, H, W) to (N, columns C, H, W / columns), neighbours' channels one after another.

    With channels last, as phones have them, no value moves.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, columns: int) -> Tensor:
        """See the class."""
        batch, channels, height, width = x.shape
        apart = x.reshape(batch, channels, height, width // columns, columns)
        return apart.permute(0, 4, 1, 2, 3).reshape(batch, -1, height, width // columns)

    @staticmethod
    def symbolic(g: Any, x: Any, columns: int) -> Any:
        """An operator that only ``export.convert.tensorflow_graph`` knows."""
        batch, channels, height, width = x.type().sizes()
        sizes = [batch, channels * columns, height, width // columns]
        y = g.op("facestyle::ColumnsToChannels", x, columns_i=columns)
        return y.setType(x.type().with_sizes(sizes))


class ChannelsToColumns(torch.autograd.Function):
    """The reverse of ``ColumnsToChannels``: (N, columns C, H, W) to (N, C, H, columns W)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, columns: int) -> Tensor:
        """See the class."""
        batch, channels, height, width = x.shape
        apart = x.reshape(batch, columns, channels // columns, height, width)
        return apart.permute(0, 2, 3, 4, 1).reshape(batch, -1, height, columns * width)

    @staticmethod
    def symbolic(g: Any, x: Any, columns: int) -> Any:
        """See ``ColumnsToChannels``."""
        batch, channels, height, width = x.type().sizes()
        sizes = [batch, channels // columns, height, width * columns]
        y = g.op("facestyle::ChannelsToColumns", x, columns_i=columns)
        return y.setType(x.type().with_sizes(sizes))


FEW = 8
"""Channels of which XNNPACK's kernels compute as many at once."""


def replicate_twin(origin: ReplicateConv2d) -> nn.Module:
    """The faster twin of a ``ReplicateConv2d``."""
    pairs = (
        origin.groups == 1
        and origin.kernel_size[1] > 1
        and min(origin.in_channels, origin.out_channels) < FEW
    )
    return PairedReplicateConv2d(origin) if pairs else SlicedReplicateConv2d(origin)


class SeparateBlur(nn.Module):
    """Twin of a ``BlurDownsample``: along the columns, then along the rows.

    XNNPACK has a kernel of 4 taps, but none of 16: those cost it 25. Owns two buffers computed
    from the origin's weight: ``separate_down`` (C, 1, 4, 1) and ``separate_right`` (C, 1, 1, 4).
    """

    separate_down: Tensor
    separate_right: Tensor

    def __init__(self, origin: BlurDownsample) -> None:
        super().__init__()
        weight = origin.weight.detach()
        # The kernel is an outer product of taps that add up to 1.
        self.register_buffer("separate_down", weight.sum(3, keepdim=True))
        self.register_buffer("separate_right", weight.sum(2, keepdim=True))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H / 2, W / 2)."""
        channels = x.shape[1]
        x = torch.cat((x[:, :, 1:2], x, x[:, :, -2:-1]), 2)
        x = F.conv2d(x, self.separate_down, stride=(2, 1), groups=channels)
        x = torch.cat((x[:, :, :, 1:2], x, x[:, :, :, -2:-1]), 3)
        return F.conv2d(x, self.separate_right, stride=(1, 2), groups=channels)


class FoldedUpsampleConv2d(nn.Module):
    """Twin of an ``UpsampleReflectConv2d``: a 2x2 convolution for each of an output pixel's four
    phases, at the low resolution, then depth to space.

    A transposed convolution computes the same, at half the speed in XNNPACK. Owns two buffers
    computed from the origin's parameters: ``folded_weight`` (4 outputs, inputs, 2, 2) from
    ``weight`` by ``fold_upsampling``, and ``folded_bias`` (4 outputs,), ``bias`` four times.
    """

    folded_weight: Tensor
    folded_bias: Tensor

    def __init__(self, origin: UpsampleReflectConv2d) -> None:
        super().__init__()
        assert origin.bias is not None
        self.register_buffer("folded_weight", fold_upsampling(origin.weight.detach()))
        self.register_buffer("folded_bias", origin.bias.detach().repeat(4))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2H, 2W)."""
        height, width = x.shape[-2:]
        # Reflection beyond an upsampled edge meets the edge pixel's own copy: it repeats it.
        phases = F.conv2d(repeat_edges(x, 1), self.folded_weight, self.folded_bias).chunk(4, 1)
        placed = [
            phase[:, :, down : down + height, right : right + width]
            for phase, (down, right) in zip(phases, PHASES)
        ]
        return cast(Tensor, DepthToSpace.apply(torch.cat(placed, 1)))


PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Of an output pixel: its row and column modulo 2, in the order of channels."""


class DepthToSpace(torch.autograd.Function):
    """(N, 4 C, H, W), channels phase by phase, to (N, C, 2H, 2W).

    ``F.pixel_shuffle`` has a channel's phases side by side, which TensorFlow has no operator for.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """See the class."""
        batch, channels, height, width = x.shape
        phases = x.reshape(batch, 2, 2, channels // 4, height, width)
        return phases.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels // 4, 2 * height, 2 * width)

    @staticmethod
    def symbolic(g: Any, x: Any) -> Any:
        """The ONNX operator."""
        return g.op("DepthToSpace", x, blocksize_i=2, mode_s="DCR")


def fold_upsampling(weight: Tensor) -> Tensor:
    """The 2x2 convolutions that upsample by 2 and then convolve, one for each phase.

    Under a 3x3 kernel on an image upsampled by copying, taps that meet copies of the same pixel
    add up: an even row's lie on the pixel before and (two of them) on its own, an odd row's (two)
    on its own and on the next.

    Args:
        weight: of a 3x3 ``nn.Conv2d``, (outputs, inputs, 3, 3).

    Returns:
        (4 outputs, inputs, 2, 2), in the order of ``PHASES``.

    >>> fold_upsampling(torch.ones(1, 1, 3, 3))[0, 0].tolist()  # row and column even
    [[1.0, 2.0], [2.0, 4.0]]
    """
    # In double, so that each sum is rounded only once.
    kernel = weight.double()
    meeting = kernel.new_tensor([[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]])
    folded = [
        torch.einsum("rk,oikl,cl->oirc", meeting[down], kernel, meeting[right])
        for down, right in PHASES
    ]
    return torch.cat(folded).to(weight.dtype).contiguous()


TWINS: Mapping[type[nn.Module], Callable[[Any], nn.Module]] = MappingProxyType(
    {
        ReflectConv2d: SlicedReflectConv2d,
        ReplicateConv2d: replicate_twin,
        BlurDownsample: SeparateBlur,
        UpsampleReflectConv2d: FoldedUpsampleConv2d,
    }
)
"""What stands in for which layer."""

DERIVED: Mapping[type[nn.Module], Mapping[str, str]] = MappingProxyType(
    {
        FoldedUpsampleConv2d: {"folded_weight": "weight", "folded_bias": "bias"},
        PairedReplicateConv2d: {"paired_weight": "weight", "paired_bias": "bias"},
        SeparateBlur: {"separate_down": "weight", "separate_right": "weight"},
    }
)
"""The buffers of a twin that changes its origin's parameters, and which each comes from."""


def for_tflite(module: nn.Module) -> nn.Module:
    """A copy for inference that equals ``module`` but suits mobile delegates.

    Every layer that has a twin (``TWINS``) is replaced by it; ``module`` itself stays as it is.
    ``derived_constants`` lists the weights that changed.
    """
    root = nn.ModuleDict({"root": copy.deepcopy(module)})
    # Both names of a layer that is used twice must be replaced, hence with duplicates.
    for name, part in list(root.named_modules(remove_duplicate=False)):
        if twin := TWINS.get(type(part)):
            root.set_submodule(name, twin(part))
    return root["root"].eval().requires_grad_(False)


def derived_constants(module: nn.Module) -> dict[str, str]:
    """Which constants of a rewritten module come from which parameter of its origin.

    Returns:
        ``{"decoder.conv3_4.folded_weight": "decoder.conv3_4.weight", ...}``. Constants that
        are not listed kept their name and value.

    >>> derived_constants(nn.Sequential(nn.Conv2d(3, 3, 1)))
    {}
    """
    return {
        f"{name}.{buffer}".lstrip("."): f"{name}.{parameter}".lstrip(".")
        for name, part in module.named_modules()
        for buffer, parameter in DERIVED.get(type(part), {}).items()
    }

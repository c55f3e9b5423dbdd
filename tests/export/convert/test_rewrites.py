"""The twins that phones run compute what the layers they replace compute."""

from __future__ import annotations

from typing import cast

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from export.convert.rewrites import (
    FEW,
    ChannelsToColumns,
    ColumnsToChannels,
    DepthToSpace,
    FoldedUpsampleConv2d,
    PairedReplicateConv2d,
    SeparateBlur,
    SlicedReflectConv2d,
    SlicedReplicateConv2d,
    derived_constants,
    fold_upsampling,
    for_tflite,
    pair_columns,
)
from facestyle.networks import StyleNetwork, create
from facestyle.networks.layers import (
    BlurDownsample,
    ReflectConv2d,
    ReplicateConv2d,
    UpsampleReflectConv2d,
)
from facestyle.networks.mobile import MobileNetwork
from facestyle.networks.vgg19 import VGG19Network

channels = st.integers(1, 5)
sizes = st.integers(2, 9)
seeds = st.integers(0, 2**32 - 1)


def assert_twins_agree(layer: nn.Module, x: Tensor) -> None:
    twin = for_tflite(layer)
    with torch.no_grad():
        expected = layer(x)
    actual = twin(x)
    assert not actual.requires_grad
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(inputs=channels, outputs=channels, height=sizes, width=sizes, seed=seeds)
@pytest.mark.parametrize("kind", [ReflectConv2d, UpsampleReflectConv2d])
def test_twins_agree_at_any_size(
    kind: type[ReflectConv2d | UpsampleReflectConv2d],
    inputs: int,
    outputs: int,
    height: int,
    width: int,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    assert_twins_agree(kind(inputs, outputs), torch.randn(2, inputs, height, width))


@settings(max_examples=60, deadline=None)
@given(
    inputs=channels,
    outputs=channels,
    kernel=st.sampled_from([1, 3, 5]),
    depthwise=st.booleans(),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=seeds,
)
def test_repeated_edges_agree_at_any_size(
    inputs: int,
    outputs: int,
    kernel: int,
    depthwise: bool,
    height: int,
    width: int,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    layer = (
        ReplicateConv2d(inputs, inputs, kernel, groups=inputs)
        if depthwise
        else ReplicateConv2d(inputs, outputs, kernel)
    )
    x = torch.randn(2, inputs, height, width)
    assert layer(x).shape[-2:] == x.shape[-2:]
    assert_twins_agree(layer, x)


@settings(max_examples=60, deadline=None)
@given(
    inputs=channels,
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    seed=seeds,
)
def test_the_blur_agrees_at_any_even_size(inputs: int, rows: int, columns: int, seed: int) -> None:
    torch.manual_seed(seed)
    x = torch.randn(2, inputs, 2 * rows, 2 * columns)
    layer = BlurDownsample(inputs)
    assert layer(x).shape[-2:] == (rows, columns)
    assert_twins_agree(layer, x)


@settings(max_examples=60, deadline=None)
@given(
    inputs=st.sampled_from([1, 3, FEW, FEW + 1]),
    outputs=st.sampled_from([1, 3, FEW, FEW + 1]),
    kernel=st.sampled_from([3, 5]),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=seeds,
)
def test_few_channels_are_convolved_in_pairs_of_columns(
    inputs: int, outputs: int, kernel: int, height: int, width: int, seed: int
) -> None:
    torch.manual_seed(seed)
    layer = ReplicateConv2d(inputs, outputs, kernel)
    twin = for_tflite(layer)
    few = min(inputs, outputs) < FEW
    assert type(twin) is (PairedReplicateConv2d if few else SlicedReplicateConv2d)
    x = torch.randn(2, inputs, height, width)
    assert twin(x).shape == (2, outputs, height, width)
    assert_twins_agree(layer, x)


@settings(max_examples=20, deadline=None)
@given(inputs=channels, outputs=channels, kernel=st.sampled_from([1, 3, 5]), seed=seeds)
def test_each_column_of_a_pair_has_the_whole_kernel(
    inputs: int, outputs: int, kernel: int, seed: int
) -> None:
    weight = torch.randn(
        outputs, inputs, kernel, kernel, generator=torch.Generator().manual_seed(seed)
    )
    paired = pair_columns(weight)
    assert paired.shape == (2 * outputs, 2 * inputs, kernel, (kernel + 1) // 2)
    assert torch.equal(paired.ne(0).sum(), 2 * weight.ne(0).sum())
    left, right = cast(Tensor, ChannelsToColumns.apply(paired, 2)).chunk(2)
    assert torch.equal(left[..., :-1], weight)
    assert torch.equal(right[..., 1:], weight)


@settings(max_examples=20, deadline=None)
@given(count=channels, columns=st.integers(1, 4), height=st.integers(1, 4), width=st.integers(1, 4))
def test_columns_become_channels_without_a_value_moved(
    count: int, columns: int, height: int, width: int
) -> None:
    """Channels last, that is."""
    x = torch.arange(2 * count * height * width * columns).reshape(2, count, height, -1)
    y = cast(Tensor, ColumnsToChannels.apply(x, columns))
    assert y.shape == (2, count * columns, height, width)
    assert torch.equal(y.permute(0, 2, 3, 1).flatten(), x.permute(0, 2, 3, 1).flatten())
    assert torch.equal(cast(Tensor, ChannelsToColumns.apply(y, columns)), x)


def test_upsampling_agrees_even_on_a_single_position() -> None:
    assert_twins_agree(UpsampleReflectConv2d(3, 2), torch.randn(1, 3, 1, 1))


@settings(max_examples=20, deadline=None)
@given(inputs=channels, outputs=channels, seed=seeds)
def test_taps_that_meet_one_pixel_add_up(inputs: int, outputs: int, seed: int) -> None:
    weight = torch.randn(
        outputs, inputs, 3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    folded = fold_upsampling(weight)
    assert folded.shape == (4 * outputs, inputs, 2, 2)
    phases = folded.reshape(4, outputs, inputs, 2, 2)
    # Every tap of the 3x3 kernel is met by each phase once; corners stay alone.
    for phase in phases:
        torch.testing.assert_close(phase.sum((2, 3)), weight.sum((2, 3)))
    assert torch.equal(phases[0][:, :, 0, 0], weight[:, :, 0, 0])
    assert torch.equal(phases[3][:, :, 1, 1], weight[:, :, 2, 2])


def test_depth_to_space_is_pixel_shuffle_with_its_channels_by_phase() -> None:
    x = torch.randn(2, 12, 3, 5)
    by_channel = x.reshape(2, 4, 3, 3, 5).transpose(1, 2).reshape(2, 12, 3, 5)
    assert torch.equal(DepthToSpace.apply(x), F.pixel_shuffle(by_channel, 2))


def assert_networks_agree(network: StyleNetwork, rewritten: StyleNetwork) -> None:
    """On a photo and a painting of unequal sides."""
    photo, painting = torch.rand(1, 3, 40, 24), torch.rand(1, 3, 32, 48)
    strength = torch.full((1, 1, 1, 1), 0.7)
    with torch.no_grad():
        code = network.encode_style(painting)
        torch.testing.assert_close(rewritten.encode_style(painting), code, rtol=0, atol=1e-4)
        expected = network.stylize(photo, code, strength)
        actual = rewritten.stylize(photo, code, strength)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-4)


def test_the_whole_network_agrees() -> None:
    torch.manual_seed(0)
    network = VGG19Network().eval()
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    rewritten = for_tflite(network)
    assert isinstance(rewritten, VGG19Network)
    assert_networks_agree(network, rewritten)
    assert before.keys() == network.state_dict().keys(), "the original must stay as it is"
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_nothing_phones_run_slowly_is_left() -> None:
    rewritten = for_tflite(VGG19Network())
    kinds = [type(part) for part in rewritten.modules()]
    assert kinds.count(SlicedReflectConv2d) == 9 + 6
    assert kinds.count(FoldedUpsampleConv2d) == 3
    assert not {ReflectConv2d, UpsampleReflectConv2d} & set(kinds)
    assert not rewritten.training


def test_every_constant_is_an_original_or_traced_to_one() -> None:
    network = VGG19Network()
    rewritten = for_tflite(network)
    origins, constants = network.state_dict(), rewritten.state_dict()
    derived = derived_constants(rewritten)
    assert derived == {
        f"decoder.{layer}.folded_{kind}": f"decoder.{layer}.{kind}"
        for layer in ("conv3_4", "conv2_2", "conv1_2")
        for kind in ("weight", "bias")
    }
    for name, constant in constants.items():
        if name.endswith("folded_weight"):
            assert torch.equal(constant, fold_upsampling(origins[derived[name]]))
        elif name.endswith("folded_bias"):
            assert torch.equal(constant, origins[derived[name]].repeat(4))
        else:
            assert torch.equal(constant, origins[name])
    assert set(origins) == {derived.get(name, name) for name in constants}


@pytest.mark.parametrize("name", ["mobile", "studio"])
def test_what_changes_in_the_networks_for_phones(name: str) -> None:
    network = cast(MobileNetwork, create(name))
    rewritten = for_tflite(network)
    kinds = [type(part) for part in rewritten.modules()]
    assert kinds.count(SeparateBlur) == 3
    assert kinds.count(PairedReplicateConv2d) == 2
    assert not {BlurDownsample, ReplicateConv2d} & set(kinds)
    blurs = ("encoder.blur_half", "encoder.blur_quarter", "halve")
    pairs = ("encoder.stem", "decoder.image")
    assert derived_constants(rewritten) == {
        **{f"{blur}.separate_down": f"{blur}.weight" for blur in blurs},
        **{f"{blur}.separate_right": f"{blur}.weight" for blur in blurs},
        **{f"{pair}.paired_weight": f"{pair}.weight" for pair in pairs},
        **{f"{pair}.paired_bias": f"{pair}.bias" for pair in pairs},
    }


@pytest.mark.parametrize("name", ["mobile", "studio"])
def test_the_networks_for_phones_agree(name: str) -> None:
    torch.manual_seed(0)
    network = cast(MobileNetwork, create(name))
    rewritten = cast(MobileNetwork, for_tflite(network))
    assert_networks_agree(network, rewritten)


def test_the_blur_falls_apart_exactly() -> None:
    origin = BlurDownsample(3)
    twin = SeparateBlur(origin)
    assert torch.equal(twin.separate_down * twin.separate_right, origin.weight)


def test_a_layer_used_twice_is_replaced_twice() -> None:
    layer = ReflectConv2d(2, 2)
    rewritten = for_tflite(nn.ModuleList([layer, nn.Sequential(layer, nn.ReLU()), layer]))
    assert not any(isinstance(part, ReflectConv2d) for part in rewritten.modules())
    assert derived_constants(for_tflite(UpsampleReflectConv2d(2, 2))) == {
        "folded_weight": "weight",
        "folded_bias": "bias",
    }


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_twins_keep_the_dtype(dtype: torch.dtype) -> None:
    twin = for_tflite(UpsampleReflectConv2d(2, 3).to(dtype))
    assert twin(torch.rand(1, 2, 3, 4, dtype=dtype)).dtype == dtype

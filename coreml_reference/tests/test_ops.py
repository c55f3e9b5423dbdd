"""Each operator of ML Programs against PyTorch: built by coremltools, saved, read, executed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from coreml_reference import UnsupportedOperation, load
from coreml_reference.tests.programs import Cases, Maker, check, saved, some

halves = st.booleans()
shapes = st.lists(st.integers(1, 5), min_size=1, max_size=4)
sizes = st.integers(7, 12)


def _random(*shape: int, low: float = -2, high: float = 2) -> Tensor:
    return torch.rand(shape) * (high - low) + low


def _simple(maker: Maker, name: str, **constants: Any) -> Callable[..., Any]:
    return lambda x, *more: getattr(maker.mb, name)(x=x, **constants)


FLAT = {
    "abs": torch.abs,
    "atan": torch.atan,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "floor": torch.floor,
    "relu": lambda x: x.clamp(min=0),
    "relu6": lambda x: x.clamp(0, 6),
    "round": torch.round,
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "sign": torch.sign,
    "silu": lambda x: x / (1 + (-x).exp()),
    "sin": torch.sin,
    "sinh": torch.sinh,
    "softplus": lambda x: (1 + x.exp()).log(),
    "softsign": lambda x: x / (1 + x.abs()),
    "square": lambda x: x * x,
    "tan": torch.tan,
    "tanh": torch.tanh,
}
POSITIVE = {"acos": torch.acos, "asin": torch.asin, "atanh": torch.atanh, "sqrt": torch.sqrt}


@some
@given(shape=shapes, half=halves)
def test_unary(shape: list[int], half: bool, tmp_path: Path) -> None:
    maker = Maker(half)
    n = maker.number
    a, b = float(n(0.3)), float(n(1.7))
    cases: Cases = {
        **{name: (_simple(maker, name), wanted) for name, wanted in FLAT.items()},
        "elu": (
            _simple(maker, "elu", alpha=n(a)),
            lambda x: torch.where(x > 0, x, a * (x.exp() - 1)),
        ),
        "leaky": (_simple(maker, "leaky_relu", alpha=n(a)), lambda x: F.leaky_relu(x, a)),
        "thresholded": (
            _simple(maker, "thresholded_relu", alpha=n(a)),
            lambda x: x * (x >= a),
        ),
        "threshold": (_simple(maker, "threshold", alpha=n(a)), lambda x: x.clamp(min=a)),
        "clamped": (
            _simple(maker, "clamped_relu", alpha=n(a), beta=n(b)),
            lambda x: F.leaky_relu(x, a).clamp(max=b),
        ),
        "linear": (
            _simple(maker, "linear_activation", alpha=n(a), beta=n(b)),
            lambda x: a * x + b,
        ),
        "hard": (
            _simple(maker, "sigmoid_hard", alpha=n(a), beta=n(b)),
            lambda x: (a * x + b).clamp(0, 1),
        ),
        "stanh": (
            _simple(maker, "scaled_tanh", alpha=n(a), beta=n(b)),
            lambda x: a * torch.tanh(b * x),
        ),
        "clip": (_simple(maker, "clip", alpha=n(-a), beta=n(b)), lambda x: x.clamp(-a, b)),
        "gelu": (_simple(maker, "gelu"), lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2),
        "gelu_tanh": (
            _simple(maker, "gelu", mode="TANH_APPROXIMATION"),
            lambda x: F.gelu(x, approximate="tanh"),
        ),
        "gelu_sigmoid": (
            _simple(maker, "gelu", mode="SIGMOID_APPROXIMATION"),
            lambda x: x / (1 + (-1.702 * x).exp()),
        ),
        "softmax": (_simple(maker, "softmax", axis=0), lambda x: x.exp() / x.exp().sum(0)),
        "int": (_simple(maker, "cast", dtype="int32"), lambda x: x.trunc()),
        "not": (
            lambda x: maker.mb.cast(
                x=maker.mb.logical_not(x=maker.mb.cast(x=x, dtype="bool")), dtype="fp32"
            ),
            lambda x: (x == 0).double(),
        ),
        "shape": (_simple(maker, "shape"), lambda x: torch.tensor(x.shape)),
    }
    check(maker, [_random(*shape)], cases, tmp_path / "a.mlpackage")


@some
@given(shape=shapes, half=halves)
def test_unary_of_positive_numbers(shape: list[int], half: bool, tmp_path: Path) -> None:
    maker = Maker(half)
    epsilon = float(maker.number(0.125))
    cases: Cases = {
        **{name: (_simple(maker, name), wanted) for name, wanted in POSITIVE.items()},
        **{
            name: (_simple(maker, name, epsilon=maker.number(epsilon)), wanted)
            for name, wanted in {
                "inverse": lambda x: 1 / (x + epsilon),
                "log": lambda x: (x + epsilon).log(),
                "rsqrt": lambda x: (x + epsilon) ** -0.5,
            }.items()
        },
        "log_default": (_simple(maker, "log"), torch.log),
        "rsqrt_default": (_simple(maker, "rsqrt"), lambda x: x**-0.5),
    }
    check(maker, [_random(*shape, low=0.1, high=0.95)], cases, tmp_path / "a.mlpackage")


COMPARED = ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
SIGNS = {
    "equal": "__eq__",
    "greater": "__gt__",
    "greater_equal": "__ge__",
    "less": "__lt__",
    "less_equal": "__le__",
    "not_equal": "__ne__",
}


@some
@given(shape=shapes, half=halves, data=st.data())
def test_binary(shape: list[int], half: bool, data: st.DataObject, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    other = [data.draw(st.sampled_from([1, n])) for n in shape]

    def pair(name: str) -> Callable[..., Any]:
        return lambda x, y: getattr(mb, name)(x=x, y=y)

    def boolean(name: str) -> Callable[..., Any]:
        return lambda x, y: mb.cast(x=getattr(mb, name)(x=x, y=y), dtype="fp32")

    def logical(name: str) -> Callable[..., Any]:
        return lambda x, y: mb.cast(
            x=getattr(mb, name)(x=mb.greater(x=x, y=y), y=mb.less(x=x, y=maker.number(1.5))),
            dtype="fp32",
        )

    cases: Cases = {
        "add": (pair("add"), lambda x, y: x + y),
        "sub": (pair("sub"), lambda x, y: x - y),
        "mul": (pair("mul"), lambda x, y: x * y),
        "real_div": (pair("real_div"), lambda x, y: x / y),
        "maximum": (pair("maximum"), torch.maximum),
        "minimum": (pair("minimum"), torch.minimum),
        "pow": (pair("pow"), torch.pow),
        "floor_div": (pair("floor_div"), lambda x, y: (x / y).floor()),
        "mod": (pair("mod"), lambda x, y: x - (x / y).floor() * y),
        **{
            name: (boolean(name), lambda x, y, name=name: getattr(x, SIGNS[name])(y).double())
            for name in COMPARED
        },
        "logical_and": (logical("logical_and"), lambda x, y: ((x > y) & (x < 1.5)).double()),
        "logical_or": (logical("logical_or"), lambda x, y: ((x > y) | (x < 1.5)).double()),
        "logical_xor": (logical("logical_xor"), lambda x, y: ((x > y) ^ (x < 1.5)).double()),
        "select": (
            lambda x, y: mb.select(cond=mb.greater(x=x, y=y), a=x, b=y),
            torch.maximum,
        ),
    }
    # Eighths, so that no quotient is rounded up to a whole number.
    x = (_random(*shape, low=0.5, high=3) * 8).round() / 8
    y = (_random(*other, low=0.5, high=3) * 8).round() / 8
    check(maker, [x, y], cases, tmp_path / "a.mlpackage")


@some
@given(size=st.tuples(sizes, sizes), half=halves, data=st.data())
def test_convolutions(size: Any, half: bool, data: st.DataObject, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    cases: dict[str, Any] = {}
    for index in range(8):
        groups = data.draw(st.sampled_from([1, 2, 4]))
        kernel = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=2))
        stride = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=2))
        dilation = data.draw(st.lists(st.integers(1, 2), min_size=2, max_size=2))
        pad = data.draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
        kind = data.draw(st.sampled_from(["valid", "custom", "same", "same_lower"]))
        weight, bias = _random(8, 4 // groups, *kernel) / 4, _random(8)
        build = lambda x, weight=weight, bias=bias, **k: mb.conv(  # noqa: E731
            x=x, weight=maker.array(weight), bias=maker.array(bias), **k
        )
        settings_of = {
            "strides": stride,
            "dilations": dilation,
            "groups": groups,
            "pad_type": kind,
            **({"pad": pad} if kind == "custom" else {}),
        }
        around = pad
        if kind == "valid":
            around = [0] * 4
        if kind.startswith("same"):
            around = []
            for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
                total = max(0, (math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n)
                less, more = total // 2, total - total // 2
                around += [less, more] if kind == "same" else [more, less]
        cases[f"conv{index}"] = (
            lambda x, build=build, k=settings_of: build(x, **k),
            lambda x, w=weight, b=bias, a=tuple(around), k=settings_of: F.conv2d(
                F.pad(x, (a[2], a[3], a[0], a[1])),
                maker.rounded(w),
                maker.rounded(b),
                stride=k["strides"],
                dilation=k["dilations"],
                groups=k["groups"],
            ),
        )
    check(maker, [_random(2, 4, *size)], cases, tmp_path / "a.mlpackage")


@some
@given(size=st.tuples(sizes, sizes), half=halves, data=st.data())
def test_transposed_convolutions(
    size: Any, half: bool, data: st.DataObject, tmp_path: Path
) -> None:
    maker = Maker(half)
    mb = maker.mb
    cases: dict[str, Any] = {}
    for index in range(4):
        groups = data.draw(st.sampled_from([1, 2]))
        kernel = data.draw(st.integers(2, 4))
        stride = data.draw(st.integers(1, 3))
        pad = data.draw(st.integers(0, 1))
        extra = data.draw(st.integers(0, stride - 1))
        weight, bias = _random(4, 6 // groups, kernel, kernel) / 4, _random(6)
        shape = [(n - 1) * stride - 2 * pad + kernel + extra for n in size]
        given_shape = {"output_shape": [2, 6, *shape]} if extra else {}
        cases[f"up{index}"] = (
            lambda x, w=weight, b=bias, g=groups, s=stride, p=pad, more=given_shape: (
                mb.conv_transpose(
                    x=x,
                    weight=maker.array(w),
                    bias=maker.array(b),
                    groups=g,
                    strides=[s, s],
                    pad_type="custom",
                    pad=[p] * 4,
                    **more,
                )
            ),
            lambda x, w=weight, b=bias, g=groups, s=stride, p=pad, e=extra: F.conv_transpose2d(
                x, maker.rounded(w), maker.rounded(b), s, p, e, g
            ),
        )
        total = max(kernel - stride, 0)
        cases[f"same{index}"] = (
            lambda x, w=weight, s=stride: mb.conv_transpose(
                x=x, weight=maker.array(w), groups=1, strides=[s, s], pad_type="same"
            ),
            lambda x, w=weight, s=stride, t=total: F.pad(
                F.conv_transpose2d(x, maker.rounded(w), None, s), (0, s, 0, s)
            )[..., t // 2 : t // 2 + x.shape[-2] * s, t // 2 : t // 2 + x.shape[-1] * s],
        )
    check(maker, [_random(2, 4, *size)], cases, tmp_path / "a.mlpackage")


@pytest.mark.parametrize("rank", [1, 3])
def test_convolutions_and_pools_of_other_ranks(rank: int, tmp_path: Path) -> None:
    maker = Maker(half=False)
    mb = maker.mb
    weight = _random(5, 3, *[2] * rank)
    conv, turned = {1: (F.conv1d, F.conv_transpose1d), 3: (F.conv3d, F.conv_transpose3d)}[rank]
    pools = {1: (F.max_pool1d, F.avg_pool1d), 3: (F.max_pool3d, F.avg_pool3d)}[rank]
    cases: Cases = {
        "conv": (
            lambda x: mb.conv(x=x, weight=maker.array(weight), pad_type="valid"),
            lambda x: conv(x, weight.double()),
        ),
        "turned": (
            lambda x: mb.conv_transpose(
                x=x, weight=maker.array(weight.transpose(0, 1)), strides=[2] * rank
            ),
            lambda x: turned(x, weight.transpose(0, 1).double(), stride=2),
        ),
        "max": (
            lambda x: mb.max_pool(x=x, kernel_sizes=[2] * rank, pad_type="valid"),
            lambda x: pools[0](x, 2, 1),
        ),
        "avg": (
            lambda x: mb.avg_pool(x=x, kernel_sizes=[2] * rank, pad_type="valid"),
            lambda x: pools[1](x, 2, 1),
        ),
    }
    check(maker, [_random(1, 3, *[4] * rank)], cases, tmp_path / "a.mlpackage")


@some
@given(size=st.tuples(sizes, sizes), half=halves, data=st.data())
def test_pools(size: Any, half: bool, data: st.DataObject, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    cases: dict[str, Any] = {}
    for index in range(6):
        kernel = data.draw(st.lists(st.integers(2, 4), min_size=2, max_size=2))
        stride = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=2))
        pad = [data.draw(st.integers(0, k // 2)) for k in kernel]
        # PyTorch and Core ML differ where a window lies wholly outside without any padding.
        ceil = data.draw(st.booleans()) and all(k >= s for k, s in zip(kernel, stride, strict=True))
        around = [pad[0], pad[0], pad[1], pad[1]]
        given_settings = {
            "kernel_sizes": kernel,
            "strides": stride,
            "pad_type": "custom",
            "pad": around,
            "ceil_mode": ceil,
        }
        arguments = (kernel, stride, pad)
        cases[f"max{index}"] = (
            _simple(maker, "max_pool", **given_settings),
            lambda x, a=arguments, c=ceil: F.max_pool2d(x, *a, ceil_mode=c),
        )
        for exclude in (True, False):
            cases[f"avg{index}{exclude}"] = (
                _simple(maker, "avg_pool", **given_settings, exclude_padding_from_average=exclude),
                lambda x, a=arguments, c=ceil, e=exclude: F.avg_pool2d(
                    x, *a, ceil_mode=c, count_include_pad=not e
                ),
            )
        cases[f"l2{index}"] = (
            lambda x, k=kernel, s=stride: mb.l2_pool(
                x=x, kernel_sizes=k, strides=s, pad_type="valid"
            ),
            lambda x, k=kernel, s=stride: F.lp_pool2d(x, 2, k, s),
        )
    check(maker, [_random(2, 3, *size)], cases, tmp_path / "a.mlpackage")


REDUCED: dict[str, Callable[[Tensor, list[int], bool], Tensor]] = {
    "reduce_l1_norm": lambda x, a, k: x.abs().sum(a, k),
    "reduce_l2_norm": lambda x, a, k: x.square().sum(a, k).sqrt(),
    "reduce_log_sum": lambda x, a, k: x.sum(a, k).log(),
    "reduce_log_sum_exp": lambda x, a, k: x.exp().sum(a, k).log(),
    "reduce_max": lambda x, a, k: x.amax(a, k),
    "reduce_mean": lambda x, a, k: x.mean(a, k),
    "reduce_min": lambda x, a, k: x.amin(a, k),
    "reduce_prod": lambda x, a, k: x.log().sum(a, k).exp(),
    "reduce_sum": lambda x, a, k: x.sum(a, k),
    "reduce_sum_square": lambda x, a, k: x.square().sum(a, k),
}


@some
@given(shape=st.lists(st.integers(2, 4), min_size=2, max_size=4), half=halves, data=st.data())
def test_reductions(shape: list[int], half: bool, data: st.DataObject, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    cases: dict[str, Any] = {}
    for name, wanted in REDUCED.items():
        axes = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
        keep = data.draw(st.booleans())
        signed = [a - data.draw(st.sampled_from([0, len(shape)])) for a in axes]
        cases[name] = (
            _simple(maker, name, axes=signed, keep_dims=keep),
            lambda x, f=wanted, a=axes, k=keep: f(x, a, k),
        )
    for name in ("argmax", "argmin"):
        cases[name] = (
            lambda x, n=name: getattr(mb, f"reduce_{n}")(x=x, axis=-1),
            lambda x, n=name: getattr(x, n)(-1),
        )
    cases["cumsum"] = (
        lambda x: mb.cumsum(x=x, axis=1, exclusive=True, reverse=True),
        lambda x: x.flip(1).cumsum(1).flip(1) - x,
    )
    cases["argsort"] = (
        lambda x: mb.argsort(x=x, axis=-1, ascending=True),
        lambda x: torch.from_numpy(np.argsort(x.numpy(), -1)),
    )
    # All different also in fp16.
    values = torch.randperm(math.prod(shape)).reshape(shape) / 256 + 0.5
    check(maker, [values], cases, tmp_path / "a.mlpackage")


def _at(x: Tensor, points: np.ndarray[Any, Any], axis: int) -> Tensor:
    """Linear interpolation by numpy."""
    grid = np.arange(x.shape[axis])
    return torch.from_numpy(
        np.apply_along_axis(lambda v: np.interp(points, grid, v), axis, x.numpy())
    )


def _points(mode: str, old: int, new: int) -> np.ndarray[Any, Any]:
    i = np.arange(new)
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        if new == 1:
            return np.array([(old - 1) / 2 if mode == "ALIGN_CORNERS" else 0.0])
        return i * (old - 1) / (new - 1)
    if mode == "DEFAULT":
        return i * old / new
    if mode == "OFFSET_CORNERS":
        return (i + 0.5) * max(1, old - 1) / new
    return (i + 0.5) * old / new - 0.5


MODES = ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "DEFAULT", "OFFSET_CORNERS", "UNALIGN_CORNERS")


@some
@given(
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    new=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    half=halves,
)
def test_resizing(size: Any, new: Any, half: bool, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    cases: dict[str, Any] = {}
    for mode in MODES:
        wanted = lambda x, m=mode: _at(  # noqa: E731
            _at(x, _points(m, size[0], new[0]), -2), _points(m, size[1], new[1]), -1
        )
        cases[f"resize_bilinear_{mode}"] = (
            lambda x, m=mode: mb.resize_bilinear(
                x=x, target_size_height=new[0], target_size_width=new[1], sampling_mode=m
            ),
            wanted,
        )
        cases[f"resize_{mode}"] = (
            lambda x, m=mode: mb.resize(
                x=x, shape=[1, *new], resized_dims=np.uint32(2), sampling_mode=m
            ),
            wanted,
        )
    for name, build in {
        "resize_nearest": lambda x: mb.resize_nearest_neighbor(
            x=x, target_size_height=new[0], target_size_width=new[1]
        ),
        "resize_nearest_17": lambda x: mb.resize(
            x=x, shape=[*new], resized_dims=np.uint32(2), interpolation_mode="NEAREST_NEIGHBOR"
        ),
    }.items():
        cases[name] = (build, lambda x: F.interpolate(x, new, mode="nearest"))
    cases["resize_nearest_centred"] = (
        lambda x: mb.resize(
            x=x,
            shape=[*new],
            resized_dims=np.uint32(2),
            interpolation_mode="NEAREST_NEIGHBOR",
            sampling_mode="UNALIGN_CORNERS",
        ),
        lambda x: F.interpolate(x, new, mode="nearest-exact"),
    )
    for corners in (True, False):
        cases[f"upsample_{corners}"] = (
            lambda x, c=corners: mb.upsample_bilinear(
                x=x, scale_factor_height=2.0, scale_factor_width=3.0, align_corners=c
            ),
            lambda x, c=corners: F.interpolate(
                x, scale_factor=(2, 3), mode="bilinear", align_corners=c
            ),
        )
    cases["upsample_nearest"] = (
        lambda x: mb.upsample_nearest_neighbor(
            x=x, scale_factor_height=2.0, scale_factor_width=1.5
        ),
        lambda x: F.interpolate(x, (2 * size[0], int(1.5 * size[1])), mode="nearest"),
    )
    check(maker, [_random(2, 3, *size)], cases, tmp_path / "a.mlpackage")


@pytest.mark.parametrize("kind", ["avg_pool", "max_pool"])
def test_windows_beyond_the_input_are_refused(kind: str, tmp_path: Path) -> None:
    maker = Maker(half=False)

    def build(x: Any) -> Any:
        return getattr(maker.mb, kind)(
            x=x, kernel_sizes=[1, 1], strides=[3, 3], pad_type="valid", ceil_mode=True
        )

    path = saved(maker, [(1, 1, 5, 5)], build, tmp_path / "a.mlpackage", 16)
    model = load(path)
    with pytest.raises(UnsupportedOperation, match="windows beyond the input"):
        model.run({name: torch.ones(1, 1, 5, 5) for name in model.inputs})


@pytest.mark.parametrize("kind", ["cond", "random_normal"])
def test_what_is_unknown_is_named(kind: str, tmp_path: Path) -> None:
    maker = Maker(half=False)
    mb = maker.mb

    def build(x: Any) -> Any:
        if kind == "random_normal":
            return mb.add(x=mb.random_normal(shape=[2]), y=x)
        positive = mb.greater(x=mb.reduce_sum(x=x), y=np.float32(0))
        return mb.cond(pred=positive, _true_fn=lambda: mb.relu(x=x), _false_fn=lambda: mb.abs(x=x))

    path = saved(maker, [(2,)], build, tmp_path / "a.mlpackage", 17)
    with pytest.raises(UnsupportedOperation, match=kind) as caught:
        load(path)
    assert caught.value.operation == kind

"""Layers of Core ML neural networks, each against PyTorch on random shapes.

Every case is built with coremltools, saved, and loaded from disk.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from coreml_reference import UnsupportedOperation
from coreml_reference.tests.networks import (
    Add,
    agree,
    any_shape,
    few,
    image_shape,
    one,
    random,
    run,
    seeds,
    several,
    sizes,
)


def activation(kind: str, params: Any = None) -> Add:
    return one("add_activation", kind, params=params)


def unary(mode: str, **settings: Any) -> Add:
    return one("add_unary", mode=mode, **settings)


FUNCTIONS: dict[str, tuple[Add, Callable[[Tensor], Tensor], float, float]] = {
    "relu": (activation("RELU"), F.relu, -3, 3),
    "leaky relu": (activation("LEAKYRELU", [0.3]), lambda x: F.leaky_relu(x, 0.3), -3, 3),
    "thresholded relu": (activation("THRESHOLDEDRELU", 0.7),
        lambda x: F.threshold(x, 0.7, 0), -3, 3),
    "tanh": (activation("TANH"), torch.tanh, -3, 3),
    "scaled tanh": (activation("SCALED_TANH", [1.7, 0.6]), lambda x: 1.7 * (0.6 * x).tanh(), -3, 3),
    "sigmoid": (activation("SIGMOID"), torch.sigmoid, -9, 9),
    "hard sigmoid": (activation("SIGMOID_HARD", [0.2, 0.5]),
        lambda x: ((x + 2.5) / 5).clamp(0, 1), -3, 3),
    "linear": (activation("LINEAR", [2.5, -1.5]), lambda x: 2.5 * x - 1.5, -3, 3),
    "elu": (activation("ELU", 0.8), lambda x: F.elu(x, 0.8), -3, 3),
    "softsign": (activation("SOFTSIGN"), F.softsign, -3, 3),
    "softplus": (activation("SOFTPLUS"), F.softplus, -9, 19),
    "clamped relu": (one("add_clamped_relu", alpha=0.1, beta=1.5),
        lambda x: F.leaky_relu(x, 0.1).clamp(max=1.5), -3, 3),
    "sqrt": (unary("sqrt"), torch.sqrt, 0, 9),
    "rsqrt": (unary("rsqrt", epsilon=1e-3), lambda x: 1 / (x + 1e-3).sqrt(), 0.1, 9),
    "inverse": (unary("inverse", epsilon=0.25), lambda x: 1 / (x + 0.25), 0.1, 9),
    "inverse by default": (unary("inverse", epsilon=0), lambda x: 1 / (x + 1e-6), 1e-6, 1e-4),
    "power": (unary("power", alpha=1.7), lambda x: x**1.7, 0, 3),
    "exp": (unary("exp"), torch.exp, -3, 3),
    "log": (unary("log"), torch.log, 0.01, 9),
    "abs": (unary("abs"), torch.abs, -3, 3),
    "threshold": (unary("threshold", alpha=0.4),
        lambda x: torch.maximum(x, torch.tensor(0.4)), -3, 3),
    "scaled and shifted": (unary("exp", scale=0.5, shift=1), lambda x: (0.5 * x + 1).exp(), -3, 3),
    "clip": (one("add_clip", min_value=-1, max_value=0.5), lambda x: F.hardtanh(x, -1, 0.5), -3, 3),
    "ceil": (one("add_ceil"), torch.ceil, -3, 3),
    "floor": (one("add_floor"), torch.floor, -3, 3),
    "round": (one("add_round"), lambda x: (x + 0.5).floor(), -3, 3),
    "sign": (one("add_sign"), lambda x: (x > 0) * 1.0 - (x < 0) * 1.0, -3, 3),
    "exp2": (one("add_exp2"), lambda x: 2**x, -3, 3),
    "sin": (one("add_sin"), torch.sin, -3, 3),
    "cos": (one("add_cos"), torch.cos, -3, 3),
    "tan": (one("add_tan"), lambda x: x.sin() / x.cos(), -1, 1),
    "asin": (one("add_asin"), torch.asin, -1, 1),
    "acos": (one("add_acos"), torch.acos, -1, 1),
    "atan": (one("add_atan"), torch.atan, -3, 3),
    "sinh": (one("add_sinh"), lambda x: (x.exp() - (-x).exp()) / 2, -3, 3),
    "cosh": (one("add_cosh"), lambda x: (x.exp() + (-x).exp()) / 2, -3, 3),
    "tanh layer": (one("add_tanh"), torch.tanh, -3, 3),
    "asinh": (one("add_asinh"), torch.asinh, -3, 3),
    "acosh": (one("add_acosh"), torch.acosh, 1.1, 3),
    "atanh": (one("add_atanh"), torch.atanh, -0.9, 0.9),
    "erf": (one("add_erf"), lambda x: x.clone().apply_(math.erf), -3, 3),
    "gelu": (one("add_gelu", mode="EXACT"), lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5)), -3, 3),
    "gelu of tanh": (one("add_gelu", mode="TANH_APPROXIMATION"),
        lambda x: F.gelu(x, approximate="tanh"), -3, 3),
    "gelu of sigmoid": (one("add_gelu", mode="SIGMOID_APPROXIMATION"),
        lambda x: x / (1 + (-1.702 * x).exp()), -3, 3),
    "copy": (one("add_copy"), lambda x: x, -3, 3),
    "add a number": (lambda b: b.add_elementwise("layer", ["x0"], "y", "ADD", alpha=1.25),
        lambda x: x + 1.25, -3, 3),
    "multiply by a number": (
        lambda b: b.add_elementwise("layer", ["x0"], "y", "MULTIPLY", alpha=-2.5),
        lambda x: -2.5 * x, -3, 3),
    "greater than a number": (several("add_greater_than", 1, alpha=0.5), lambda x: x > 0.5, -3, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@few
@given(shape=any_shape, seed=seeds)
def test_functions_of_one_number(
    name: str, shape: tuple[int, ...], seed: int, tmp_path: Path
) -> None:
    add, function, low, high = FUNCTIONS[name]
    x = random(seed, *shape, low=low, high=high)
    agree(run(add, x, folder=tmp_path)[0], function(x))


def legacy(mode: str) -> Add:
    return lambda b: b.add_elementwise("layer", ["x0", "x1"], "y", mode)


def logical(mode: str) -> Add:
    return several("add_logical", 2, mode=mode)


def power(builder: Any) -> None:
    builder.add_unary("abs", "x0", "a", "abs")
    builder.add_pow_broadcastable("power", ["a", "x1"], "y")


PAIRS: dict[str, tuple[Add, Callable[[Tensor, Tensor], Tensor]]] = {
    "add": (legacy("ADD"), torch.add),
    "multiply": (legacy("MULTIPLY"), torch.mul),
    "max": (legacy("MAX"), torch.maximum),
    "min": (legacy("MIN"), torch.minimum),
    "average": (legacy("AVE"), lambda x, y: x / 2 + y / 2),
    "addBroadcastable": (several("add_add_broadcastable", 2), torch.add),
    "subtract": (several("add_subtract_broadcastable", 2), torch.sub),
    "multiplyBroadcastable": (several("add_multiply_broadcastable", 2), torch.mul),
    "divide": (several("add_divide_broadcastable", 2), torch.div),
    "floor division": (several("add_floor_div_broadcastable", 2),
        lambda x, y: x.div(y, rounding_mode="floor")),
    "mod": (several("add_mod_broadcastable", 2),
        lambda x, y: torch.from_numpy(np.mod(x.numpy(), y.numpy()))),
    "power": (power,
        lambda x, y: x.abs() ** y),
    "maximum": (several("add_max_broadcastable", 2), torch.maximum),
    "minimum": (several("add_min_broadcastable", 2), torch.minimum),
    "equal": (several("add_equal", 2), torch.eq),
    "not equal": (several("add_not_equal", 2), torch.ne),
    "less": (several("add_less_than", 2), torch.lt),
    "less or equal": (several("add_less_than", 2, use_less_than_equal=True), torch.le),
    "greater": (several("add_greater_than", 2), torch.gt),
    "greater or equal": (several("add_greater_than", 2, use_greater_than_equal=True), torch.ge),
    "and": (logical("AND"), torch.logical_and),
    "or": (logical("OR"), torch.logical_or),
    "xor": (logical("XOR"), torch.logical_xor),
}  # fmt: skip
WHOLE = {"equal", "not equal", "less", "less or equal", "greater", "greater or equal"}


@pytest.mark.parametrize("name", PAIRS)
@few
@given(shape=any_shape, ones=st.sets(st.integers(0, 4)), seed=seeds)
def test_functions_of_two_numbers(
    name: str, shape: tuple[int, ...], ones: set[int], seed: int, tmp_path: Path
) -> None:
    add, function = PAIRS[name]
    x = random(seed, *shape)
    y = random(seed + 1, *(1 if i in ones else n for i, n in enumerate(shape)))
    if name in WHOLE or name in ("and", "or", "xor"):
        x, y = x.round(), y.round()
    # Near a whole quotient a rounding would be a step.
    assume(name not in ("floor division", "mod") or (x / y - (x / y).round()).abs().min() > 1e-4)
    agree(run(add, x, y, folder=tmp_path)[0], function(x, y), 1e-4)


@few
@given(shape=any_shape, count=st.integers(2, 4), seed=seeds)
def test_many_inputs(shape: tuple[int, ...], count: int, seed: int, tmp_path: Path) -> None:
    xs = [random(seed + i, *shape) for i in range(count)]
    names = [f"x{i}" for i in range(count)]
    whole = torch.stack(xs)
    for mode, wanted in (
        ("ADD", whole.sum(0)),
        ("MULTIPLY", whole.prod(0)),
        ("AVE", whole.mean(0)),
        ("MAX", whole.amax(0)),
        ("MIN", whole.amin(0)),
    ):
        (got,) = run(lambda b, m=mode: b.add_elementwise("l", names, "y", m), *xs, folder=tmp_path)
        agree(got, wanted)


@few
@given(shape=any_shape, seed=seeds)
def test_where_and_not(shape: tuple[int, ...], seed: int, tmp_path: Path) -> None:
    c, x, y = random(seed, *shape).round(), random(seed + 1, *shape), random(seed + 2, *shape)
    agree(
        run(several("add_where_broadcastable", 3), c, x, y, folder=tmp_path)[0],
        torch.where(c.bool(), x, y),
    )
    agree(run(several("add_logical", 1, mode="NOT"), c, folder=tmp_path)[0], ~c.bool())


@few
@given(channels=sizes, cosine=st.booleans(), seed=seeds)
def test_dot(channels: int, cosine: bool, seed: int, tmp_path: Path) -> None:
    x, y = random(seed, 2, channels, 1, 1), random(seed + 1, 2, channels, 1, 1)
    wanted = F.cosine_similarity(x, y, 1)[:, None] if cosine else (x * y).sum(1, keepdim=True)
    mode = "COS" if cosine else "DOT"
    agree(run(legacy(mode), x, y, folder=tmp_path)[0], wanted)


@few
@given(shape=image_shape, shared=st.booleans(), seed=seeds)
def test_parametric_activations(
    shape: tuple[int, ...], shared: bool, seed: int, tmp_path: Path
) -> None:
    x = random(seed, *shape)
    a, b = (random(seed + i, 1 if shared else shape[1]) for i in (1, 2))
    agree(run(activation("PRELU", a.numpy()), x, folder=tmp_path)[0], F.prelu(x, a))
    both = activation("PARAMETRICSOFTPLUS", [a.numpy(), b.numpy()])
    a, b = a[:, None, None], b[:, None, None]
    agree(run(both, x, folder=tmp_path)[0], a * (1 + (b * x).exp()).log(), 1e-4)


heavy = st.sampled_from(["BOTTOM_RIGHT_HEAVY", "TOP_LEFT_HEAVY"])


def same(
    x: Tensor, kernel: Sequence[int], stride: Sequence[int], heavy: str, fill: float
) -> Tensor:
    """Padded as TensorFlow's SAME, or with the odd row and column first."""
    around = []
    for n, k, s in reversed(list(zip(x.shape[-2:], kernel, stride))):
        total = max(0, (int(np.ceil(n / s)) - 1) * s + k - n)
        less, more = total // 2, total - total // 2
        around += [more, less] if heavy == "TOP_LEFT_HEAVY" else [less, more]
    return F.pad(x, around, value=fill)


@settings(few, max_examples=40)
@given(
    n=st.integers(1, 2), groups=st.integers(1, 3), inside=sizes, outside=st.integers(1, 3),
    height=st.integers(7, 10), width=st.integers(7, 10),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.one_of(st.tuples(*[st.integers(0, 3)] * 4), heavy),
    biased=st.booleans(), given_weights=st.booleans(), seed=seeds,
)  # fmt: skip
def test_convolution(
    n: int, groups: int, inside: int, outside: int, height: int, width: int,
    kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int],
    padding: tuple[int, int, int, int] | str, biased: bool, given_weights: bool, seed: int,
    tmp_path: Path,
) -> None:  # fmt: skip
    x = random(seed, n, groups * inside, height, width)
    w = random(seed + 1, groups * outside, inside, *kernel)
    # A bias is among the weights of a file.
    b = random(seed + 2, groups * outside) if biased and not given_weights else None
    valid = isinstance(padding, tuple)
    sides = (
        dict(zip(("padding_left", "padding_right", "padding_top", "padding_bottom"), padding))
        if valid
        else {}
    )
    mode = {} if valid else {"same_padding_asymmetry_mode": padding}

    def add(builder: Any) -> None:
        builder.add_convolution(
            "layer", inside, groups * outside, *kernel, *stride, "valid" if valid else "same",
            groups, None if given_weights else w.permute(2, 3, 1, 0).numpy(),
            None if b is None else b.numpy(), b is not None,
            input_name=["x0", "x1"] if given_weights else "x0", output_name="y",
            dilation_factors=dilation, **sides, **mode,
        )  # fmt: skip

    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    around = F.pad(x, padding) if valid else same(x, span, stride, padding, 0)
    wanted = F.conv2d(around, w, b, stride, 0, dilation, groups)
    inputs = (x, w) if given_weights else (x,)
    agree(run(add, *inputs, folder=tmp_path)[0], wanted, 1e-4)


@settings(few, max_examples=30)
@given(
    groups=st.integers(1, 2), inside=st.integers(1, 3), outside=st.integers(1, 3),
    height=st.integers(2, 5), width=st.integers(2, 5),
    kernel=st.tuples(st.integers(2, 4), st.integers(2, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 1), st.integers(0, 1)), shaped=st.booleans(), seed=seeds,
)  # fmt: skip
def test_transposed_convolution(
    groups: int, inside: int, outside: int, height: int, width: int,
    kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int],
    padding: tuple[int, int], shaped: bool, seed: int, tmp_path: Path,
) -> None:  # fmt: skip
    x = random(seed, 1, groups * inside, height, width)
    w = random(seed + 1, groups * inside, outside, *kernel)
    b = random(seed + 2, groups * outside)
    wanted = F.conv_transpose2d(x, w, b, stride, padding, groups=groups, dilation=dilation)
    (top, left), shape = padding, tuple(wanted.shape[2:]) if shaped else None

    def add(builder: Any) -> None:
        builder.add_convolution(
            "layer", groups * inside, groups * outside, *kernel, *stride, "valid", groups,
            w.permute(2, 3, 0, 1).numpy(), b.numpy(), True, is_deconv=True, output_shape=shape,
            input_name="x0", output_name="y", dilation_factors=dilation,
            padding_top=top, padding_bottom=top, padding_left=left, padding_right=left,
        )  # fmt: skip

    agree(run(add, x, folder=tmp_path)[0], wanted, 1e-4)


@few
@given(size=st.integers(2, 5), kernel=st.integers(1, 5), stride=st.integers(1, 3), seed=seeds)
def test_transposed_convolution_to_a_multiple_of_the_size(
    size: int, kernel: int, stride: int, seed: int, tmp_path: Path
) -> None:
    x, w = random(seed, 1, 2, size, size), random(seed + 1, 2, 3, kernel, kernel)

    def add(builder: Any) -> None:
        builder.add_convolution(
            "layer", 2, 3, kernel, kernel, stride, stride, "same", 1,
            w.permute(2, 3, 0, 1).numpy(), None, False, is_deconv=True,
            input_name="x0", output_name="y",
        )  # fmt: skip

    full = F.conv_transpose2d(x, w, None, stride)
    first, wanted = max(0, kernel - stride) // 2, size * stride
    full = F.pad(full, (0, max(0, stride - kernel)) * 2)
    part = full[..., first : first + wanted, first : first + wanted]
    agree(run(add, x, folder=tmp_path)[0], part, 1e-4)


def pooled(
    x: Tensor,
    kind: str,
    kernel: Sequence[int],
    stride: Sequence[int],
    exclude: bool,
    around: Sequence[int],
) -> Tensor:
    """Window by window, in double precision."""
    left, right, top, bottom = around
    inside = F.pad(torch.ones_like(x), (left, right, top, bottom)).double()
    x = F.pad(x, (left, right, top, bottom)).double()
    rows = range(0, x.shape[2] - kernel[0] + 1, stride[0])
    columns = range(0, x.shape[3] - kernel[1] + 1, stride[1])
    y = torch.zeros(*x.shape[:2], len(rows), len(columns), dtype=torch.float64)
    for (i, r), (j, c) in itertools.product(enumerate(rows), enumerate(columns)):
        at = (..., slice(r, r + kernel[0]), slice(c, c + kernel[1]))
        window, real = x[at], inside[at]
        if kind == "MAX":
            y[..., i, j] = torch.where(real > 0, window, -torch.inf).amax((2, 3))
        elif kind == "L2":
            y[..., i, j] = window.square().sum((2, 3)).sqrt()
        else:
            y[..., i, j] = window.sum((2, 3)) / (
                real.sum((2, 3)) if exclude else window[0, 0].numel()
            )
    return y


@settings(few, max_examples=40)
@given(
    shape=image_shape, kind=st.sampled_from(["MAX", "AVERAGE", "L2"]),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.one_of(st.tuples(*[st.integers(0, 1)] * 4), heavy),
    exclude=st.booleans(), seed=seeds,
)  # fmt: skip
def test_pooling(
    shape: tuple[int, ...], kind: str, kernel: tuple[int, int], stride: tuple[int, int],
    padding: tuple[int, int, int, int] | str, exclude: bool, seed: int, tmp_path: Path,
) -> None:  # fmt: skip
    x = random(seed, *shape)
    valid = isinstance(padding, tuple)
    around = padding
    if not valid:
        marks = same(torch.ones(1, 1, *shape[2:]), kernel, stride, padding, 0)[0, 0]
        rows, columns = marks.amax(1).nonzero(), marks.amax(0).nonzero()
        around = (
            int(columns[0]),
            marks.shape[1] - 1 - int(columns[-1]),
            int(rows[0]),
            marks.shape[0] - 1 - int(rows[-1]),
        )
    assume(all(k > max(pads) for k, pads in zip(kernel, (around[2:], around[:2]))))
    sides = (
        dict(zip(("padding_left", "padding_right", "padding_top", "padding_bottom"), padding))
        if valid
        else {}
    )
    mode = {} if valid else {"same_padding_asymmetry_mode": padding}
    add = one(
        "add_pooling",
        *kernel,
        *stride,
        kind,
        "VALID" if valid else "SAME",
        exclude_pad_area=exclude,
        **sides,
        **mode,
    )
    agree(run(add, x, folder=tmp_path)[0], pooled(x, kind, kernel, stride, exclude, around))


@settings(few, max_examples=30)
@given(
    shape=image_shape, average=st.booleans(), kernel=st.integers(2, 3), stride=st.integers(1, 3),
    padding=st.integers(0, 1), exclude=st.booleans(), seed=seeds,
)  # fmt: skip
def test_pooling_to_the_last_pixel(
    shape: tuple[int, ...], average: bool, kernel: int, stride: int, padding: int, exclude: bool,
    seed: int, tmp_path: Path,
) -> None:  # fmt: skip
    x = random(seed, *shape)
    assume(stride <= kernel)
    add = one(
        "add_pooling", kernel, kernel, stride, stride, "AVERAGE" if average else "MAX",
        "INCLUDE_LAST_PIXEL", exclude_pad_area=exclude, padding_top=padding, padding_left=padding,
        padding_bottom=padding, padding_right=padding,
    )  # fmt: skip
    options: dict[str, Any] = {"count_include_pad": not exclude} if average else {}
    pool = F.avg_pool2d if average else F.max_pool2d
    wanted = pool(x, kernel, stride, padding, ceil_mode=True, **options)
    agree(run(add, x, folder=tmp_path)[0], wanted)


@pytest.mark.parametrize("exclude", [False, True])
def test_windows_beyond_the_input_are_refused(exclude: bool, tmp_path: Path) -> None:
    def add(padding: int) -> Any:
        return one(
            "add_pooling", 1, 1, 3, 3, "AVERAGE", "INCLUDE_LAST_PIXEL", exclude_pad_area=exclude,
            padding_top=padding, padding_left=0, padding_bottom=padding, padding_right=0,
        )  # fmt: skip

    with pytest.raises(UnsupportedOperation, match="windows beyond its input"):
        run(add(0), random(0, 1, 1, 5, 5), folder=tmp_path)


@few
@given(shape=image_shape, seed=seeds)
def test_global_pooling(shape: tuple[int, ...], seed: int, tmp_path: Path) -> None:
    x = random(seed, *shape)
    for kind, wanted in (
        ("AVERAGE", F.adaptive_avg_pool2d(x, 1)),
        ("MAX", F.adaptive_max_pool2d(x, 1)),
        ("L2", torch.linalg.vector_norm(x, dim=(2, 3), keepdim=True)),
    ):
        add = one("add_pooling", 1, 1, 1, 1, kind, "VALID", is_global=True)
        agree(run(add, x, folder=tmp_path)[0], wanted)

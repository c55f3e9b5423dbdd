"""Layers of Core ML neural networks that normalise, reduce, reshape and select."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from coreml_reference.resizing import scaled
from coreml_reference.tests.networks import (
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


@few
@given(shape=image_shape, seed=seeds)
def test_normalisations(shape: tuple[int, ...], seed: int, tmp_path: Path) -> None:
    x, c = random(seed, *shape), shape[1]
    gamma, beta, mean = (random(seed + i, c) for i in (1, 2, 3))
    variance = random(seed + 4, c, low=0.1)

    def check(wanted: Tensor, method: str, *arguments: Any, **settings: Any) -> None:
        agree(run(one(method, *arguments, **settings), x, folder=tmp_path)[0], wanted, 1e-4)

    weights = {"gamma": gamma.numpy(), "beta": beta.numpy()}
    check(
        F.batch_norm(x, mean, variance, gamma, beta, eps=1e-3),
        "add_batchnorm", c, **weights, mean=mean.numpy(), variance=variance.numpy(), epsilon=1e-3,
    )  # fmt: skip
    check(
        F.instance_norm(x, weight=gamma, bias=beta, eps=1e-5),
        "add_batchnorm", c, **weights, compute_mean_var=True, instance_normalization=True,
        epsilon=0,
    )  # fmt: skip
    check(
        F.group_norm(x, 1, eps=1e-2),
        "add_mvn", across_channels=True, normalize_variance=True, epsilon=1e-2,
    )  # fmt: skip
    check(
        F.group_norm(x, c, eps=1e-2),
        "add_mvn", across_channels=False, normalize_variance=True, epsilon=1e-2,
    )  # fmt: skip
    check(
        x - F.adaptive_avg_pool2d(x, 1),
        "add_mvn", across_channels=False, normalize_variance=False, epsilon=1e-2,
    )  # fmt: skip
    norm = (torch.linalg.vector_norm(x, dim=(1, 2, 3), keepdim=True) ** 2 + 1e-3) ** 0.5
    check(x / norm, "add_l2_normalize", epsilon=1e-3)
    check(F.softmax(x, 1), "add_softmax")
    size = list(shape[2:])
    gamma, beta = random(seed, *size), random(seed + 1, *size)
    check(
        F.layer_norm(x, size, gamma, beta, 1e-3),
        "add_layer_normalization", normalized_shape=size, gamma=gamma.numpy(), beta=beta.numpy(),
        eps=1e-3,
    )  # fmt: skip


@few
@given(shape=image_shape, size=st.integers(1, 5), seed=seeds)
def test_local_response(shape: tuple[int, ...], size: int, seed: int, tmp_path: Path) -> None:
    x = random(seed, *shape)
    total = torch.zeros_like(x)
    for i in range(shape[1]):
        first = i - size // 2
        total[:, i] = x[:, max(0, first) : first + size].square().sum(1)
    wanted = x / (1.5 + 0.3 / size * total) ** 0.7
    add = one("add_lrn", alpha=0.3, beta=0.7, local_size=size, k=1.5)
    agree(run(add, x, folder=tmp_path)[0], wanted)


REDUCTIONS: dict[str, Callable[[Tensor, list[int], bool], Tensor]] = {
    "sum": lambda x, axes, keep: x.double().sum(axes, keep),
    "mean": lambda x, axes, keep: x.double().mean(axes, keep),
    "max": lambda x, axes, keep: torch.tensor(x.numpy().max(tuple(axes), keepdims=keep)),
    "min": lambda x, axes, keep: torch.tensor(x.numpy().min(tuple(axes), keepdims=keep)),
    "prod": lambda x, axes, keep: torch.tensor(x.numpy().prod(tuple(axes), keepdims=keep)),
    "l1": lambda x, axes, keep: torch.linalg.vector_norm(x, 1, axes, keep),
    "l2": lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keep),
    "sumsquare": lambda x, axes, keep: (x**2).sum(axes, keep),
    "logsum": lambda x, axes, keep: x.sum(axes, keep).log(),
    "logsumexp": lambda x, axes, keep: x.exp().sum(axes, keep).log(),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@few
@given(shape=any_shape, data=st.data(), keep=st.booleans(), seed=seeds)
def test_reductions(
    name: str, shape: tuple[int, ...], data: st.DataObject, keep: bool, seed: int, tmp_path: Path
) -> None:
    x = random(seed, *shape, low=0.1)
    axes = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    signed = [axis - len(shape) if data.draw(st.booleans()) else axis for axis in axes]
    wanted = REDUCTIONS[name](x, axes, keep)
    everything = len(axes) == len(shape)
    add = one(f"add_reduce_{name}", axes=signed, keepdims=keep, reduce_all=everything)
    agree(run(add, x, folder=tmp_path)[0], wanted.reshape(wanted.shape or (1,)), 1e-4)


@few
@given(shape=image_shape, axis=st.sampled_from(["CHW", "HW", "C", "H", "W"]), seed=seeds)
def test_legacy_reductions(shape: tuple[int, ...], axis: str, seed: int, tmp_path: Path) -> None:
    x = random(seed, *shape, low=0.5)
    axes = {"CHW": [1, 2, 3], "HW": [2, 3], "C": [1], "H": [2], "W": [3]}[axis]
    for mode in ("sum", "avg", "prod", "sumsquare", "L1", "L2", "max", "min"):
        name = "mean" if mode == "avg" else mode.lower()
        add = one("add_reduce", axis=axis, mode=mode)
        agree(run(add, x, folder=tmp_path)[0], REDUCTIONS[name](x, axes, True), 1e-4)
    add = one("add_reduce", axis=axis, mode="logsum", epsilon=0.5)
    agree(run(add, x, folder=tmp_path)[0], (x + 0.5).log().sum(axes, keepdim=True), 1e-4)
    if len(axes) == 1:
        found = run(one("add_reduce", axis=axis, mode="argmax"), x, folder=tmp_path)[0]
        agree(found, torch.from_numpy(np.expand_dims(x.numpy().argmax(axes[0]), axes[0])))


@few
@given(shape=any_shape, data=st.data(), seed=seeds)
def test_along_one_axis(
    shape: tuple[int, ...], data: st.DataObject, seed: int, tmp_path: Path
) -> None:
    x, rank = random(seed, *shape), len(shape)
    axis = data.draw(st.integers(-rank, rank - 1))
    on, remove, reverse, exclusive = (data.draw(st.booleans()) for _ in range(4))
    k = data.draw(st.integers(1, shape[axis]))
    y = x.numpy()

    def check(wanted: Any, method: str, **settings: Any) -> None:
        agree(run(one(method, axis=axis, **settings), x, folder=tmp_path)[0], torch.tensor(wanted))

    for method, find in (("add_argmax", np.argmax), ("add_argmin", np.argmin)):
        found = find(y, axis)
        check(
            found if remove and rank > 1 else np.expand_dims(found, axis),
            method,
            keepdims=not remove,
        )
    check(np.exp(y) / np.exp(y).sum(axis, keepdims=True), "add_softmax_nd")
    check(np.argsort(-y if on else y, axis, kind="stable"), "add_argsort", descending=on)
    turned = np.flip(y, axis) if reverse else y
    total = turned.cumsum(axis, dtype=np.float64)
    total = total - turned if exclusive else total
    names = {"input_names": ["x0"], "output_name": "y"}
    total = np.flip(total, axis) if reverse else total
    (got,) = run(
        lambda b: b.add_cumsum("l", axis=axis, reverse=reverse, exclusive=exclusive, **names),
        x, folder=tmp_path,
    )  # fmt: skip
    agree(got, torch.tensor(total.copy()))
    order = np.argsort(y if on else -y, axis, kind="stable")
    first = np.take(order, range(k), axis)
    values, indices = run(
        lambda b: b.add_topk("l", ["x0"], ["y", "z"], k=k, axis=axis, use_bottom_k=on),
        x, folder=tmp_path, outputs=("y", "z"),
    )  # fmt: skip
    agree(values, torch.tensor(np.take_along_axis(y, first, axis)))
    agree(indices, torch.tensor(first))
    windows = np.lib.stride_tricks.sliding_window_view(y, k, axis)
    windows = np.moveaxis(windows, -1, axis % rank + 1)
    at = (*(slice(None) for _ in range(axis % rank)), slice(None, None, 2))
    if rank < 5:
        check(windows[at].copy(), "add_sliding_windows", window_size=k, step=2)


@few
@given(shape=any_shape, data=st.data(), seed=seeds)
def test_shapes(shape: tuple[int, ...], data: st.DataObject, seed: int, tmp_path: Path) -> None:
    x, rank = random(seed, *shape), len(shape)

    def check(wanted: Tensor, method: str, **settings: Any) -> None:
        agree(run(one(method, **settings), x, folder=tmp_path)[0], wanted)

    order = data.draw(st.permutations(range(rank)))
    check(x.permute(order), "add_transpose", axes=order)
    check(x.reshape(-1), "add_reshape_static", output_shape=[-1])
    check(x.reshape(1, *shape), "add_reshape_static", output_shape=[1, *shape])
    flags = data.draw(st.lists(st.booleans(), min_size=rank, max_size=rank))
    check(x.flip([i for i, on in enumerate(flags) if on]), "add_reverse", reverse_dim=flags)
    times = data.draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank))
    check(torch.tile(x, times), "add_tile", reps=times)
    check(torch.tensor(shape), "add_get_shape")
    axis = data.draw(st.integers(0, rank))
    check(x.reshape(int(np.prod(shape[:axis])), -1), "add_flatten_to_2d", axis=axis)
    wide = [0] * rank
    if rank > 1:
        wide[0], wide[1] = shape[0] * shape[1], 1
    check(
        x.reshape([n or m for n, m in zip(wide, shape)]),
        "add_rank_preserving_reshape",
        output_shape=wide,
    )
    check(torch.full_like(x, 1.5), "add_fill_like", value=1.5)
    if rank < 4:
        check(x.unsqueeze(0).unsqueeze(-1), "add_expand_dims", axes=[0, -1])
        check(x.broadcast_to(2, *shape), "add_broadcast_to_static", output_shape=[2, *shape])
    ones = [i for i, n in enumerate(shape) if n == 1]
    squeezed = x.squeeze()
    check(squeezed.reshape(squeezed.shape or (1,)), "add_squeeze", squeeze_all=True)
    if ones:
        left = [n for i, n in enumerate(shape) if i != ones[0]] or [1]
        check(x.reshape(left), "add_squeeze", axes=[ones[0] - rank])
    amounts = data.draw(st.lists(st.integers(0, 2), min_size=2 * rank, max_size=2 * rank))
    padded = np.pad(x.numpy(), list(zip(amounts[::2], amounts[1::2])), constant_values=0.5)
    names = {"input_names": ["x0"], "output_name": "y"}
    (got,) = run(
        lambda b: b.add_constant_pad("l", value=0.5, pad_amounts=amounts, **names),
        x,
        folder=tmp_path,
    )
    agree(got, torch.tensor(padded))
    targets = [n for size in shape for n in (0, size + 2)]
    (got,) = run(
        lambda b: b.add_constant_pad(
            "l", value=0.5, pad_amounts=targets, pad_to_given_output_size_mode=True, **names
        ),
        x, folder=tmp_path,
    )  # fmt: skip
    agree(got, F.pad(x, (0, 2) * rank, value=0.5))


@few
@given(shape=any_shape, data=st.data(), seed=seeds)
def test_joining_and_splitting(
    shape: tuple[int, ...], data: st.DataObject, seed: int, tmp_path: Path
) -> None:
    x, rank = random(seed, *shape), len(shape)
    axis = data.draw(st.integers(-rank, rank - 1))
    longer = list(shape)
    longer[axis] = data.draw(sizes)
    y = random(seed + 1, *longer)
    both = np.concatenate([x.numpy(), y.numpy()], axis)
    agree(run(several("add_concat_nd", 2, axis=axis), x, y, folder=tmp_path)[0], torch.tensor(both))
    parts = run(
        lambda b: b.add_split_nd(
            "l", "x0", ["y", "z"], axis=axis, split_sizes=[shape[axis], longer[axis]]
        ),
        torch.tensor(both), folder=tmp_path, outputs=("y", "z"),
    )  # fmt: skip
    agree(parts[0], x)
    agree(parts[1], y)
    twice = torch.tensor(np.concatenate([x.numpy(), x.numpy() + 1], axis))
    parts = run(
        lambda b: b.add_split_nd("l", "x0", ["y", "z"], axis=axis, num_splits=2),
        twice, folder=tmp_path, outputs=("y", "z"),
    )  # fmt: skip
    agree(parts[1], x + 1)
    z = random(seed + 2, *shape)
    stacked = np.stack([x.numpy(), z.numpy()], axis)
    agree(run(several("add_stack", 2, axis=axis), x, z, folder=tmp_path)[0], torch.tensor(stacked))
    mixed = np.repeat(x.numpy(), 2, axis)
    at = [slice(None)] * rank
    at[axis] = slice(1, None, 2)
    mixed[tuple(at)] = z.numpy()
    add = several("add_concat_nd", 2, axis=axis, interleave=True)
    agree(run(add, x, z, folder=tmp_path)[0], torch.tensor(mixed))


@few
@given(shape=image_shape, block=st.integers(2, 3), data=st.data(), seed=seeds)
def test_pictures(
    shape: tuple[int, ...], block: int, data: st.DataObject, seed: int, tmp_path: Path
) -> None:
    n, c, h, w = shape
    x = random(seed, *shape)

    def check(wanted: Tensor, add: Any, *inputs: Tensor) -> None:
        agree(run(add, *(inputs or (x,)), folder=tmp_path)[0], wanted)

    left, right, top, bottom = (data.draw(st.integers(0, 2)) for _ in range(4))
    sides = dict(left=left, right=right, top=top, bottom=bottom)
    for kind, mode in (
        ("constant", "constant"),
        ("reflection", "reflect"),
        ("replication", "replicate"),
    ):
        value = {"value": 0.75} if kind == "constant" else {}
        add = one("add_padding", padding_type=kind, **sides, **value)
        check(F.pad(x, (left, right, top, bottom), mode, **value), add)
    below, behind = min(bottom, h - top - 1), min(right, w - left - 1)
    check(
        x[:, :, top : h - below, left : w - behind],
        lambda b: b.add_crop("l", left, behind, top, below, [0, 0], ["x0"], "y"),
    )
    check(
        x[:, :, h - 2 :, 1:3],
        lambda b: b.add_crop("l", 0, 0, 0, 0, [h - 2, 1], ["x0", "x1"], "y"),
        x,
        torch.zeros(n, c, 2, 2),
    )
    joined = torch.cat([x, x * 2], 1)
    check(joined, lambda b: b.add_elementwise("l", ["x0", "x1"], "y", "CONCAT"), x, x * 2)
    (_, second) = run(
        lambda b: b.add_split("l", "x0", ["y", "z"]), joined, folder=tmp_path, outputs=("y", "z")
    )
    agree(second, x * 2)
    deep = random(seed, n, c * block**2, h, w)
    check(
        F.pixel_shuffle(deep, block),
        one("add_reorganize_data", mode="PIXEL_SHUFFLE", block_size=block),
        deep,
    )
    shallow = torch.empty(n, c, h * block, w * block)
    for i in range(block):
        for j in range(block):
            k = (i * block + j) * c
            shallow[:, :, i::block, j::block] = deep[:, k : k + c]
    check(shallow, one("add_reorganize_data", mode="DEPTH_TO_SPACE", block_size=block), deep)
    check(deep, one("add_reorganize_data", mode="SPACE_TO_DEPTH", block_size=block), shallow)
    check(x.reshape(n, -1, 1, 1), one("add_flatten", mode=0))
    check(x.permute(0, 2, 3, 1).reshape(n, -1, 1, 1), one("add_flatten", mode=1))
    check(
        x[:, :, 1 : h - 1 : 2],
        one("add_slice", axis="height", start_index=1, end_index=-1, stride=2),
    )
    check(x[:, :c], one("add_slice", axis="channel", start_index=0, end_index=c))


@few
@given(shape=image_shape, rows=st.integers(1, 3), columns=st.integers(1, 3), seed=seeds)
def test_upsampling(
    shape: tuple[int, ...], rows: int, columns: int, seed: int, tmp_path: Path
) -> None:
    x = random(seed, *shape)
    factors, height, width = (rows, columns), shape[2] * rows, shape[3] * columns

    def up(mode: str, corners: str = "DEFAULT", by: tuple[float, float] = factors) -> Tensor:
        add = one("add_upsample", *by, mode=mode, linear_upsample_mode=corners)
        return run(add, x, folder=tmp_path)[0]

    agree(up("NN"), F.interpolate(x, (height, width), mode="nearest"))
    for corners, aligned in (("ALIGN_CORNERS_TRUE", True), ("ALIGN_CORNERS_FALSE", False)):
        wanted = F.interpolate(x, (height, width), mode="bilinear", align_corners=aligned)
        agree(up("BILINEAR", corners), wanted)
        fraction = (rows + 0.5, columns + 0.5)
        size = [int(n * f) for n, f in zip(shape[2:], fraction)]
        wanted = F.interpolate(x, size, mode="bilinear", align_corners=aligned)
        agree(up("BILINEAR", corners, fraction), wanted)
    agree(up("BILINEAR"), _sampled(x, np.arange(height) / rows, np.arange(width) / columns))


def test_fractional_sizes_are_products_in_single_precision(tmp_path: Path) -> None:
    assert int(float(np.float32(0.7)) * 10) == 6  # as it would be in double precision
    assert scaled(10, float(np.float32(0.7))) == 7
    x = random(0, 1, 2, 10, 20)
    add = one("add_upsample", 0.7, 0.35, mode="BILINEAR", linear_upsample_mode="ALIGN_CORNERS_TRUE")
    wanted = F.interpolate(x, (7, 7), mode="bilinear", align_corners=True)
    agree(run(add, x, folder=tmp_path)[0], wanted)


def _sampled(x: Tensor, rows: Any, columns: Any) -> Tensor:
    """Bilinear values by NumPy's one-dimensional interpolation, axis after axis."""
    y = np.apply_along_axis(lambda v: np.interp(rows, range(len(v)), v), 2, x.double().numpy())
    y = np.apply_along_axis(lambda v: np.interp(columns, range(len(v)), v), 3, y)
    return torch.from_numpy(y)


@settings(few, max_examples=20)
@given(shape=image_shape, height=st.integers(1, 12), width=st.integers(1, 12), seed=seeds)
def test_resizing(
    shape: tuple[int, ...], height: int, width: int, seed: int, tmp_path: Path
) -> None:
    x = random(seed, *shape)

    def grid(mode: str, old: int, new: int) -> Any:
        if mode == "UPSAMPLE_MODE":
            return np.linspace(0, old - old / new, new).clip(max=old - 1)
        if mode == "ROI_ALIGN_MODE":
            spacing = max(1, old - 1) / new
            return np.linspace(spacing / 2, spacing / 2 + (new - 1) * spacing, new).clip(
                max=old - 1
            )
        if mode == "ALIGN_ENDPOINTS_MODE" and new == 1:
            return np.array([(old - 1) / 2])
        return np.linspace(0, old - 1, new)

    for name in ("STRICT_ALIGN_ENDPOINTS", "ALIGN_ENDPOINTS", "UPSAMPLE", "ROI_ALIGN"):
        mode = f"{name}_MODE"
        add = one("add_resize_bilinear", target_height=height, target_width=width, mode=mode)
        wanted = _sampled(x, grid(mode, shape[2], height), grid(mode, shape[3], width))
        agree(run(add, x, folder=tmp_path)[0], wanted)


@few
@given(shape=any_shape, data=st.data(), seed=seeds)
def test_slices(shape: tuple[int, ...], data: st.DataObject, seed: int, tmp_path: Path) -> None:
    x, rank = random(seed, *shape), len(shape)
    ranges, parts = [], []
    for n in shape:
        stride = data.draw(st.sampled_from([1, 2, -1, -2]))
        ends = sorted(data.draw(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))))
        first, last = ends if stride > 0 else ends[::-1]
        free = data.draw(st.booleans()), data.draw(st.booleans())
        one_only = data.draw(st.booleans()) and rank > 1
        end = last + (1 if stride > 0 else -1)
        free = free[0], free[1] or end < 0
        ranges.append((first, end, stride, *free, one_only))
        part = slice(None if free[0] else first, None if free[1] else end, stride)
        parts.append(first if one_only else part)
    wanted = np.atleast_1d(x.numpy()[tuple(parts)]).copy()
    begins, ends_, strides, opened, closed, squeezed = (list(v) for v in zip(*ranges))
    add = one(
        "add_slice_static", begin_ids=begins, end_ids=ends_, strides=strides,
        begin_masks=opened, end_masks=closed, squeeze_masks=squeezed,
    )  # fmt: skip
    agree(run(add, x, folder=tmp_path)[0], torch.tensor(wanted))
    (got,) = run(
        lambda b: b.add_slice_dynamic(
            "l", ["x0", "x1", "x2", "x3"], "y",
            begin_masks=opened, end_masks=closed, squeeze_masks=squeezed,
        ),
        x, *(torch.tensor(v, dtype=torch.float32) for v in (begins, ends_, strides)),
        folder=tmp_path,
    )  # fmt: skip
    agree(got, torch.tensor(wanted))


@few
@given(shape=any_shape, count=sizes, data=st.data(), seed=seeds)
def test_gathering_and_scattering(
    shape: tuple[int, ...], count: int, data: st.DataObject, seed: int, tmp_path: Path
) -> None:
    x, rank = random(seed, *shape), len(shape)
    axis = data.draw(st.integers(-rank, rank - 1))
    indices = data.draw(
        st.lists(st.integers(-shape[axis], shape[axis] - 1), min_size=count, max_size=count)
    )
    at = torch.tensor(indices, dtype=torch.float32)
    taken = np.take(x.numpy(), indices, axis)
    agree(run(several("add_gather", 2, axis=axis), x, at, folder=tmp_path)[0], torch.tensor(taken))
    order = torch.argsort(random(seed + 1, *shape), axis)
    along = np.take_along_axis(x.numpy(), order.numpy(), axis)
    (got,) = run(several("add_gather_along_axis", 2, axis=axis), x, order.float(), folder=tmp_path)
    agree(got, torch.tensor(along))
    (got,) = run(
        several("add_scatter_along_axis", 3, axis=axis), torch.zeros(shape), order.float(),
        torch.tensor(along), folder=tmp_path,
    )  # fmt: skip
    agree(got, x)
    depth = data.draw(st.integers(1, rank))
    places = np.stack(
        [np.random.default_rng(seed).integers(0, n, count) for n in shape[:depth]], -1
    )
    found = x.numpy()[tuple(places.T)]
    (got,) = run(several("add_gather_nd", 2), x, torch.tensor(places).float(), folder=tmp_path)
    agree(got, torch.tensor(found))
    values = random(seed + 2, *found.shape)
    wanted = x.numpy().copy()
    np.add.at(wanted, tuple(places.T), values.numpy())
    (got,) = run(
        several("add_scatter_nd", 3, mode="ADD"), x, torch.tensor(places).float(), values,
        folder=tmp_path,
    )  # fmt: skip
    agree(got, torch.tensor(wanted))
    changes = random(seed + 3, *taken.shape)
    wanted = np.moveaxis(x.numpy().copy(), axis, 0)
    for i, index in enumerate(indices):
        wanted[index] *= np.moveaxis(changes.numpy(), axis, 0)[i]
    (got,) = run(several("add_scatter", 3, axis=axis, mode="MUL"), x, at, changes, folder=tmp_path)
    agree(got, torch.tensor(np.moveaxis(wanted, 0, axis).copy()), 1e-4)


@few
@given(lead=st.lists(st.integers(1, 3), max_size=3), inside=sizes, outside=sizes, seed=seeds)
def test_products(lead: list[int], inside: int, outside: int, seed: int, tmp_path: Path) -> None:
    w, b = random(seed + 1, outside, inside), random(seed + 2, outside)
    x = random(seed, *lead, inside)
    inner = one("add_inner_product", w.numpy(), b.numpy(), inside, outside, True)
    if len(lead) < 3:
        agree(run(inner, x, folder=tmp_path)[0], F.linear(x, w, b))
    picture = random(seed, 2, inside, 1, 1)
    wanted = F.conv2d(picture, w[:, :, None, None], b)
    agree(run(inner, picture, folder=tmp_path)[0], wanted)

    def weighted(builder: Any) -> None:
        builder.add_batched_mat_mul(
            "l", ["x0"], "y", weight_matrix_rows=inside, weight_matrix_columns=outside,
            W=w.T.numpy(), bias=b.numpy(),
        )  # fmt: skip

    agree(run(weighted, x, folder=tmp_path)[0], F.linear(x, w, b))
    a, c = random(seed, *lead, 4, inside), random(seed + 3, inside, outside)
    agree(
        run(several("add_batched_mat_mul", 2), a, c, folder=tmp_path)[0],
        torch.einsum("...ij,jk->...ik", a, c),
    )
    add = several("add_batched_mat_mul", 2, transpose_a=True, transpose_b=True)
    agree(run(add, a.mT.contiguous(), c.T.contiguous(), folder=tmp_path)[0], a @ c)
    row = random(seed, inside)
    agree(run(several("add_batched_mat_mul", 2), row, c, folder=tmp_path)[0], (row @ c)[None])


@few
@given(words=sizes, size=sizes, count=sizes, seed=seeds)
def test_embeddings(words: int, size: int, count: int, seed: int, tmp_path: Path) -> None:
    table, b = random(seed, words, size), random(seed + 1, size)
    indices = torch.from_numpy(np.random.default_rng(seed).integers(0, words, count))
    wanted = table[indices] + b
    add = one("add_embedding", table.T.numpy(), b.numpy(), words, size, True)
    (got,) = run(add, indices.float().reshape(count, 1, 1, 1), folder=tmp_path)
    agree(got, wanted[:, :, None, None])
    (got,) = run(
        lambda builder: builder.add_embedding_nd(
            "l", "x0", "y", words, size, table.T.numpy(), b.numpy()
        ),
        indices.float().reshape(count, 1), folder=tmp_path,
    )  # fmt: skip
    agree(got, wanted)
    (got,) = run(
        several("add_one_hot", 1, one_hot_vector_size=words, axis=-1, on_value=2, off_value=-1),
        indices.float(), folder=tmp_path,
    )  # fmt: skip
    agree(got, F.one_hot(indices, words) * 3 - 1)


@few
@given(shape=image_shape, seed=seeds)
def test_biases_and_scales(shape: tuple[int, ...], seed: int, tmp_path: Path) -> None:
    _, c, h, w = shape
    x = random(seed, *shape)
    for size in ([1], [c], [1, h, w], [c, h, w]):
        b, s = random(seed + 1, *size), random(seed + 2, *size)
        wide = (b, s) if len(size) == 3 else (b[:, None, None], s[:, None, None])
        add = one("add_bias", b.numpy(), shape_bias=size)
        agree(run(add, x, folder=tmp_path)[0], x + wide[0])
        add = one("add_scale", s.numpy(), b.numpy(), True, shape_scale=size, shape_bias=size)
        agree(run(add, x, folder=tmp_path)[0], x * wide[1] + wide[0])


@few
@given(shape=image_shape, k=st.integers(-3, 3), upper=st.integers(-1, 3), seed=seeds)
def test_triangles(shape: tuple[int, ...], k: int, upper: int, seed: int, tmp_path: Path) -> None:
    x = random(seed, *shape)

    def check(wanted: Tensor, method: str, **settings: Any) -> None:
        agree(run(one(method, **settings), x, folder=tmp_path)[0], wanted)

    check(torch.tensor(np.tril(x.numpy(), k)), "add_lower_triangular", k=k)
    check(torch.tensor(np.triu(x.numpy(), k)), "add_upper_triangular", k=k)
    assume(k >= 0)
    band = torch.tensor(np.triu(x.numpy(), -k))
    band = band if upper < 0 else torch.tensor(np.tril(band.numpy(), upper))
    check(band, "add_matrix_band_part", num_lower=k, num_upper=upper)


def test_shapes_from_tensors(tmp_path: Path) -> None:
    x, like = random(0, 2, 6), random(1, 3, 4)
    target = torch.tensor([4.0, 3.0])

    def check(wanted: Tensor, add: Any, *inputs: Tensor) -> None:
        agree(run(add, *inputs, folder=tmp_path)[0], wanted)

    check(x.reshape(3, 4), several("add_reshape_like", 2), x, like)
    check(x.reshape(4, 3), several("add_reshape_dynamic", 2), x, target)
    check(x[:1].broadcast_to(2, 6), several("add_broadcast_to_like", 2), x[:1], x)
    check(
        torch.full((4, 3), 0.5).broadcast_to(4, 3),
        several("add_broadcast_to_dynamic", 2),
        torch.full((1, 3), 0.5),
        target,
    )
    check(torch.full((4, 3), 1.5), one("add_fill_dynamic", value=1.5), target)
    check(x.repeat(4, 3), lambda b: b.add_tile("l", ["x0", "x1"], "y"), x, target)
    end, start, step = (torch.tensor([v]) for v in (7.0, 1.0, 2.0))
    check(torch.tensor([1.0, 3, 5]), several("add_range_dynamic", 3), end, start, step)
    check(torch.tensor([0.0, 3, 6]), several("add_range_dynamic", 1, start=0, step=3), end)
    constant = random(2, 3, 4)
    check(
        constant + like,
        lambda b: (
            b.add_load_constant_nd("c", "c", constant.numpy(), [3, 4]),
            b.add_add_broadcastable("l", ["c", "x0"], "y"),
        ),
        like,
    )
    check(
        like * 2.5,
        lambda b: (
            b.add_fill_static("c", "c", output_shape=[3, 4], value=2.5),
            b.add_multiply_broadcastable("l", ["c", "x0"], "y"),
        ),
        like,
    )

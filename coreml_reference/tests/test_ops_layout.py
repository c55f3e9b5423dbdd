"""Operators of ML Programs that move numbers, multiply matrices, normalise and quantise."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from coreml_reference.tests.programs import Cases, Maker, check, some

halves = st.booleans()


def _random(*shape: int) -> Tensor:
    return torch.rand(shape) * 4 - 2


@some
@given(shape=st.lists(st.integers(2, 5), min_size=3, max_size=3), half=halves, data=st.data())
def test_rearranging(shape: list[int], half: bool, data: st.DataObject, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    axis = data.draw(st.integers(-3, 2))
    order = data.draw(st.permutations(range(3)))
    times = data.draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))
    cut = data.draw(st.integers(1, shape[axis] - 1))
    cases: Cases = {
        "reshape": (
            lambda x, y: mb.reshape(x=x, shape=[0, -1, 1]),
            lambda x, y: x.flatten(1)[..., None],
        ),
        "reshape_like": (
            lambda x, y: mb.reshape_like(
                x=x, ref_tensors=(y, x), begins=(1, 0), ends=(3, 1), end_masks=(True, False)
            ),
            lambda x, y: x.reshape(*x.shape[1:], x.shape[0]),
        ),
        "expand": (lambda x, y: mb.expand_dims(x=x, axes=[0, -1]), lambda x, y: x[None, ..., None]),
        "squeeze": (
            lambda x, y: mb.squeeze(x=mb.expand_dims(x=x, axes=[1]), axes=[1]),
            lambda x, y: x,
        ),
        "transpose": (lambda x, y: mb.transpose(x=x, perm=order), lambda x, y: x.permute(order)),
        "flatten2d": (lambda x, y: mb.flatten2d(x=x, axis=-1), lambda x, y: x.flatten(0, 1)),
        "tile": (lambda x, y: mb.tile(x=x, reps=times), lambda x, y: x.repeat(times)),
        "reverse": (lambda x, y: mb.reverse(x=x, axes=[axis]), lambda x, y: x.flip(axis)),
        "concat": (
            lambda x, y: mb.concat(values=(x, y), axis=axis),
            lambda x, y: torch.cat([x, y], axis),
        ),
        "interleave": (
            lambda x, y: mb.concat(values=(x, y), axis=1, interleave=True),
            lambda x, y: torch.stack([x, y], 2).flatten(1, 2),
        ),
        "stack": (
            lambda x, y: mb.stack(values=(x, y), axis=1),
            lambda x, y: torch.stack([x, y], 1),
        ),
        "split": (
            lambda x, y: mb.split(x=x, split_sizes=[cut, shape[axis] - cut], axis=axis)[1],
            lambda x, y: x.narrow(axis, cut, shape[axis] - cut),
        ),
        "parts": (
            lambda x, y: mb.split(x=mb.concat(values=(x, y), axis=0), num_splits=2, axis=0)[1],
            lambda x, y: y,
        ),
        "band": (
            lambda x, y: mb.band_part(x=x, lower=1, upper=0),
            lambda x, y: x.tril() - x.tril(-2),
        ),
        "fill": (
            lambda x, y: mb.fill(shape=mb.shape(x=x), value=1.5),
            lambda x, y: torch.full_like(x, 1.5),
        ),
        "fill_like": (
            lambda x, y: mb.fill_like(ref_tensor=x, value=1.5),
            lambda x, y: torch.full_like(x, 1.5),
        ),
        "range": (
            lambda x, y: mb.range_1d(start=2, end=mb.reduce_max(x=mb.shape(x=x)), step=1),
            lambda x, y: torch.arange(2, max(shape)),
        ),
        "topk": (
            lambda x, y: mb.topk(x=x, k=2, axis=axis)[0],
            lambda x, y: x.topk(2, axis).values,
        ),
    }
    check(maker, [_random(*shape), _random(*shape)], cases, tmp_path / "a.mlpackage")


@some
@given(block=st.integers(2, 3), half=halves)
def test_pixels_and_channels(block: int, half: bool, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    depth = block * block

    def last(x: Tensor) -> Tensor:
        """Channels in the order in which depth comes last."""
        return x.reshape(2, depth, depth * 2, *x.shape[-2:]).transpose(1, 2).reshape(x.shape)

    cases: Cases = {
        "shuffle": (
            lambda x: mb.pixel_shuffle(x=x, upscale_factor=block),
            lambda x: F.pixel_shuffle(x, block),
        ),
        "unshuffle": (
            lambda x: mb.pixel_unshuffle(x=x, downscale_factor=np.uint32(block)),
            lambda x: F.pixel_unshuffle(x, block),
        ),
        "depth_to_space": (
            lambda x: mb.depth_to_space(x=x, block_size=block),
            lambda x: F.pixel_shuffle(last(x), block),
        ),
        "and_back": (
            lambda x: mb.space_to_depth(
                x=mb.depth_to_space(x=x, block_size=block), block_size=block
            ),
            lambda x: x,
        ),
        "crop": (
            lambda x: mb.crop(x=x, crop_height=[1, 2], crop_width=[0, 1]),
            lambda x: x[..., 1:-2, :-1],
        ),
    }
    x = _random(2, 2 * depth * depth, 2 * block, 3 * block)
    check(maker, [x], cases, tmp_path / "a.mlpackage")


@some
@given(shape=st.lists(st.integers(3, 6), min_size=3, max_size=3), half=halves, data=st.data())
def test_parts(shape: list[int], half: bool, data: st.DataObject, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    cases: dict[str, Any] = {}
    for index in range(6):
        begin = [data.draw(st.integers(-n, n - 1)) for n in shape]
        stride = [data.draw(st.sampled_from([1, 2, -1, -2])) for _ in shape]
        begin_mask = [data.draw(st.booleans()) for _ in shape]
        end_mask = [data.draw(st.booleans()) for _ in shape]
        squeeze = [data.draw(st.booleans()) for _ in shape[1:]] + [False]
        end = []
        for n, b, s, free in zip(shape, begin, stride, begin_mask, strict=True):
            first = (0 if s > 0 else n - 1) if free else b % n
            end.append(data.draw(st.integers(first + 1, n)) if s > 0 else max(first - 1, 0) - n)
        # Where an end must not be beyond the first, it is free.
        end_mask = [m or e + n <= 0 for m, e, n in zip(end_mask, end, shape, strict=True)]

        def wanted(
            x: Tensor, index: int = 0, p: Any = (begin, end, stride, begin_mask, end_mask, squeeze)
        ) -> Tensor:
            keys = []
            for b, e, s, free_b, free_e, gone in zip(*p, strict=True):
                keys.append(
                    (0 if free_b else b)
                    if gone
                    else slice(None if free_b else b, None if free_e else e, s)
                )
            return torch.from_numpy(x.numpy()[tuple(keys)].copy())

        if 0 in wanted(torch.zeros(shape)).shape:
            continue
        cases[f"slice{index}"] = (
            lambda x, p=(begin, end, stride, begin_mask, end_mask, squeeze): mb.slice_by_index(
                x=x,
                begin=p[0],
                end=p[1],
                stride=p[2],
                begin_mask=p[3],
                end_mask=p[4],
                squeeze_mask=p[5],
            ),
            wanted,
        )
    indices = np.array([[1, -1], [0, 2]], np.int32)
    along = np.random.default_rng(0).integers(0, shape[1], (shape[0], 2, shape[2])).astype(np.int32)
    pads = {
        "constant": [1, 0, 2, 1],
        "reflect": [2, 1, 1, 2],
        "replicate": [1, 3, 2, 0],
    }
    cases |= {
        "sized": (
            lambda x: mb.slice_by_size(x=x, begin=[1, 0, 1], size=[1, -1, 2]),
            lambda x: x[1:2, :, 1:3],
        ),
        "gather": (
            lambda x: mb.gather(x=x, indices=indices, axis=1),
            lambda x: torch.from_numpy(np.take(x.numpy(), indices, 1)),
        ),
        "gather_batch": (
            lambda x: mb.gather(x=x, indices=along[:, 0], axis=1, batch_dims=1),
            lambda x: torch.stack([r[i] for r, i in zip(x, torch.from_numpy(along[:, 0]).long())]),
        ),
        "gather_along": (
            lambda x: mb.gather_along_axis(x=x, indices=along, axis=1),
            lambda x: torch.take_along_dim(x, torch.from_numpy(along).long(), 1),
        ),
        "gather_nd": (
            lambda x: mb.gather_nd(x=x, indices=np.abs(indices)),
            lambda x: torch.stack([x[1, 1], x[0, 2]]),
        ),
        "gather_nd_batch": (
            lambda x: mb.gather_nd(x=x, indices=along[:, :, :1], batch_dims=1),
            lambda x: torch.stack([r[torch.from_numpy(i[:, 0]).long()] for r, i in zip(x, along)]),
        ),
        "pad_channels": (
            lambda x: mb.pad(x=x, pad=[1, 1, 0, 0, 2, 0], mode="reflect"),
            lambda x: torch.from_numpy(np.pad(x.numpy(), [(1, 1), (0, 0), (2, 0)], "reflect")),
        ),
        **{
            f"pad_{mode}": (
                lambda x, m=mode: mb.pad(x=x, pad=pads[m], mode=m, constant_val=maker.number(1.5)),
                lambda x, m=mode: F.pad(
                    x[None], (*pads[m][2:], *pads[m][:2]), m, *([1.5] if m == "constant" else [])
                )[0],
            )
            for mode in pads
        },
    }
    check(maker, [_random(*shape)], cases, tmp_path / "a.mlpackage")


@some
@given(
    size=st.lists(st.integers(2, 6), min_size=4, max_size=4),
    half=halves,
    flags=st.tuples(halves, halves),
)
def test_products(size: list[int], half: bool, flags: Any, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    n, m, k, batch = size
    weight, bias = _random(m, k) / 4, _random(m)
    x = _random(batch, k, n) if flags[0] else _random(batch, n, k)
    y = _random(batch, m, k) if flags[1] else _random(batch, k, m)
    left = [0, 2, 1] if flags[0] else [0, 1, 2]
    cases: Cases = {
        "matmul": (
            lambda x, y: mb.matmul(x=x, y=y, transpose_x=flags[0], transpose_y=flags[1]),
            lambda x, y: (x.mT if flags[0] else x) @ (y.mT if flags[1] else y),
        ),
        "linear": (
            lambda x, y: mb.linear(
                x=mb.transpose(x=x, perm=left), weight=maker.array(weight), bias=maker.array(bias)
            ),
            lambda x, y: F.linear(x.permute(left), maker.rounded(weight), maker.rounded(bias)),
        ),
        "einsum": (
            lambda x, y: mb.einsum(
                values=(
                    mb.expand_dims(x=x, axes=[0]),
                    mb.expand_dims(x=mb.transpose(x=x, perm=[2, 1, 0]), axes=[0]),
                ),
                equation="nchw,nwhr->nchr",
            ),
            lambda x, y: torch.stack([(a * x).sum(-1).T for a in x])[None],
        ),
        "attention": (
            lambda x, y: mb.scaled_dot_product_attention(
                query=mb.expand_dims(x=x, axes=[0]),
                key=mb.expand_dims(x=x, axes=[0]),
                value=mb.expand_dims(x=x, axes=[0]),
            ),
            lambda x, y: ((x @ x.mT / math.sqrt(x.shape[-1])).softmax(-1) @ x)[None],
        ),
    }
    check(maker, [x, y], cases, tmp_path / "a.mlpackage", ios=18)


@some
@given(size=st.tuples(st.integers(3, 6), st.integers(2, 5), st.integers(3, 6)), half=halves)
def test_normalisations(size: Any, half: bool, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    c, h, w = size
    gamma, beta, mean, variance = _random(c), _random(c), _random(c), _random(c).abs() + 0.1
    inner = _random(h, w)
    norm = {"gamma": maker.array(gamma), "beta": maker.array(beta), "epsilon": maker.number(0.125)}
    g, b, m, v = (maker.rounded(t) for t in (gamma, beta, mean, variance))
    cases: Cases = {
        "batch": (
            lambda x: mb.batch_norm(
                x=x, mean=maker.array(mean), variance=maker.array(variance), **norm
            ),
            lambda x: F.batch_norm(x, m, v, g, b, eps=0.125),
        ),
        "instance": (
            lambda x: mb.instance_norm(x=x, **norm),
            lambda x: F.instance_norm(x, weight=g, bias=b, eps=0.125),
        ),
        "layer": (
            lambda x: mb.layer_norm(
                x=x, axes=[2, -1], gamma=maker.array(inner), epsilon=maker.number(0.125)
            ),
            lambda x: F.layer_norm(x, (h, w), maker.rounded(inner), None, 0.125),
        ),
        "layer_channels": (
            lambda x: mb.layer_norm(x=x, axes=[1], **norm),
            lambda x: F.layer_norm(x.movedim(1, -1), (c,), g, b, 0.125).movedim(-1, 1),
        ),
        "l2": (
            lambda x: mb.l2_norm(x=x, epsilon=maker.number(0.125)),
            lambda x: x / (x.square().sum((1, 2, 3), keepdim=True) + 0.125).sqrt(),
        ),
        "local_response": (
            lambda x: mb.local_response_norm(
                x=x, size=3, alpha=maker.number(0.5), beta=maker.number(0.75), k=maker.number(1)
            ),
            lambda x: F.local_response_norm(x, 3, 0.5, 0.75, 1),
        ),
        "prelu": (
            lambda x: mb.prelu(x=x, alpha=maker.array(gamma)),
            lambda x: F.prelu(x, g),
        ),
        "softplus": (
            lambda x: mb.softplus_parametric(x=x, alpha=maker.array(gamma), beta=maker.array(beta)),
            lambda x: g[:, None, None] * (1 + (b[:, None, None] * x).exp()).log(),
        ),
    }
    check(maker, [_random(2, c, h, w)], cases, tmp_path / "a.mlpackage")


@some
@given(size=st.tuples(st.integers(2, 5), st.integers(2, 5)), half=halves, signed=st.booleans())
def test_quantisation_while_running(size: Any, half: bool, signed: bool, tmp_path: Path) -> None:
    maker = Maker(half)
    mb = maker.mb
    kind = "int8" if signed else "uint8"
    zero = np.arange(size[0]).astype(kind)
    scale = 2.0 ** -torch.randint(3, 7, (size[0],))
    limits = (-128, 127) if signed else (0, 255)

    def steps(x: Tensor) -> Tensor:
        offset = torch.from_numpy(zero).double()[:, None]
        return ((x / scale.double()[:, None]).round() + offset).clamp(*limits)

    def quantized(x: Any) -> Any:
        return mb.quantize(
            input=x, zero_point=zero, scale=maker.array(scale), axis=0, output_dtype=kind
        )

    cases: Cases = {
        "steps": (lambda x: mb.cast(x=quantized(x), dtype="fp32"), steps),
        "back": (
            lambda x: mb.dequantize(
                input=quantized(x), zero_point=zero, scale=maker.array(scale), axis=0
            ),
            lambda x: (
                (steps(x) - torch.from_numpy(zero).double()[:, None]) * scale.double()[:, None]
            ),
        ),
        "one_scale": (
            lambda x: mb.dequantize(
                input=mb.quantize(input=x, scale=maker.number(0.125), output_dtype="int8"),
                scale=maker.number(0.125),
            ),
            lambda x: (x / 0.125).round().clamp(-128, 127) * 0.125,
        ),
    }
    check(maker, [_random(*size)], cases, tmp_path / "a.mlpackage")

"""The fp16 audit: what it flags fails in half precision, what it passes does not."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any, cast

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from torch import Tensor, nn
from torch.fx import symbolic_trace
from torch.utils._python_dispatch import TorchDispatchMode

from export.convert.graphs import Graph, build
from export.verify import compare
from export.verify.fp16_range import Audit, audit, summary, verdicts
from export.verify.fp16_range.arithmetic import (
    LEAST_NORMAL,
    Machine,
    Step,
    exact,
    flushed,
    half,
)
from export.verify.fp16_range.audit import MOST_TRIALS
from export.verify.fp16_range.cases import Case, Material, cases, material, spread, trials
from export.verify.fp16_range.findings import HEADROOM, LOST_DB
from export.verify.fp16_range.program import Kind, Operator, trace
from export.verify.fp16_range.tally import Tally
from facestyle import checkpoint, contract, shipped
from facestyle.networks.vgg19 import VGG19Network
from facestyle.stylize import Painter

SIZE = 32


def _graph(module: nn.Module, side: int = SIZE) -> Graph:
    ports = (contract.content(side, side),)
    return Graph("toy", module.eval(), contract.Contract("toy", ports, (contract.stylized(8, 8),)))


def _audit(module: nn.Module, side: int = SIZE) -> Audit:
    return audit(_graph(module, side), module, [])


def _failed(found: Audit) -> dict[str, str]:
    return {v.check: v.figure for v in verdicts(found) if not v.passed}


class Naive(nn.Module):
    """The textbook's instance normalisation of an image that was multiplied first."""

    def __init__(self, scale: float, floor: float) -> None:
        super().__init__()
        self.scale, self.floor = scale, floor

    def forward(self, image: Tensor) -> Tensor:
        x = image * self.scale
        centred = x - x.mean((2, 3), keepdim=True)
        variance = (centred**2).mean((2, 3), keepdim=True)
        return centred * torch.rsqrt(variance + self.floor)


class Layer(nn.Module):
    """A layer of that name around another."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.style_full = inner

    def forward(self, image: Tensor) -> Tensor:
        return cast(Tensor, self.style_full(image))


class Exponential(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        y = torch.exp(12 * image)
        return y / (1 + y)


def test_large_activations_overflow_where_they_are_squared() -> None:
    found = _audit(Layer(Naive(3000, 1e-4)))
    failed = _failed(found)
    assert "style_full · square" in failed["fp16 headroom"]
    assert "style_full · square" in failed["finite in fp16"]
    assert found.worst(1)[0].kind is Kind.SQUARE
    assert found.worst(1)[0].headroom < 1


def test_small_activations_vanish_before_their_root() -> None:
    found = _audit(Layer(Naive(1e-5, 1e-8)))
    failed = _failed(found)
    assert "style_full · rsqrt" in failed["fp16 divisors and roots"]
    assert "values lost below fp16's range" in failed
    assert "fp16 headroom" not in failed


def test_exponentials_overflow() -> None:
    failed = _failed(_audit(Exponential()))
    assert "toy · exp" in failed["fp16 headroom"]
    assert "toy · exp" in failed["finite in fp16"]


def test_a_weight_beyond_fp16_is_named() -> None:
    layer = nn.Conv2d(3, 3, 1)
    nn.init.constant_(layer.weight, 70_000.0)
    rows = {row.name: row for row in _audit(layer).rows}
    assert rows["weight"].kind is Kind.CONSTANT
    assert rows["weight"].headroom < 1
    assert rows["weight"].cause == "the weights"


def test_nan_fails_everything_that_can_say_so() -> None:
    layer = nn.Conv2d(3, 3, 1)
    nn.init.constant_(layer.weight, math.nan)
    assert {"fp16 headroom", "finite in fp16", "fp16 arithmetic to fp32"} <= _failed(
        _audit(layer)
    ).keys()


def test_normalisations_of_pytorch_are_taken_apart() -> None:
    """So that the squares inside them are seen; what they compute stays what it was."""
    tracked = nn.InstanceNorm2d(3, affine=True, track_running_stats=True)
    assert tracked.running_mean is not None
    tracked.running_mean.fill_(0.3)
    x = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    for layer in (
        nn.InstanceNorm2d(3),
        nn.GroupNorm(3, 3),
        nn.LayerNorm((3, SIZE, SIZE)),
        tracked,
    ):
        module = nn.Sequential(nn.Conv2d(3, 3, 1), layer).eval()
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, 0.5, 2)
        program = trace(_graph(module))
        with torch.inference_mode():
            assert torch.allclose(Machine.of(program, exact).run((x,)), module(x), atol=1e-5)
        kinds = {operator.kind for operator in program.operators.values()}
        assert Kind.DIVISION in kinds
        if layer is not tracked:
            assert {Kind.SQUARE, Kind.REDUCTION, Kind.NORMALISATION} <= kinds
            assert "1 · square" in {operator.name for operator in program.operators.values()}


def test_sums_that_fp16_could_not_hold_are_reported_but_no_fault() -> None:
    class Mean(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            return (30 * image).mean((2, 3), keepdim=True)

    found = _audit(Mean(), side=64)
    assert not _failed(found)
    (row,) = [row for row in found.rows if row.kind is Kind.REDUCTION]
    assert row.inside == pytest.approx(30 * 64 * 64, rel=1e-5)
    assert row.overflows_inside
    assert list(summary(found).overflow_if_summed_in_fp16) == [row.name]


class Picture(nn.Module):
    """A naive normalisation that ends in [0, 1], as its contract says."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.norm = Naive(scale, 1e-4)

    def forward(self, image: Tensor) -> Tensor:
        return torch.sigmoid(self.norm(image))


@cache
def _inputs() -> list[Tensor]:
    graph = _graph(Picture(1))
    found = _material()
    return [case.inputs[0] for case in (*cases(graph, found), *trials(graph, found))]


@cache
def _trials() -> list[Tensor]:
    """So small a graph is tried on as many inputs as any."""
    found = trials(_graph(Picture(1)), _material())
    return [case.inputs[0] for case in found[:MOST_TRIALS]]


@cache
def _material() -> Material:
    graph = _graph(Picture(1))
    return material(graph, trace(graph), None, [])


def _works(module: nn.Module) -> bool:
    """Executed by PyTorch in float16, on all the inputs of the audit."""
    with torch.inference_mode():
        return all(compare.psnr(module(x.half()).float(), module(x), 1.0) >= 40 for x in _inputs())


class Flushing(TorchDispatchMode):
    """What hardware without subnormals makes of half precision: small results are zero."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return flushed(func(*args, **(kwargs or {})))


def _without_subnormals(module: nn.Module) -> float:
    """Least PSNR, in dB, of the few inputs that the audit executes, not only looks through."""
    inputs = _trials()
    with torch.inference_mode():
        wanted = [module(x) for x in inputs]
        with Flushing():
            lost = [module(x) for x in inputs]
    return min(compare.psnr(a, b, 1.0) for a, b in zip(lost, wanted))


LOST = "values lost below fp16's range"


@pytest.mark.slow
@given(st.floats(-10, 14).map(lambda power: 2.0**power))
@example(2.0**-5)
@example(2.0**-7)
@example(2.0**8)
@settings(max_examples=10, deadline=None)
def test_agrees_with_float16_itself(scale: float) -> None:
    """Whatever passes works; whatever fails does so within the margin that is asked for."""
    failed = _failed(_audit(Picture(scale)))
    if LOST in failed:
        assert _without_subnormals(Picture(scale)) < LOST_DB + 1
    if failed.keys() - {LOST}:
        assert not _works(Picture(scale * 1.1 * math.sqrt(HEADROOM)))
    if not failed:
        assert _works(Picture(scale))
        assert _without_subnormals(Picture(scale)) > LOST_DB - 1


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=50))
def test_arithmetics(values: list[float]) -> None:
    x = torch.tensor(values)
    assert torch.equal(half(x), x.to(torch.float16).to(torch.float32))
    kept = flushed(x)
    assert torch.equal(kept[x.abs() >= LEAST_NORMAL], x[x.abs() >= LEAST_NORMAL])
    assert not kept[x.abs() < LEAST_NORMAL].any()


@given(st.lists(st.floats(-1e6, 1e6, width=32, allow_subnormal=False), min_size=1, max_size=50))
def test_tally_counts_what_is_small(values: list[float]) -> None:
    x, tally = torch.tensor(values), Tally()
    (node, _) = symbolic_trace(nn.Identity()).graph.nodes
    tally.add(Step(node, (), x), Operator("x", "x", Kind.OTHER), "made", real=True)
    assert tally.greatest == x.abs().max().item()
    real = x[x != 0].abs()
    for power in (-24, -14, 3):
        share = (real < 2.0**power).float().mean().item() if len(real) else 0.0
        assert tally.below(power) == pytest.approx(share)
    if len(real):
        assert tally.small <= real.max().item()
        assert (real < tally.small).float().mean().item() <= 0.01 + 1e-6


@cache
def _mobile() -> tuple[nn.Module, tuple[Tensor, ...]]:
    loaded = checkpoint.load()
    return loaded.network, tuple(s.tensor() for s in shipped.style_book(Painter(loaded)).styles)


@cache
def _shipped(name: str, depth: bool) -> Audit:
    network, styles = _mobile()
    return audit(build(name, network, 64, 96, depth=depth), network, styles)


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("stylizer", True),
        pytest.param("stylizer", False, marks=pytest.mark.slow),
        pytest.param("style_encoder", False, marks=pytest.mark.slow),
        pytest.param("full", False, marks=pytest.mark.slow),
    ],
)
def test_the_shipped_network_has_headroom(name: str, depth: bool) -> None:
    found = _shipped(name, depth)
    assert not _failed(found)
    assert found.inputs >= 20
    assert found.breaking is not None
    assert found.breaking.factor >= 4
    sensitive = [row.name for row in found.rows if row.sensitive]
    where = "network.style_encoder" if name == "style_encoder" else "network.decoder.style_image"
    assert f"{where} · square" in sensitive
    assert f"{where} · rsqrt" in sensitive


def test_names_are_unique_and_constants_are_those_in_use() -> None:
    found = _shipped("stylizer", True)
    names = [row.name for row in found.rows]
    assert len(set(names)) == len(names)
    assert "network.encoder.stem.weight" in names
    assert not any("style_encoder" in name for name in names)


def test_summary_is_json_and_small() -> None:
    text = json.dumps(to_builtins(summary(_shipped("stylizer", True))), allow_nan=False)
    assert len(text) < 64_000
    document = json.loads(text)
    assert document["worst"][0]["headroom"] == pytest.approx(
        _shipped("stylizer", True).worst(1)[0].headroom, rel=1e-3
    )
    assert all(trial["not_finite"] is None for trial in document["trials"])


def test_the_same_twice() -> None:
    module = Naive(10, 1e-4)
    assert _audit(module) == _audit(module)


@cache
def _small_cases() -> list[Case]:
    network, styles = _mobile()
    graph = build("stylizer", network, 16, 24)
    with torch.inference_mode():
        return cases(graph, material(graph, trace(graph), network, styles))


def test_corner_codes_drive_their_layer_furthest() -> None:
    (network, _), found = _mobile(), _small_cases()
    codes = {c.name.split(", ")[1]: c.inputs[1] for c in found}
    low, high = codes["least code"], codes["greatest code"]
    layer = cast(nn.Conv2d, network.get_submodule("decoder.style_image.std"))
    corner = codes["code that drives network.decoder.style_image.std"]
    generator = torch.Generator().manual_seed(0)
    others = low + (high - low) * torch.rand((500, *low.shape[1:]), generator=generator)
    assert ((corner == low) | (corner == high) | torch.isclose(low, high)).all()
    with torch.inference_mode():
        assert layer(corner).abs().max() > layer(others).abs().max()
    assert all((c >= low - 1e-4).all() and (c <= high + 1e-4).all() for c in codes.values())


def test_dear_graphs_get_fewer_inputs_spread_over_all() -> None:
    found = _small_cases()
    few = spread(found, 7)
    assert len(few) == 7
    assert any(case.real for case in few)
    assert any(not case.real for case in few)
    assert spread(found, len(found) + 1) == found


@pytest.mark.slow
def test_vgg19_squares_nothing_large_however_large_its_features() -> None:
    """Features of hundreds, as public VGG weights have them: their squares would overflow."""
    loaded = checkpoint.untrained("vgg19")
    network = cast(VGG19Network, loaded.network)
    with torch.no_grad():
        network.encoder.get_parameter("conv1_1.weight").mul_(40)
        code = network.encode_style(torch.rand(1, 3, 64, 64)).clone()
    found = audit(build("stylizer", network, 32, 32), network, [code])
    rows = {row.name: row for row in found.rows}
    assert rows["network.encoder.conv4_1 · conv2d"].greatest ** 2 > 65504
    (square,) = [row for row in found.rows if row.kind is Kind.SQUARE]
    assert square.greatest < 1000
    passed = {v.check for v in verdicts(found) if v.passed}
    assert {"fp16 headroom", "fp16 divisors and roots", "finite in fp16"} <= passed

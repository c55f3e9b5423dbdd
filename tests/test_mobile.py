"""The network for phones: its budget, its sizes, its strength."""

from __future__ import annotations

import pytest
import torch

from export import cost
from export.graphs import build
from facestyle.networks.mobile import MobileNetwork


@pytest.fixture(scope="module")
def network() -> MobileNetwork:
    torch.manual_seed(0)
    return MobileNetwork().eval()


def test_budget(network: MobileNetwork) -> None:
    graph = build("stylizer", network, 256, 256)
    assert cost.macs(graph) <= 0.30e9
    assert cost.parameters(graph) <= 0.35e6


@pytest.mark.parametrize(("height", "width"), [(8, 8), (64, 96), (40, 24)])
def test_any_multiple_of_the_stride(network: MobileNetwork, height: int, width: int) -> None:
    photo = torch.rand(2, 3, height, width)
    with torch.no_grad():
        code = network.encode_style(torch.rand(2, 3, 64, 64))
        painted = network.stylize(photo, code, torch.ones(2, 1, 1, 1))
    assert code.shape == (2, network.code_size, 1, 1)
    assert painted.shape == photo.shape
    assert ((painted >= 0) & (painted <= 1)).all()


def test_strength_zero_ignores_the_style(network: MobileNetwork) -> None:
    photo, zero = torch.rand(1, 3, 32, 48), torch.zeros(1, 1, 1, 1)
    codes = torch.randn(2, network.code_size, 1, 1)
    with torch.no_grad():
        a, b = (network.stylize(photo, code[None], zero) for code in codes)
    assert torch.allclose(a, b, atol=1e-6)


def test_uniform_map_equals_the_scalar(network: MobileNetwork) -> None:
    photo, code = torch.rand(1, 3, 32, 48), torch.randn(1, network.code_size, 1, 1)
    with torch.no_grad():
        scalar = network.stylize(photo, code, torch.full((1, 1, 1, 1), 0.6))
        spread = network.stylize(photo, code, torch.full((1, 1, 32, 48), 0.6))
    assert torch.allclose(scalar, spread, atol=1e-5)


def test_batch_entries_are_independent(network: MobileNetwork) -> None:
    photos, codes = torch.rand(2, 3, 32, 32), torch.randn(2, network.code_size, 1, 1)
    with torch.no_grad():
        both = network.stylize(photos, codes, torch.ones(2, 1, 1, 1))
        second = network.stylize(photos[1:], codes[1:], torch.ones(1, 1, 1, 1))
    assert torch.allclose(both[1:], second, atol=1e-5)

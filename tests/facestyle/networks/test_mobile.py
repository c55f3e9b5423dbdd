"""The networks for phones: their budgets, their sizes, their strength."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import Tensor

from export.convert.graphs import build
from export.inspect import cost
from facestyle.networks import NETWORKS, create
from facestyle.networks.mobile import MobileNetwork, upsample
from facestyle.networks.studio import StudioNetwork
from facestyle.presets import PRESETS

BUDGETS = {"mobile": (0.30e9, 0.35e6), "studio": (2.0e9, 1.2e6)}
"""Multiplications at 256 x 256 and parameters, of the stylizer."""


@pytest.fixture(scope="module", params=BUDGETS)
def network(request: pytest.FixtureRequest) -> MobileNetwork:
    torch.manual_seed(0)
    return cast(MobileNetwork, create(request.param))


def test_presets_are_the_networks() -> None:
    assert tuple(NETWORKS) == PRESETS


@pytest.mark.parametrize("name", BUDGETS)
def test_budget(name: str) -> None:
    graph = build("stylizer", create(name), 256, 256)
    macs, parameters = BUDGETS[name]
    assert cost.macs(graph) <= macs
    assert cost.parameters(graph) <= parameters


def test_a_style_code_suits_both() -> None:
    """An app changes the file, not the code's shape; the style encoder may be taken over."""

    def shapes(network: MobileNetwork) -> dict[str, torch.Size]:
        return {key: value.shape for key, value in network.style_encoder.state_dict().items()}

    mobile, studio = MobileNetwork(), StudioNetwork()
    assert mobile.code_size == studio.code_size
    assert shapes(mobile) == shapes(studio)
    studio.style_encoder.load_state_dict(mobile.style_encoder.state_dict())


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


def test_an_even_photo_shows_no_edges(network: MobileNetwork) -> None:
    with torch.no_grad():
        for features in network.encoder(network.halve(torch.full((1, 3, 64, 48), 0.3))):
            torch.testing.assert_close(features, features[:, :, :1, :1].expand_as(features))


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_even_photo_is_painted_evenly(network: MobileNetwork, level: float) -> None:
    photo, code = torch.full((1, 3, 64, 96), level), torch.randn(1, network.code_size, 1, 1)
    with torch.no_grad():
        painted = network.stylize(photo, code, torch.ones(1, 1, 1, 1))
    torch.testing.assert_close(painted, painted[:, :, :1, :1].expand_as(painted), rtol=0, atol=1e-3)


def test_features_move_with_the_photo(network: MobileNetwork) -> None:
    """By a cell of the coarsest scale: what aliases or knows its place does not."""
    wide = torch.rand(1, 3, 160, 168)
    with torch.no_grad():
        here = network.encoder(network.halve(wide[..., :160]))
        moved = network.encoder(network.halve(wide[..., 8:]))
    for cells, a, b in zip((4, 2, 1), here, moved):
        inside = 6 * cells
        torch.testing.assert_close(
            a[:, :, inside:-inside, inside + cells : -inside],
            b[:, :, inside:-inside, inside : -inside - cells],
            rtol=1e-4,
            atol=1e-5,
        )


def test_detail_is_what_the_features_cannot_hold(network: MobileNetwork) -> None:
    """Nothing where the photo is even; at strength 0 the same for every style."""
    detail = network.decoder.detail
    image = torch.randn(1, 3, 8, 12)

    def of(photo: Tensor, strength: float, code: Tensor) -> Tensor:
        with torch.no_grad():
            low = network.halve(photo)
            return detail(image, photo, low, code, torch.full((1, 1, 1, 1), strength))

    codes = torch.randn(2, 1, network.code_size, 1, 1)
    even, rough = torch.full((1, 3, 16, 24), 0.4), torch.rand(1, 3, 16, 24)
    torch.testing.assert_close(of(even, 1.0, codes[0]), upsample(image), rtol=0, atol=1e-5)
    assert torch.equal(of(rough, 0.0, codes[0]), of(rough, 0.0, codes[1]))
    assert not torch.equal(of(rough, 1.0, codes[0]), of(rough, 1.0, codes[1]))


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_detail_of_a_uniform_map_equals_the_scalars(
    network: MobileNetwork, strength: float
) -> None:
    """They are computed in different orders."""
    photo, image = torch.rand(1, 3, 16, 24), 3 * torch.randn(1, 3, 8, 12)
    code = torch.randn(1, network.code_size, 1, 1)
    with torch.no_grad():
        low = network.halve(photo)
        scalar, spread = (
            network.decoder.detail(image, photo, low, code, torch.full((1, 1, *size), strength))
            for size in ((1, 1), (16, 24))
        )
    torch.testing.assert_close(scalar, spread, rtol=0, atol=1e-5)

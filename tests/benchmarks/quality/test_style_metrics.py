"""Style and content by VGG-19's features."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import style_metrics
from benchmarks.quality.judges import Judges, Photo
from tests.conftest import TrainingData
from train.auxiliary.registry import PERCEPTUAL, load


def test_detail_has_neither_palette_nor_shading(noise: torch.Tensor) -> None:
    assert torch.allclose(style_metrics.detail(torch.full((1, 3, 64, 64), 0.3)), torch.tensor(0.5))
    quiet = 0.4 + 0.2 * noise
    swapped = quiet[:, [2, 0, 1]]
    assert torch.allclose(style_metrics.detail(swapped), style_metrics.detail(quiet), atol=1e-6)
    assert torch.allclose(style_metrics.detail(quiet + 0.2), style_metrics.detail(quiet), atol=1e-5)
    assert style_metrics.detail(quiet).std() > 0.01


def test_strokes_are_blind_to_colour(judges: Judges, photo: Photo) -> None:
    painting = judges.painting(photo.image)
    swapped = photo.image[:, [2, 0, 1]]
    values = judges.judge(photo, painting, swapped, None)
    assert values["stroke"] == pytest.approx(0, abs=1e-3)
    assert values["gram"] is not None and values["gram"] > 0.01


def test_features_are_those_of_training_at_every_position(training_data: TrainingData) -> None:
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    network = load(PERCEPTUAL, str(training_data.distilled))
    trained = network(image, style_metrics.LAYERS)
    dense = style_metrics.features(network, image)
    assert [layer.shape[-1] for layer in dense] == [256, 128, 64, 32]
    strides = (4, 2, 2, 1)
    for layer, name, stride in zip(dense, style_metrics.LAYERS, strides):
        own, wanted = layer[:, :, ::stride, ::stride], trained[name].full
        edge = own.shape[-1] // 4  # where padding is seen
        inner = (..., slice(edge, -edge), slice(edge, -edge))
        assert torch.allclose(own[inner], wanted[inner], atol=1e-4), name


def test_whole_vgg_pads_by_reflection_itself(training_data: TrainingData) -> None:
    image = torch.rand(1, 3, 32, 48)
    network = load(PERCEPTUAL, str(training_data.vgg))
    found = style_metrics.features(network, image)
    for layer, name in zip(found, style_metrics.LAYERS):
        assert torch.equal(layer, network(image, [name])[name].full)


@given(st.floats(-3, 3), st.floats(0.5, 4))
def test_style_loss_is_that_of_means_and_stds(shift: float, scale: float) -> None:
    x = torch.randn(1, 5, 8, 9, generator=torch.Generator().manual_seed(0)).double()
    own, target = style_metrics.style_of([scale * x + shift]), style_metrics.style_of([x])
    m, s = x.mean((2, 3)), x.std((2, 3), unbiased=False)
    wanted = ((scale - 1) * m + shift).square().mean() + ((scale - 1) * s).square().mean()
    assert style_metrics.style_loss(own, target) == pytest.approx(wanted.item(), abs=1e-9)


def test_gram_distance_is_relative() -> None:
    x = torch.randn(1, 4, 6, 6)
    target = style_metrics.style_of([x, 3 * x])
    assert style_metrics.gram_distance(
        style_metrics.style_of([2 * x, 3 * x]), target
    ) == pytest.approx(1.5)


def test_content_is_blind_to_colour_and_contrast() -> None:
    x = torch.randn(1, 4, 16, 16)
    photo = style_metrics.arrangement(x)
    assert style_metrics.content_loss(style_metrics.arrangement(5 * x + 2), photo) == pytest.approx(
        0, abs=1e-6
    )
    assert style_metrics.content_loss(style_metrics.arrangement(-x), photo) == pytest.approx(
        4, rel=1e-3
    )

"""The perceptual network: whole or distilled, by layer name, frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from facestyle.errors import UserError
from facestyle.networks.vgg19 import IMAGENET_MEAN
from tests.conftest import TrainingData
from train.auxiliary.frozen import Frozen
from train.auxiliary.registry import PERCEPTUAL, load

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")


@pytest.mark.parametrize("kind", ["vgg", "distilled"])
def test_layers_by_name(kind: str, training_data: TrainingData) -> None:
    network = load(PERCEPTUAL, str(getattr(training_data, kind)))
    image = torch.rand(2, 3, 32, 48)
    features = network(image, LAYERS)
    assert list(features) == list(LAYERS)
    for number, layer in enumerate(LAYERS):
        assert features[layer].narrow.shape[-2:] == (32 >> number, 48 >> number)
        assert (features[layer].full >= 0).all()
    fewer = network(image, ["relu2_1"])
    assert list(fewer) == ["relu2_1"]
    assert torch.equal(fewer["relu2_1"].full, features["relu2_1"].full)


def test_torchvision_weights_see_normalised_images(training_data: TrainingData) -> None:
    """As they were trained: an image of ImageNet's mean colour is all zeros to the first layer."""
    network = load(PERCEPTUAL, str(training_data.vgg))
    grey = torch.tensor(IMAGENET_MEAN)[None, :, None, None].expand(1, 3, 16, 16)
    assert torch.allclose(network(grey, ["relu1_1"])["relu1_1"].full, torch.tensor(0.0), atol=1e-5)


def test_unknown_layers_are_refused(training_data: TrainingData) -> None:
    with pytest.raises(UserError, match="relu9_9"):
        load(PERCEPTUAL, str(training_data.distilled))(torch.rand(1, 3, 16, 16), ["relu9_9"])


def test_gradients_reach_the_image_only(training_data: TrainingData) -> None:
    network = load(PERCEPTUAL, str(training_data.vgg))
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    network(image, ["relu2_1"])["relu2_1"].full.sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert all(p.grad is None for p in network.parameters())


def test_frozen_means_evaluation_mode_for_good() -> None:
    holder = torch.nn.Sequential(Frozen(torch.nn.Sequential(torch.nn.BatchNorm2d(3))))
    holder.train()
    assert holder.training
    assert not any(module.training for module in holder[0].modules())
    holder(torch.rand(2, 3, 4, 4) * 9)
    assert torch.equal(holder[0].network[0].running_mean, torch.zeros(3))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such"):
        load(PERCEPTUAL, str(tmp_path / "none.pth"))

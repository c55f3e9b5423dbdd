"""Losses on inputs whose answer is known, the data readers, and one real step of training."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from facestyle.networks.mobile import MobileNetwork
from train import losses
from train.data import load_images, random_crops
from train.first import learning_rate, random_strengths, terms
from train.perceptual import STAGES, DistilledVGG


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    return torch.rand(2, 5, 12, 10, generator=torch.Generator().manual_seed(0))


def test_losses_vanish_on_their_target(features: torch.Tensor) -> None:
    mean, std = losses.statistics(features)
    zero = torch.zeros(2)
    assert torch.allclose(losses.statistics_loss(features, mean, std), zero)
    assert torch.allclose(losses.gram_loss(features, losses.gram(features)), zero)
    assert torch.allclose(losses.structure_loss(features, features), zero)
    image = features[:, :3]
    assert torch.allclose(losses.edge_structure_loss(image, image), zero, atol=1e-5)
    assert torch.allclose(losses.border_loss(image, image, 1, 3), zero)


def test_statistics_loss_is_the_squared_shift(features: torch.Tensor) -> None:
    mean, std = losses.statistics(features)
    assert torch.allclose(losses.statistics_loss(features + 0.5, mean, std), torch.tensor(0.25))


def test_gram_of_a_constant() -> None:
    constant = torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 3, 4)
    assert torch.allclose(losses.gram(constant), torch.tensor([[[1.0, 2.0], [2.0, 4.0]]]))


def test_structure_is_blind_to_palette(features: torch.Tensor) -> None:
    repainted = features * torch.tensor([1.0, 3, 0.5, 2, 1])[None, :, None, None] + 4
    assert (losses.structure_loss(repainted, features) < 1e-3).all()
    assert (losses.structure_loss(features.flip(3), features) > 0.5).all()


def test_total_variation_of_a_ramp() -> None:
    ramp = torch.arange(8.0).expand(1, 3, 6, 8) / 8
    assert torch.allclose(losses.total_variation(ramp), torch.tensor(1 / 8))


def test_edges_see_lines_not_contrast() -> None:
    photo = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    kept = losses.edge_structure_loss(0.5 * photo + 0.3, photo)
    lost = losses.edge_structure_loss(photo.flip(2), photo)
    assert kept < 0.05
    assert lost > 0.5


def test_flat_noise_sees_dots_on_skin_but_not_in_hair() -> None:
    generator = torch.Generator().manual_seed(0)
    dots = 0.2 * torch.rand(1, 3, 32, 32, generator=generator)
    skin, hair = torch.full((1, 3, 32, 32), 0.5), torch.rand(1, 3, 32, 32, generator=generator)
    stroke = skin + 0.2 * torch.linspace(0, 1, 32)
    assert losses.flat_noise_loss(skin + dots, skin) > 1e-3
    assert losses.flat_noise_loss(hair + dots, hair) < 1e-6
    assert losses.flat_noise_loss(stroke, skin) < 1e-5


def test_border_sees_a_glow() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    glow = flat.clone()
    glow[:, :, :4] = 0.9
    assert losses.border_loss(glow, flat) > 0.09


def test_learning_rate_is_a_pure_function_of_the_step() -> None:
    assert learning_rate(0, 1000, 1e-3) == pytest.approx(1e-3 / 200)
    assert learning_rate(400, 1000, 1e-3) == pytest.approx(1e-3)
    assert learning_rate(750, 1000, 1e-3) == pytest.approx(5e-4)
    assert learning_rate(999, 1000, 1e-3) < 3e-6


def test_strengths_are_mostly_full_and_sometimes_none() -> None:
    found = random_strengths(4000, np.random.default_rng(0)).flatten()
    assert 0.66 < float((found == 1).float().mean()) < 0.74
    assert 0.12 < float((found == 0).float().mean()) < 0.18
    assert ((found >= 0) & (found <= 1)).all()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tar in the layout of the training sets: images, a label map, and one damaged file."""
    path = tmp_path_factory.mktemp("data") / "set.tar"
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as tar:
        for index, size in enumerate([(90, 60), (50, 80), (64, 64)]):
            buffer = io.BytesIO()
            Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)).save(buffer, "JPEG")
            _add(tar, f"set/{index}.jpg", buffer.getvalue())
        _add(tar, "set/0_depth.png", b"left out")
        _add(tar, "set/bad.jpg", b"damaged")
        _add(tar, "set/manifest.csv", b"file\n")
    return path


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def test_archives_are_read_and_damage_is_named(archive: Path) -> None:
    with pytest.warns(UserWarning, match=r"bad\.jpg"):
        images = load_images([archive], 48)
    assert [min(image.shape[1:]) for image in images] == [48, 48, 48]
    crops = random_crops(images, 5, 40, np.random.default_rng(0))
    assert crops.shape == (5, 3, 40, 40)
    assert ((crops >= 0) & (crops <= 1)).all()


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> DistilledVGG:
    """A perceptual network of the right shape with random weights."""
    generator = torch.Generator().manual_seed(0)
    state, inputs = {}, 3

    def layer(name: str, outputs: int, inputs: int, size: int) -> None:
        scale = (2 / (inputs * size**2)) ** 0.5
        state[f"{name}.weight"] = scale * torch.randn(
            outputs, inputs, size, size, generator=generator
        )
        state[f"{name}.bias"] = torch.zeros(outputs)

    layer("preprocess", 3, 3, 1)
    for number, names in enumerate(STAGES, 1):
        for name in names:
            if name != "pool":
                outputs = 4 * int(name[4])
                layer(name, outputs, inputs, 3)
                inputs = outputs
        layer(f"head{number}_1", 8, inputs, 1)
    path = tmp_path_factory.mktemp("vgg") / "vgg.safetensors"
    save_file(state, path)
    return DistilledVGG(path)


def test_a_step_learns(vgg: DistilledVGG) -> None:
    """Gradients reach every parameter and a few steps on one batch lower the loss."""
    torch.manual_seed(0)
    network = MobileNetwork()
    photo, painting = torch.rand(2, 2, 3, 40, 40, generator=torch.Generator().manual_seed(1))
    window = torch.arange(36)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    seen = []
    for _ in range(6):
        strength = torch.tensor([1.0, 0.5])[:, None, None, None]
        values = terms(network, vgg, photo, painting, strength, window, window + 2)
        loss = torch.stack(list(values.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(loss.item())
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    assert seen[-1] < seen[0]

"""Depth networks and their encoder: shapes, sizes, published layouts, exact shortcuts."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torch.nn.functional as F
import torchvision

from facestyle.errors import UserError
from train.auxiliary.depth_networks import (
    DEPTH_NETWORKS,
    INITIAL_METRES,
    DepthConfig,
    DepthNetwork,
    PyramidPooling,
    UpProjection,
    create_depth,
)
from train.auxiliary.resnet import ResNetConfig, ResNetEncoder

TINY = ResNetConfig(18, width=4)
CONFIGS = {
    "v1": DepthConfig(TINY, "pyramid"),
    "v2": DepthConfig(TINY, "up_projection"),
    "v3": DepthConfig(TINY, "up_projection", multi_scale=True),
}


def parameters(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("depth", [18, 50])
def test_the_encoder_is_torchvisions(depth: int) -> None:
    origin = getattr(torchvision.models, f"resnet{depth}")().eval()
    encoder = ResNetEncoder(ResNetConfig(depth)).eval()
    assert encoder.state_dict().keys() == {
        name for name in origin.state_dict() if not name.startswith("fc.")
    }
    encoder.load_state_dict(origin.state_dict(), strict=False)
    image = torch.rand(1, 3, 32, 64)
    scales = encoder(image)
    assert tuple(x.shape[1] for x in scales) == encoder.channels
    assert [tuple(x.shape[2:]) for x in scales] == [(8, 16), (4, 8), (2, 4), (1, 2)]
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (image - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    x = origin.maxpool(origin.relu(origin.bn1(origin.conv1(x))))
    for layer, found in zip((origin.layer1, origin.layer2, origin.layer3, origin.layer4), scales):
        x = layer(x)
        torch.testing.assert_close(found, x)


def test_imagenet_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    origin = torchvision.models.resnet18()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    file = folder / "resnet18-f37072fd.pth"
    torch.save(origin.state_dict(), file)
    encoder = ResNetEncoder()
    encoder.load_imagenet()
    assert torch.equal(encoder.layer4[1].conv2.weight, origin.layer4[1].conv2.weight)
    for damage in (b"", b"no weights"):
        file.write_bytes(damage)
        with pytest.raises(UserError, match="train from scratch"):
            encoder.load_imagenet()


def test_imagenet_weights_offline_or_of_another_width(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", offline)
    with pytest.raises(UserError, match=r"f37072fd.*no network.*go online") as caught:
        ResNetEncoder().load_imagenet()
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="width 64 only, not 24"):
        ResNetEncoder(ResNetConfig(18, 24)).load_imagenet()


@pytest.mark.parametrize("config", [{"depth": 34}, {"width": 0}])
def test_other_resnets_are_refused(config: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ResNetConfig(**config)


def test_the_papers_sizes() -> None:
    with torch.device("meta"):
        sizes = {name: parameters(create_depth(name)) / 1e6 for name in DEPTH_NETWORKS}
    assert sizes["depth_v3"] == pytest.approx(67.6, rel=0.02)
    assert sizes["depth_v1"] < sizes["depth_v2"] < 15
    # Its weights in fp16 stay below 4.5 MB.
    assert sizes["depth_v1_small"] < sizes["depth_v2_small"] < sizes["depth_v3_small"] < 2.2


def test_a_misspelt_name_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'depth_v3_small'"):
        create_depth("depth_v3_smal")


@pytest.mark.parametrize("name", CONFIGS)
def test_an_untrained_network_sees_a_selfies_distance(name: str) -> None:
    torch.manual_seed(0)
    depth = DepthNetwork(CONFIGS[name])(torch.rand(2, 3, 64, 96))
    assert depth.shape == (2, 1, 32, 48)
    torch.testing.assert_close(depth, torch.full_like(depth, INITIAL_METRES), rtol=0, atol=0.1)


@pytest.mark.parametrize("name", CONFIGS)
def test_other_sizes_are_padded_by_reflection_and_cropped(name: str) -> None:
    network = DepthNetwork(CONFIGS[name]).eval()
    image = torch.rand(1, 3, 33, 70)
    depth = network(image)
    assert depth.shape == (1, 1, 17, 35)
    padded = F.pad(image, (0, 26, 0, 31), mode="reflect")
    torch.testing.assert_close(depth, network(padded)[..., :17, :35])
    assert network(torch.rand(1, 3, 32, 32)).shape == (1, 1, 16, 16)
    with pytest.raises(ValueError, match="32 x 32"):
        network(torch.rand(1, 3, 31, 64))


@pytest.mark.parametrize("name", CONFIGS)
def test_it_trains_in_bf16_and_channels_last(name: str) -> None:
    torch.manual_seed(0)
    network = DepthNetwork(CONFIGS[name]).to(memory_format=torch.channels_last)
    patches = F.interpolate(torch.rand(2, 3, 2, 2), (64, 64), mode="bilinear")
    image = patches.contiguous(memory_format=torch.channels_last)
    target = 0.3 + image.mean(1, keepdim=True)[..., ::2, ::2]
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(12):
        with torch.autocast("cpu", torch.bfloat16):
            depth = network(image)
        assert depth.dtype is torch.float32
        loss = (depth - target).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if len(losses) == 1:
            assert all(p.grad is not None for p in network.parameters())
        optimizer.step()
    assert losses[-1] < 0.8 * losses[0]


def test_depth_is_positive_whatever_the_weights() -> None:
    network = DepthNetwork(CONFIGS["v2"]).eval()
    torch.nn.init.constant_(network.head.weight, -1000)
    with torch.no_grad():
        assert network(torch.rand(1, 3, 32, 32)).min() > 0


def test_up_projection_is_unpooling_and_5x5_convolutions() -> None:
    block = UpProjection(3, 4).eval()
    x = torch.rand(2, 3, 5, 6)
    unpooled = torch.zeros(2, 3, 10, 12)
    unpooled[..., ::2, ::2] = x
    # What transposing does to a kernel: inputs and outputs change places, and it is turned.
    kernel = block.unpool.weight.transpose(0, 1).flip(2, 3)
    both = block.norm(F.conv2d(unpooled, kernel, padding=2))
    branch, shortcut = both[:, :4], both[:, 4:]
    expected = (block.residual(branch.relu()) + shortcut).relu()
    torch.testing.assert_close(block(x), expected)


def test_pyramid_pooling_sees_the_whole_image() -> None:
    block = PyramidPooling(8, 4).eval()
    x = torch.rand(1, 8, 12, 12, requires_grad=True)
    found = block(x)
    assert found.shape == (1, 4, 24, 24)
    corner = torch.autograd.grad(found[..., 0, 0].sum(), x)[0]
    assert corner[..., -1, -1].abs().sum() > 0

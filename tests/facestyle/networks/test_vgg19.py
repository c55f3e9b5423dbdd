"""Paper 1's network: names, shapes, AdaIN, and weights published in other layouts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.adain import normalize
from facestyle.networks import vgg19
from facestyle.networks.layers import ReflectConv2d, UpsampleReflectConv2d
from facestyle.networks.vgg19 import DECODER, ENCODER, VGG19Network

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def network() -> VGG19Network:
    torch.manual_seed(0)
    return VGG19Network().eval().requires_grad_(False)


@pytest.fixture
def photo() -> Tensor:
    return torch.rand(2, 3, 24, 16, generator=torch.Generator().manual_seed(1))


def random_state(convolutions: dict[str, tuple[int, int, int]]) -> State:
    """Weights and biases by name, for (inputs, outputs, kernel size) by name."""
    state = {}
    for name, (inputs, outputs, size) in convolutions.items():
        state[f"{name}.weight"] = torch.rand(outputs, inputs, size, size)
        state[f"{name}.bias"] = torch.rand(outputs)
    return state


def torchvision_state() -> State:
    """``torchvision.models.vgg19()``: beyond relu4_1 a few layers stand for the rest."""
    channels = (3, 64, 64, 128, 128, 256, 256, 256, 256, 512, 512)
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21)
    convolutions = {
        f"features.{place}": (inputs, outputs, 3)
        for place, inputs, outputs in zip(places, channels, channels[1:])
    }
    classifier = {"classifier.6.weight": torch.rand(10, 4), "classifier.6.bias": torch.rand(10)}
    return random_state(convolutions) | classifier


def normalised_state() -> State:
    """The "normalised" VGG-19 of AdaIN's authors."""
    channels = (3, 64, 64, 128, 128, 256, 256, 256, 256, 512, 512)
    places = (2, 5, 9, 12, 16, 19, 22, 25, 29, 32)
    convolutions = {"0": (3, 3, 1)} | {
        str(place): (inputs, outputs, 3)
        for place, inputs, outputs in zip(places, channels, channels[1:])
    }
    return random_state(convolutions)


def sequential_decoder() -> nn.Sequential:
    """AdaIN's decoder as it is commonly published."""
    channels = (512, 256, 256, 256, 256, 128, 128, 64, 64, 3)
    layers: list[nn.Module] = []
    for number, (inputs, outputs) in enumerate(pairwise(channels)):
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3), nn.ReLU()]
        if number in (0, 4, 6):
            layers.append(nn.Upsample(scale_factor=2))
    return nn.Sequential(*layers[:-1])


def prefixed(state: State, prefix: str) -> State:
    return {prefix + key: value for key, value in state.items()}


def test_layers_go_by_vgg_names(network: VGG19Network) -> None:
    encoder = [name for name, _ in network.encoder.named_children()]
    decoder = [name for name, _ in network.decoder.named_children()]
    assert encoder == ["preprocess", *ENCODER]
    assert decoder == list(reversed(ENCODER)) == list(DECODER)
    assert {"encoder.conv4_1.weight", "decoder.conv1_1.bias"} <= network.state_dict().keys()


def test_features_by_name(network: VGG19Network, photo: Tensor) -> None:
    layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    features = network.encoder.features(photo, layers)
    shapes = [tuple(features[layer].shape) for layer in layers]
    assert shapes == [(2, 64, 24, 16), (2, 128, 12, 8), (2, 256, 6, 4), (2, 512, 3, 2)]
    assert torch.equal(network.encoder(photo), features["relu4_1"])
    assert all(x.min() >= 0 for x in features.values())


def test_features_ignore_order_and_reject_unknown_names(
    network: VGG19Network, photo: Tensor
) -> None:
    features = network.encoder.features(photo, iter(("relu2_1", "relu1_2")))
    assert list(features) == ["relu1_2", "relu2_1"]
    with pytest.raises(ValueError, match="relu5_1"):
        network.encoder.features(photo, ("relu1_1", "relu5_1"))


def test_untrained_activations_neither_explode_nor_die(
    network: VGG19Network, photo: Tensor
) -> None:
    layers = [name.replace("conv", "relu") for name in ENCODER]
    for features in network.encoder.features(photo, layers).values():
        assert 0.1 < features.std() < 10
    image = network.stylize(photo, network.encode_style(photo), torch.ones(1, 1, 1, 1))
    assert ((image > 0) & (image < 1)).float().mean() > 0.5


def test_code_is_mean_and_std_of_relu4_1(network: VGG19Network) -> None:
    painting = torch.rand(2, 3, 32, 16)
    code = network.encode_style(painting)
    assert code.shape == (2, network.code_size, 1, 1)
    features = network.encoder(painting)
    mean, std = code.chunk(2, 1)
    torch.testing.assert_close(mean, features.mean((2, 3), keepdim=True))
    expected = features.std((2, 3), correction=0, keepdim=True)
    torch.testing.assert_close(std, expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("map_of_strength", [False, True])
def test_strength_0_decodes_the_photo_itself(
    network: VGG19Network, photo: Tensor, map_of_strength: bool
) -> None:
    strength = torch.zeros(2, 1, 24, 16) if map_of_strength else torch.zeros(2, 1, 1, 1)
    painted = network.stylize(photo, torch.rand(2, 1024, 1, 1), strength)
    assert painted.shape == photo.shape
    expected = network.decoder(network.encoder(photo)).clamp(0, 1)
    torch.testing.assert_close(painted, expected, rtol=0, atol=1e-4)


def test_strength_1_gives_the_features_the_styles_statistics(
    network: VGG19Network, photo: Tensor
) -> None:
    seen: list[Tensor] = []
    hook = network.decoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    code = torch.rand(2, 1024, 1, 1) + 0.5
    network.stylize(photo, code, torch.ones(1, 1, 1, 1))
    hook.remove()
    statistics = normalize(seen[0])
    # A channel that is all zero in the photo has no std to scale.
    alive = normalize(network.encoder(photo)).std > 0.05
    mean, std = code.chunk(2, 1)
    torch.testing.assert_close(statistics.mean, mean, rtol=0, atol=1e-4)
    torch.testing.assert_close(statistics.std[alive], std[alive], rtol=0, atol=2e-2)


def test_a_constant_map_equals_a_number(network: VGG19Network, photo: Tensor) -> None:
    code = torch.rand(2, 1024, 1, 1)
    number = torch.full((2, 1, 1, 1), 0.6)
    painted = network.stylize(photo, code, number)
    mapped = network.stylize(photo, code, number.expand(2, 1, 24, 16))
    torch.testing.assert_close(mapped, painted, rtol=0, atol=1e-4)


def test_the_least_size_works(network: VGG19Network) -> None:
    size = network.minimum_size
    photo = torch.rand(1, 3, size, size)
    painted = network.stylize(photo, network.encode_style(photo), torch.ones(1, 1, 1, 1))
    assert painted.shape == photo.shape and painted.min() >= 0 and painted.max() <= 1


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("strip", ["", "features."])
def test_torchvision_weights(photo: Tensor, prefix: str, strip: str) -> None:
    state = torchvision_state()
    foreign = {prefix + key.removeprefix(strip): value for key, value in state.items()}
    mapped = vgg19.from_torchvision(foreign)
    assert mapped["encoder.conv4_1.weight"] is state["features.19.weight"]
    assert vgg19.recognize(foreign).keys() == mapped.keys()
    network = VGG19Network()
    loaded = network.load_state_dict(mapped, strict=False)
    assert not loaded.unexpected_keys
    assert all(key.startswith("decoder.") for key in loaded.missing_keys)
    mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    expected = (photo - mean.reshape(3, 1, 1)) / std.reshape(3, 1, 1)
    torch.testing.assert_close(network.encoder.preprocess(photo), expected, rtol=0, atol=1e-5)


def test_normalised_weights() -> None:
    state = normalised_state()
    mapped = vgg19.from_normalised(state)
    assert mapped["encoder.preprocess.weight"] is state["0.weight"]
    assert mapped["encoder.conv1_1.bias"] is state["2.bias"]
    assert mapped["encoder.conv4_1.weight"] is state["29.weight"]
    assert vgg19.recognize(state).keys() == mapped.keys()
    assert len(mapped) == 20


@pytest.mark.parametrize("prefix", ["", "decoder.", "module.", "module.decoder."])
def test_a_sequential_decoder_computes_the_same(prefix: str) -> None:
    origin = sequential_decoder().requires_grad_(False)
    state = prefixed(dict(origin.state_dict()), prefix)
    mapped = vgg19.decoder_from_sequential(state)
    assert vgg19.recognize(state).keys() == mapped.keys()
    network = VGG19Network().requires_grad_(False)
    loaded = network.load_state_dict(mapped, strict=False)
    assert not loaded.unexpected_keys
    assert all(key.startswith("encoder.") for key in loaded.missing_keys)
    features = torch.rand(1, 512, 3, 2)
    torch.testing.assert_close(network.decoder(features), origin(features))


def test_a_torchvision_encoder_computes_the_same(photo: Tensor) -> None:
    layers: list[nn.Module] = []
    widths = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512)
    channels = 3
    for width in widths:
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1, padding_mode="reflect"), nn.ReLU()]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    origin = nn.Sequential(*layers).requires_grad_(False)
    network = VGG19Network().requires_grad_(False)
    network.load_state_dict(vgg19.recognize(origin.state_dict()), strict=False)
    colours = network.encoder.preprocess(photo)
    torch.testing.assert_close(network.encoder(photo), origin(colours))


def test_own_weights_whole_or_in_part(network: VGG19Network) -> None:
    state = network.state_dict()
    assert vgg19.recognize(prefixed(state, "module.")).keys() == state.keys()
    decoder = {key: value for key, value in state.items() if key.startswith("decoder.")}
    assert vgg19.recognize(decoder).keys() == decoder.keys()


@pytest.mark.parametrize(
    ("mapping", "state"),
    [
        (vgg19.from_torchvision, normalised_state),
        (vgg19.from_normalised, torchvision_state),
        (vgg19.decoder_from_sequential, normalised_state),
        (vgg19.recognize, dict),
    ],
)
def test_weights_in_another_layout_are_refused(
    mapping: Callable[[State], State], state: Callable[[], State]
) -> None:
    with pytest.raises(ValueError, match=r"not .* weights: "):
        mapping(state())


def test_a_refusal_names_the_tensor_and_both_shapes(network: VGG19Network) -> None:
    state = torchvision_state() | {"features.7.weight": torch.zeros(128, 64, 3, 3)}
    with pytest.raises(ValueError, match=r"7.weight is \(128, 64, 3, 3\), not \(128, 128, 3, 3\)"):
        vgg19.from_torchvision(state)
    incomplete = dict(network.state_dict())
    del incomplete["decoder.conv2_1.bias"]
    with pytest.raises(ValueError, match=r"decoder\.conv2_1\.bias"):
        vgg19.recognize(incomplete)


def test_upsampling_is_nearest_and_padding_reflects() -> None:
    x = torch.rand(1, 2, 3, 4)
    for layer in (ReflectConv2d(2, 5), UpsampleReflectConv2d(2, 5)):
        big = x
        if isinstance(layer, UpsampleReflectConv2d):
            big = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        padded = F.pad(big, (1, 1, 1, 1), mode="reflect")
        torch.testing.assert_close(layer(x), F.conv2d(padded, layer.weight, layer.bias))

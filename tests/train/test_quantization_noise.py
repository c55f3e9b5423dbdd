"""Networks as 8-bit files compute them."""

from __future__ import annotations

import pytest
import torch

from facestyle.networks.mobile import MobileNetwork
from train import quantization_noise
from train.quantization_noise import Caller, quantize


def test_rounded_values_lie_on_the_steps_of_their_row() -> None:
    values = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    values[1] *= 100
    values[2] = 0
    rounded = quantize(values, 5)
    greatest = values.flatten(1).abs().amax(1, keepdim=True)
    steps = rounded.flatten(1) / (greatest.clamp_min(1e-9) / 15)
    assert torch.allclose(steps, steps.round(), atol=1e-4)
    assert steps.abs().amax(1).round().tolist() == [15, 15, 0, 15]
    assert ((rounded - values).flatten(1).abs() <= greatest / 30 + 1e-6).all()


def test_gradients_pass_straight_and_pull_at_the_greatest_value() -> None:
    values = torch.tensor([[[[1.0]], [[0.3]], [[-4.2]]]], requires_grad=True)
    (quantize(values, 3) - values).sum().backward()
    step = 4.2 / 3
    residues = sum(round(v / step) - v / step for v in (1.0, 0.3, -4.2))
    assert values.grad is not None
    assert values.grad.flatten().tolist() == pytest.approx([0, 0, -residues / 3], abs=1e-6)


def test_a_network_is_rounded_only_within(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = MobileNetwork().eval()
    caller = Caller(network)
    inputs = torch.rand(1, 3, 32, 32), torch.randn(1, 128, 1, 1), torch.ones(1, 1, 1, 1)
    errors = {}
    with torch.no_grad():
        plain = network.stylize(*inputs)
        for bits in (3, 12):
            monkeypatch.setattr(quantization_noise, "BITS", bits)
            with caller.quantized() as call:
                # The mean: the greatest error of 3 bits is cut off by the range of the output.
                errors[bits] = (call("stylize", *inputs) - plain).abs().mean()
        assert torch.equal(caller("stylize", *inputs), plain)
    assert errors[3] > 30 * errors[12] > 0


def test_inputs_are_rounded_beside_weights() -> None:
    """With weights that need no rounding."""
    network = torch.nn.ModuleDict({"layer": torch.nn.Conv2d(1, 1, 1, bias=False)})
    torch.nn.init.ones_(network["layer"].weight)
    network.run = lambda x: network["layer"](x)  # type: ignore[assignment]
    x = torch.rand(2, 1, 8, 8)
    with Caller(network).quantized() as call, torch.no_grad():
        assert torch.allclose(call("run", x), quantize(x, quantization_noise.BITS))

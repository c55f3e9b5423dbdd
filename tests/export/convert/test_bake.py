"""Baking a style: the same output, fewer parameters, every constant with a name."""

from __future__ import annotations

import torch

from export.convert.graphs import build
from export.inspect import cost
from facestyle import checkpoint
from facestyle.style import StyleCode


def test_baked_equals_the_style_given() -> None:
    network = checkpoint.untrained("mobile").network
    code = torch.randn(1, 128, 1, 1, generator=torch.Generator().manual_seed(0))
    free = build("stylizer", network, 32, 48)
    baked = build("stylizer", network, 32, 48, baked=StyleCode.from_tensor("mine", code))
    photo, strength = torch.rand(1, 3, 32, 48), torch.full((1, 1, 1, 1), 0.7)
    with torch.no_grad():
        wanted, found = free.module(photo, code, strength), baked.module(photo, strength)
    assert torch.allclose(wanted, found, atol=1e-5)
    assert baked.name == "stylizer_mine"
    assert [port.name for port in baked.contract.inputs] == ["content", "strength"]
    assert cost.parameters(baked) < cost.parameters(free)
    names = [name for name, _ in baked.module.named_buffers()]
    assert "stylizer.network.decoder.style_image.mean.value" in names

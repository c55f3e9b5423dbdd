"""The graphs that can be exported: modules whose inputs are what their contracts say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from export.convert.bake import bake
from export.formats.base import FULL, GRAPHS, STYLE_ENCODER
from facestyle import contract as ports
from facestyle.contract import Contract
from facestyle.networks import StyleNetwork
from facestyle.strength import depth_strength
from facestyle.style import StyleCode
from facestyle.stylize import PAINTING_SIZE


@dataclass(frozen=True)
class Graph:
    """A module and its contract.

    Attributes:
        name: ``stylizer``, ``style_encoder``, ``full`` or ``stylizer_<style>``.
        module: takes the contract's inputs in order, as (1, C, H, W) tensors.
        contract: its inputs and outputs.
    """

    name: str
    module: nn.Module
    contract: Contract


class Stylizer(nn.Module):
    """Content image, style code, strength (and depth with its range) to the painted image."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        content: Tensor,
        style_code: Tensor,
        strength: Tensor,
        depth: Tensor | None = None,
        depth_low: Tensor | None = None,
        depth_high: Tensor | None = None,
    ) -> Tensor:
        if depth is not None and depth_low is not None and depth_high is not None:
            strength = depth_strength(strength, depth, depth_low, depth_high)
        return cast(StyleNetwork, self.network).stylize(content, style_code, strength)


class StylizerOfOne(nn.Module):
    """``Stylizer`` of a single style."""

    def __init__(self, network: nn.Module, style: StyleCode) -> None:
        super().__init__()
        self.stylizer = Stylizer(network)
        self.register_buffer("style_code", style.tensor())

    def forward(self, content: Tensor, strength: Tensor, *depth: Tensor) -> Tensor:
        return self.stylizer(content, self.style_code, strength, *depth)


class StyleEncoder(nn.Module):
    """Painting to style code."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, painting: Tensor) -> Tensor:
        return cast(StyleNetwork, self.network).encode_style(painting)


class Full(nn.Module):
    """Content image, painting and strength to the painted image (paper 1, figure 2)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, content: Tensor, painting: Tensor, strength: Tensor) -> Tensor:
        network = cast(StyleNetwork, self.network)
        return network.stylize(content, network.encode_style(painting), strength)


def build(
    name: str,
    network: nn.Module,
    height: int,
    width: int,
    *,
    depth: bool = False,
    baked: StyleCode | None = None,
) -> Graph:
    """One graph of a network.

    Args:
        name: one of ``GRAPHS``.
        network: a ``StyleNetwork``.
        height, width: of the content image, multiples of the network's stride.
        depth: whether a stylizer takes depth-controlled strength.
        baked: a style that becomes part of a stylizer.

    Raises:
        ValueError: when there is no graph of that name.
    """
    code = ports.style_code(cast(StyleNetwork, network).code_size)
    photo, result = ports.content(height, width), ports.stylized(height, width)
    depth_inputs = ports.depth(height, width) if depth else ()
    if name not in GRAPHS:
        raise ValueError(f"no graph is called {name!r}")
    if name == STYLE_ENCODER:
        return _graph(name, StyleEncoder(network), (ports.painting(PAINTING_SIZE),), code)
    if name == FULL:
        both = (photo, ports.painting(PAINTING_SIZE), ports.strength())
        return _graph(name, Full(network), both, result)
    if baked is not None:
        return _baked(network, baked, (photo, ports.strength(), *depth_inputs), result)
    inputs = (photo, code, ports.strength(), *depth_inputs)
    return _graph(name, Stylizer(network), inputs, result)


def _baked(
    network: nn.Module, style: StyleCode, inputs: tuple[ports.Port, ...], output: ports.Port
) -> Graph:
    module = StylizerOfOne(network, style)
    constant = bake(module, tuple(torch.full(port.shape, 0.5) for port in inputs))
    return _graph(f"stylizer_{style.name}", constant, inputs, output)


def _graph(
    name: str, module: nn.Module, inputs: tuple[ports.Port, ...], output: ports.Port
) -> Graph:
    return Graph(name, module.eval(), Contract(name, inputs, (output,)))

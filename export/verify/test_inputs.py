"""The inputs that files are checked on: a real portrait and painting, and a layout canary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from export.convert.graphs import Graph
from facestyle import gallery, images
from facestyle.contract import Kind, Port
from facestyle.image_range import from_unit
from facestyle.networks import StyleNetwork
from facestyle.stylize import PAINTING_SIZE

STRENGTHS = (0.0, 0.5, 1.0)
SPANS = ((0.1, 0.9), (0.3, 0.6))
"""Depths that are kept and painted: with one alone, constants could stand for them."""

PORTRAIT, PAINTING = "mona_lisa", "great_wave"


@dataclass(frozen=True)
class Probe:
    """A named set of inputs in a contract's order."""

    name: str
    inputs: tuple[Tensor, ...]


def portrait(height: int, width: int) -> Tensor:
    """The shipped portrait, (1, 3, height, width) in [0, 1], rounded to 8 bits."""
    path = next(p.path for p in gallery.portraits() if p.name == PORTRAIT)
    return images.eight_bit(images.cover(images.load(path), height, width))


def painting(name: str = PAINTING) -> Tensor:
    """A shipped painting as the style encoder sees it, (1, 3, S, S) in [0, 1], in 8 bits."""
    path = next(p.path for p in gallery.paintings() if p.name == name)
    return images.eight_bit(images.cover(images.load(path), PAINTING_SIZE, PAINTING_SIZE))


def canary(height: int, width: int) -> Tensor:
    """A picture that betrays every mistake of layout, (1, 3, height, width) in [0, 1].

    Over the portrait, red rises to the right, green downwards, blue falls along a diagonal, and
    a dark bar three times wider than high sits off centre: no flip, transposition or channel
    swap leaves it as it is.

    >>> x = canary(32, 48)
    >>> x.shape, bool((x - x.flip(3)).abs().max() > 0.5)
    (torch.Size([1, 3, 32, 48]), True)
    """
    down = torch.linspace(0, 1, height)[:, None].expand(height, width)
    right = torch.linspace(0, 1, width)[None, :].expand(height, width)
    ramps = torch.stack([right, 0.8 * down, 1 - (0.7 * right + 0.3 * down)])[None]
    picture = 0.5 * ramps + 0.5 * portrait(height, width)
    top, left = height // 8, width // 6
    picture[..., top : top + height // 8, left : left + 3 * width // 8] = 0.05
    return images.eight_bit(picture)


def probes(graph: Graph, network: torch.nn.Module) -> list[Probe]:
    """The inputs for a graph.

    Portrait and canary, each at strengths 0, 0.5 and 1, with two ranges of depth; and, where a
    style code goes in, the portrait with the outermost codes of all shipped paintings, so that no
    part of a code can be cut off or left out unnoticed. Of the style encoder, a painting and a
    canary.

    Args:
        graph: whose ports' shapes and ranges they have.
        network: that it is of.
    """
    ports = graph.contract.inputs
    names = [port.name for port in ports]
    if "content" not in names:
        return [
            Probe("painting", (painting(),)),
            Probe("canary", (canary(PAINTING_SIZE, PAINTING_SIZE),)),
        ]
    height, width = ports[0].shape[2:]
    code, *outermost = _codes(cast(StyleNetwork, network), "style_code" in names)
    pictures = (("portrait", portrait(height, width)), ("canary", canary(height, width)))
    cases = [
        (f"{name}, strength {strength:g}", picture, code, strength, span)
        for (name, picture), span in zip(pictures, SPANS)
        for strength in STRENGTHS
    ]
    cases += [
        (f"portrait, {name} style code", pictures[0][1], outer, 1.0, SPANS[0])
        for name, outer in zip(("least", "greatest"), outermost)
    ]
    return [
        Probe(name, tuple(value(port, picture, code, strength, span) for port in ports))
        for name, picture, code, strength, span in cases
    ]


def _codes(network: StyleNetwork, outermost: bool) -> list[Tensor]:
    """The code of ``PAINTING``; and if wanted the least and the greatest of every number."""
    with torch.inference_mode():
        code = network.encode_style(from_unit(painting())).clone()
        if not outermost:
            return [code]
        others = [network.encode_style(from_unit(painting(p.name))) for p in gallery.paintings()]
        seen = torch.cat([code, *others])
        return [code, seen.amin(0, keepdim=True).clone(), seen.amax(0, keepdim=True).clone()]


def value(
    port: Port, picture: Tensor, code: Tensor, strength: float, span: tuple[float, float] = SPANS[0]
) -> Tensor:
    """What a port is given: the picture, the code, the strength, and a slanting depth ramp."""
    match port.kind:
        case Kind.IMAGE:
            return port.from_unit(picture if port.name == "content" else painting())
        case Kind.CODE:
            return code.clone()
        case Kind.MAP:
            height, width = port.shape[2:]
            across, down = torch.linspace(0, 0.7, width), torch.linspace(0, 0.3, height)
            return (across + down[:, None])[None, None].contiguous()
        case Kind.SCALAR:
            number = {"depth_low": span[0], "depth_high": span[1]}.get(port.name, strength)
            return torch.full(port.shape, number)

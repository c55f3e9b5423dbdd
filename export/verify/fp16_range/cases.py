"""The inputs a graph is audited on: real ones, and those made to drive it to its ends.

Not the whole product of pictures, styles and strengths: every picture meets a style at every
strength, and every style meets a picture. Nothing is random without a seed, and how much of this
is used depends on what the graph costs, never on the time it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from export.convert.graphs import Graph
from export.verify import test_inputs
from export.verify.fp16_range.program import Program, short
from export.verify.test_inputs import STRENGTHS
from facestyle import gallery, images
from facestyle.contract import Kind as PortKind
from facestyle.contract import Port
from facestyle.networks import StyleNetwork
from facestyle.stylize import PAINTING_SIZE

MARGIN = 2.0
"""How much wider than seen a style code's numbers may run, about the middle of what was seen.

Codes come from paintings, or from averages of such codes, which stay inside; the widest of all
that were seen here, those of black, noise or a checkerboard included, is what a painting can give,
and twice that is beyond what any will.
"""

RANGES = ((0.1, 0.9), (0.0, 1.0), (0.5, 0.51))
"""Depths that count as kept and painted; the last is as steep as a slider of 1 % steps goes."""

Named = tuple[str, Tensor]


@dataclass(frozen=True)
class Case:
    """A named set of inputs.

    Attributes:
        name: the picture, the style and the strength.
        inputs: in the contract's order.
        real: a gallery picture with a gallery style, so that typical sizes can be read off.
    """

    name: str
    inputs: tuple[Tensor, ...]
    real: bool


def adversarial(height: int, width: int) -> list[Named]:
    """Pictures no camera takes, (1, 3, height, width): flat, at their loudest, or one pixel."""
    shape = (1, 3, height, width)
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    board = torch.arange(height)[:, None] + torch.arange(width)
    pixel = torch.zeros(shape)
    pixel[..., height // 2, width // 2] = 1
    primaries = torch.eye(3)[..., None, None, None].expand(3, 3, 1, height, width)
    return [
        ("checkerboard", (board % 2).float().expand(shape)),
        ("black", torch.zeros(shape)),
        ("noise", noise),
        ("bright pixel", pixel),
        ("white", torch.ones(shape)),
        ("grey", torch.full(shape, 0.5)),
        *(
            (name, plane.transpose(0, 1).contiguous())
            for name, plane in zip(("red", "green", "blue"), primaries)
        ),
    ]


def photographs(height: int, width: int) -> list[Named]:
    """The gallery's portraits, (1, 3, height, width)."""
    return [(p.name, images.cover(images.load(p.path), height, width)) for p in gallery.portraits()]


def paintings() -> list[Named]:
    """The gallery's paintings as a style encoder sees them."""
    return [(p.name, test_inputs.painting(p.name)) for p in gallery.paintings()]


@dataclass(frozen=True)
class Material:
    """What the inputs of one graph are put together from.

    Attributes:
        faces: the gallery's portraits; none for a graph without a photo.
        strange: the canary and the adversarial pictures.
        styles: real values of whatever the graph knows a style by.
        extremes: those that no painting in the gallery gives.
    """

    faces: list[Named]
    strange: list[Named]
    styles: list[Named]
    extremes: list[Named]


def material(graph: Graph, program: Program, network: object, styles: Sequence[Tensor]) -> Material:
    """Load and make everything once.

    Args:
        graph: what is audited.
        program: it, traced.
        network: encodes adversarial paintings, where the graph takes codes.
        styles: real style codes, (1, K, 1, 1).
    """
    ports = {port.name: port for port in graph.contract.inputs}
    photo = "content" in ports
    height, width = ports["content" if photo else "painting"].shape[2:]
    strange = [("canary", test_inputs.canary(height, width)), *adversarial(height, width)]
    real, extremes = _styles(graph, program, network, styles)
    return Material(photographs(height, width) if photo else [], strange, real, extremes)


def cases(graph: Graph, found: Material) -> list[Case]:
    """Everything a graph is audited on, real and adversarial."""
    if not found.faces:
        return [Case(n, (x,), True) for n, x in found.styles] + [
            Case(n, (x,), False) for n, x in found.strange
        ]
    faces, pictures = found.faces, [*found.faces, *found.strange]
    made = [
        _case(graph, faces[i % len(faces)], style, 1.0, i, True)
        for i, style in enumerate(found.styles)
    ]
    for i, style in enumerate(found.extremes):
        for turn, place in ((i, i), (i + 1, 3 * i + 4)):
            picture = pictures[place % len(pictures)]
            made.append(_case(graph, picture, style, 1.0, turn, False))
    for j, strength in enumerate(STRENGTHS):
        for i, picture in enumerate(pictures):
            style = found.styles[(i + 5 * j) % len(found.styles)]
            made.append(_case(graph, picture, style, strength, i + j, i < len(faces)))
    return made


def trials(graph: Graph, found: Material) -> list[Case]:
    """The few inputs that are executed in half precision too, the most telling first."""
    strange = {name: (name, picture) for name, picture in found.strange}
    real, extremes = found.styles, found.extremes
    if not found.faces:
        loud = [strange[n] for n in ("black", "checkerboard", "noise", "bright pixel", "white")]
        chosen = [real[0], *loud[:2], real[1], *loud[2:]]
        return [Case(n, (x,), n not in strange) for n, x in chosen]
    face, other, *_ = found.faces
    return [
        _case(graph, picture, style, strength, 0, picture[0] not in strange)
        for picture, style, strength in (
            (face, real[0], 1.0),
            (strange["checkerboard"], real[-1], 1.0),
            (strange["black"], real[0], 1.0),
            (other, real[len(real) // 2], 0.5),
            (strange["noise"], extremes[0], 1.0),
            (face, extremes[-1], 1.0),
            (strange["bright pixel"], real[0], 1.0),
            (strange["red"], real[-1], 0.5),
            (other, real[-1], 0.0),
        )
    ]


def spread(found: list[Case], count: int) -> list[Case]:
    """At most ``count`` of them, evenly spaced, the first always.

    >>> spread(list("abcdef"), 3)
    ['a', 'c', 'e']
    """
    if len(found) <= count:
        return found
    return [found[i * len(found) // count] for i in range(count)]


def _styles(
    graph: Graph, program: Program, network: object, styles: Sequence[Tensor]
) -> tuple[list[Named], list[Named]]:
    """Real and extreme values for whatever the graph knows a style by."""
    names = [port.name for port in graph.contract.inputs]
    if "painting" in names:
        return paintings(), adversarial(PAINTING_SIZE, PAINTING_SIZE)
    if "style_code" not in names:
        constant = [("its own style", torch.zeros(1))]
        return constant, constant
    encoder = cast(StyleNetwork, network)
    with torch.inference_mode():
        strange = [
            (f"code of {name}", encoder.encode_style(x).clone())
            for name, x in adversarial(PAINTING_SIZE, PAINTING_SIZE)
        ]
    seen = torch.cat([*styles, *(code for _, code in strange)])
    low, high = seen.amin(0, keepdim=True), seen.amax(0, keepdim=True)
    middle, reach = (low + high) / 2, MARGIN * (high - low) / 2
    ends = [("least code", middle - reach), ("greatest code", middle + reach)]
    corners = _corners(program, names.index("style_code"), middle, reach)
    real = [(f"style {i + 1}", code) for i, code in enumerate(styles)]
    return real or strange, [*ends, *strange, *corners]


def _corners(program: Program, place: int, middle: Tensor, reach: Tensor) -> list[Named]:
    """For every convolution that reads the code, the code in reach with its greatest output.

    Exact, not a search: what is linear in the code is greatest where every number of the code is
    at the end that its weight's sign asks for.
    """
    found = []
    for node in program.nodes:
        if short(node) != "conv2d" or node.args[0] is not program.inputs[place]:
            continue
        weight, *biases = (program.constants[n] for n in node.all_input_nodes[1:])
        at_middle = F.conv2d(middle, weight, biases[0] if biases else None).flatten()
        beyond = F.conv2d(reach, weight.abs()).flatten()
        row = int((at_middle.abs() + beyond).argmax())
        sign = (weight[row] * at_middle[row].sign()).sign()[None]
        layer = program.operators[node].name.split(" · ")[0]
        found.append((f"code that drives {layer}", middle + sign * reach))
    return found


def _case(
    graph: Graph, picture: Named, style: Named, strength: float, turn: int, real: bool
) -> Case:
    inputs = tuple(_value(p, picture[1], style[1], strength, turn) for p in graph.contract.inputs)
    return Case(f"{picture[0]}, {style[0]}, strength {strength:g}", inputs, real)


def _value(port: Port, picture: Tensor, style: Tensor, strength: float, turn: int) -> Tensor:
    low, high = RANGES[turn % len(RANGES)]
    if port.name in ("depth_low", "depth_high"):
        return torch.full(port.shape, low if port.name == "depth_low" else high)
    if port.kind is PortKind.MAP:
        ramp = test_inputs.value(port, picture, style, strength)
        return (ramp, torch.ones_like(ramp), adversarial(*port.shape[2:])[0][1][:, :1])[turn % 3]
    if port.kind is PortKind.IMAGE and port.name != "content":
        return style
    return test_inputs.value(port, picture, style, strength)

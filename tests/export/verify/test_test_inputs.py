"""The inputs that files are checked on leave nothing out that an app may set."""

from __future__ import annotations

import pytest
import torch

from export.convert.graphs import Graph, build
from export.verify.test_inputs import Probe, canary, portrait, probes
from facestyle import checkpoint, images, shipped
from facestyle.contract import Kind
from facestyle.stylize import Painter


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build("stylizer", checkpoint.load().network, 64, 96, depth=True)


@pytest.fixture(scope="module")
def found(graph: Graph) -> list[Probe]:
    return probes(graph, checkpoint.load().network)


def test_no_input_stands_still(graph: Graph, found: list[Probe]) -> None:
    """Else a constant could stand for it."""
    for place, port in enumerate(graph.contract.inputs):
        values = {tuple(p.inputs[place].flatten()[:64].tolist()) for p in found}
        assert len(values) > 1 or port.kind is Kind.MAP, port.name
        assert all(p.inputs[place].shape == port.shape for p in found)


def test_every_input_matters(graph: Graph, found: list[Probe]) -> None:
    """Holding any at what it is in one probe changes what comes out of another."""
    first = found[0]
    with torch.inference_mode():
        for place, port in enumerate(graph.contract.inputs):
            if port.kind is Kind.MAP:
                continue
            changed = [
                not torch.equal(
                    graph.module(*p.inputs),
                    graph.module(*p.inputs[:place], first.inputs[place], *p.inputs[place + 1 :]),
                )
                for p in found
            ]
            assert any(changed), port.name


def test_codes_reach_as_far_as_the_shipped_styles(graph: Graph, found: list[Probe]) -> None:
    place = [port.kind for port in graph.contract.inputs].index(Kind.CODE)
    codes = torch.cat([p.inputs[place] for p in found])
    styles = shipped.style_book(Painter(checkpoint.load())).styles
    seen = torch.cat([style.tensor() for style in styles])
    assert (codes.amin(0) <= seen.amin(0) + 1e-3).all()
    assert (codes.amax(0) >= seen.amax(0) - 1e-3).all()


def test_pictures_are_of_eight_bits() -> None:
    for picture in (portrait(64, 96), canary(64, 96)):
        assert torch.equal(images.eight_bit(picture), picture)
        assert (picture * 255 - (picture * 255).round()).abs().max() < 1e-4

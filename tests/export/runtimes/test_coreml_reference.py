"""Our own networks, executed from disk by coreml_reference, against PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from coreml_reference import load
from export.convert import coreml
from export.convert.description import Description
from export.convert.graphs import Graph, build
from facestyle.contract import Kind
from facestyle.networks.mobile import MobileNetwork

HEIGHT, WIDTH = 64, 96
DESCRIPTION = Description("an author", "none", "1", "a summary")

GRAPHS: dict[str, dict[str, Any]] = {
    "stylizer": {},
    "stylizer with depth": {"depth": True},
    "style_encoder": {},
    "full": {},
}


@pytest.fixture(scope="module")
def mobile() -> nn.Module:
    torch.manual_seed(0)
    return MobileNetwork().eval()


@pytest.mark.slow
@pytest.mark.parametrize("name", GRAPHS)
def test_a_neural_network_computes_what_pytorch_does(
    name: str, mobile: nn.Module, tmp_path: Path
) -> None:
    graph = build(name.split()[0], mobile, HEIGHT, WIDTH, **GRAPHS[name])
    path = tmp_path / "graph.mlmodel"
    coreml.to_mlmodel(coreml.to_network(graph), path, DESCRIPTION)
    assert psnr(graph, path) > 80


@pytest.mark.slow
def test_a_program_taller_than_wide_computes_what_pytorch_does(
    mobile: nn.Module, tmp_path: Path
) -> None:
    graph = build("stylizer", mobile, WIDTH, HEIGHT)
    path = tmp_path / "graph.mlpackage"
    coreml.to_mlpackage(coreml.to_program(graph), path, DESCRIPTION)
    assert load(path).inputs["content"].shape == (1, 3, WIDTH, HEIGHT)
    assert psnr(graph, path) > 45


def psnr(graph: Graph, path: Path) -> float:
    """How close the file comes to the graph, in dB, on random inputs."""
    given = {
        port.name: _random(i, port.shape, 255 if port.kind is Kind.IMAGE else 1)
        for i, port in enumerate(graph.contract.inputs)
    }
    if "depth_low" in given:
        given["depth_low"].fill_(0.1)
        given["depth_high"].fill_(0.8)
    (output,) = graph.contract.outputs
    inputs = [
        given[port.name] / 255 if port.kind is Kind.IMAGE else given[port.name]
        for port in graph.contract.inputs
    ]
    with torch.no_grad():
        wanted = graph.module(*inputs).double()
    found = load(path).run(given)[output.name].double()
    found = found / 255 if output.kind is Kind.IMAGE else found
    error = (found - wanted).square().mean()
    return float(20 * torch.log10((wanted.max() - wanted.min()) / error.sqrt()))


def _random(seed: int, shape: tuple[int, ...], high: int) -> Tensor:
    values = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * high
    return values.round() if high > 1 else values

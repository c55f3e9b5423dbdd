"""Faults that an export must not survive, each in a real file of every format."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from export.convert.description import Description
from export.convert.graphs import Graph
from export.formats import FORMATS, named
from export.verify.test_inputs import Probe, canary
from export.verify.verify_file import Evidence, references, verify
from facestyle import contract
from facestyle.adain import adain
from facestyle.contract import Contract

pytestmark = pytest.mark.slow

HEIGHT, WIDTH, CODE = 32, 48, 8
DESCRIPTION = Description("an author", "a licence", "1.2", "a summary")


class Painter(nn.Module):
    """As small as a network with a style code can be."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encode = nn.Conv2d(3, 8, 3, padding=1)
        self.mean, self.std = nn.Conv2d(CODE, 8, 1), nn.Conv2d(CODE, 8, 1)
        self.decode = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, content: Tensor, style_code: Tensor, strength: Tensor) -> Tensor:
        x = torch.relu(self.encode(content - 0.5))
        x = adain(x, self.mean(style_code), self.std(style_code), strength)
        return torch.sigmoid(self.decode(x))


class SwappedChannels(Painter):
    """Paints BGR."""

    def forward(self, content: Tensor, style_code: Tensor, strength: Tensor) -> Tensor:
        y = super().forward(content, style_code, strength)
        return torch.cat((y[:, 2:3], y[:, 1:2], y[:, 0:1]), 1)


class DoublyNormalised(Painter):
    """Takes its photo for one of 0..255 once more."""

    def forward(self, content: Tensor, style_code: Tensor, strength: Tensor) -> Tensor:
        return super().forward(content * (1 / 255), style_code, strength)


class WithAuxiliary(Painter):
    """Looks at its photo with a network that has no business on a phone."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 3, 1))

    def forward(self, content: Tensor, style_code: Tensor, strength: Tensor) -> Tensor:
        return super().forward(content + 1e-9 * self.depth(content), style_code, strength)


class NotANumber(Painter):
    """Has one weight that is none."""

    def __init__(self) -> None:
        super().__init__()
        with torch.no_grad():
            self.decode.weight[0, 0, 0, 0] = torch.nan


class WithoutStyle(Painter):
    """Always paints the same way."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("style_code", torch.ones(1, CODE, 1, 1))

    def forward(self, content: Tensor, strength: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(content, self.style_code, strength)


def _graph(module: nn.Module, *, styled: bool = True) -> Graph:
    code = (contract.style_code(CODE),) if styled else ()
    inputs = (contract.content(HEIGHT, WIDTH), *code, contract.strength())
    outputs = (contract.stylized(HEIGHT, WIDTH),)
    return Graph("painter", module.eval(), Contract("painter", inputs, outputs))


def _write(graph: Graph, format_: str, folder: Path) -> Path:
    path = folder / f"{type(graph.module).__name__}.{format_}"
    kind = named(format_)
    kind.write(kind.convert(graph, folder / path.stem), kind.precisions[0], path, DESCRIPTION)
    return path


PROBES = [
    Probe(
        "canary, strength 1",
        (
            canary(HEIGHT, WIDTH),
            torch.linspace(-1, 1, CODE)[None, :, None, None],
            torch.ones(1, 1, 1, 1),
        ),
    )
]


def _verify(path: Path, graph: Graph) -> Evidence:
    format_ = named(path.suffix[1:])
    wanted = references(graph, PROBES)
    return verify(path, format_, format_.precisions[0], graph, PROBES, wanted)


def _failed(evidence: Evidence) -> set[str]:
    return {v.check for v in evidence.verdicts if not v.passed}


@pytest.mark.parametrize("format_", FORMATS)
def test_without_a_fault_all_is_right(format_: str, tmp_path: Path) -> None:
    graph = _graph(Painter())
    evidence = _verify(_write(graph, format_, tmp_path), graph)
    assert evidence.passed, _failed(evidence)
    assert [a.probe for a in evidence.parity] == ["canary, strength 1"]


CANARY = "PSNR to PyTorch, canary, strength 1"
TRACED = "constants traced to the inference graph"
FINITE = {
    "tflite": "constants finite",
    "mlpackage": "constants that are not finite",
    "mlmodel": "constants that are not finite",
}


@pytest.mark.parametrize("format_", FORMATS)
def test_swapped_channels_are_found_by_the_canary(format_: str, tmp_path: Path) -> None:
    evidence = _verify(_write(_graph(SwappedChannels()), format_, tmp_path), _graph(Painter()))
    assert CANARY in _failed(evidence)


@pytest.mark.parametrize("format_", FORMATS)
def test_double_normalisation_is_found(format_: str, tmp_path: Path) -> None:
    evidence = _verify(_write(_graph(DoublyNormalised()), format_, tmp_path), _graph(Painter()))
    found = _failed(evidence)
    assert CANARY in found
    if format_ != "tflite":  # of which nothing says what values it takes
        assert "scale of content" in found


@pytest.mark.parametrize("format_", FORMATS)
def test_an_auxiliary_network_is_found(format_: str, tmp_path: Path) -> None:
    """Even one that changes nothing that could be seen."""
    evidence = _verify(_write(_graph(WithAuxiliary()), format_, tmp_path), _graph(Painter()))
    assert _failed(evidence) == {TRACED}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("reference", [Painter, NotANumber])
def test_a_weight_that_is_not_a_number_is_found(
    format_: str, reference: type[Painter], tmp_path: Path
) -> None:
    """Also where PyTorch's own output is not finite either."""
    evidence = _verify(_write(_graph(NotANumber()), format_, tmp_path), _graph(reference()))
    assert {FINITE[format_], CANARY} <= _failed(evidence)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_missing_style_code_is_found(format_: str, tmp_path: Path) -> None:
    path = _write(_graph(WithoutStyle(), styled=False), format_, tmp_path)
    evidence = _verify(path, _graph(Painter()))
    assert "inputs" in _failed(evidence)
    assert evidence.parity == ()

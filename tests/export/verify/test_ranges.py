"""The contract says what an image's 0 and 255 are in a network; everything follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export.build.manifest import describe_file
from export.convert.description import Description
from export.convert.graphs import Graph
from export.formats import FORMATS, named
from export.request import Target
from export.verify import golden
from export.verify.test_inputs import Probe, canary, value
from export.verify.verify_file import Evidence, references, verify
from facestyle import contract
from facestyle.contract import Contract, Kind

HEIGHT, WIDTH = 40, 56
SIGNED = (-1.0, 1.0)
DESCRIPTION = Description("an author", "a licence", "1.2", "a summary")


RANGES = (SIGNED, (0.0, 255.0), (-2.0, 0.5), (16.0, 235.0))


class Signed(nn.Module):
    """Takes and gives images in [-1, 1], or another range."""

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.low, self.span = low, high - low
        self.paint = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 1), nn.Sigmoid()
        )

    def forward(self, content: Tensor) -> Tensor:
        painted: Tensor = self.paint((content - self.low) * (2 / self.span) - 1)
        return self.span * painted + self.low


def graph_of(module: nn.Module, limits: tuple[float, float] = SIGNED) -> Graph:
    inputs = (replace(contract.content(HEIGHT, WIDTH), range=limits),)
    outputs = (replace(contract.stylized(HEIGHT, WIDTH), range=limits),)
    return Graph("painter", module.eval(), Contract("painter", inputs, outputs))


def probes(graph: Graph) -> list[Probe]:
    picture = canary(HEIGHT, WIDTH)
    code = torch.zeros(1, 1, 1, 1)
    given = tuple(value(port, picture, code, 1.0) for port in graph.contract.inputs)
    return [Probe("canary, strength 1", given)]


def written(graph: Graph, format_: str, folder: Path) -> Path:
    kind = named(format_)
    path = folder / f"painter.{format_}"
    kind.write(kind.convert(graph, folder / "scratch"), kind.precisions[0], path, DESCRIPTION)
    return path


def proved(path: Path, format_: str, graph: Graph) -> Evidence:
    inputs = probes(graph)
    kind = named(format_)
    return verify(path, kind, kind.precisions[0], graph, inputs, references(graph, inputs))


def test_pixels_of_any_range() -> None:
    port = replace(contract.content(8, 8), range=SIGNED)
    assert (port.scale, port.offset) == (2 / 255, -1.0)
    pixels = torch.arange(256.0)
    values = port.from_unit(pixels / 255)
    assert torch.allclose(values, pixels * port.scale + port.offset, atol=1e-6)
    assert (float(values[0]), float(values[-1])) == SIGNED
    assert torch.allclose(port.to_unit(values) * 255, pixels, atol=1e-4)
    plain = contract.content(8, 8)
    assert (plain.scale, plain.offset, plain.pixels_per_unit) == (1 / 255, 0.0, 255.0)
    assert torch.equal(plain.from_unit(pixels / 255), pixels / 255)
    with pytest.raises(ValueError, match="no range"):
        _ = contract.style_code(4).scale


def test_test_inputs_are_in_the_range() -> None:
    (probe,) = probes(graph_of(Signed()))
    (picture,) = probe.inputs
    assert float(picture.min()) < -0.8 and float(picture.max()) > 0.8
    assert torch.allclose((picture + 1) / 2, canary(HEIGHT, WIDTH), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("limits", RANGES, ids=str)
@pytest.mark.parametrize("format_", FORMATS)
def test_images_of_any_range_are_right(
    format_: str, limits: tuple[float, float], tmp_path: Path
) -> None:
    graph = graph_of(Signed(*limits), limits)
    path = written(graph, format_, tmp_path)
    evidence = proved(path, format_, graph)
    assert [v for v in evidence.verdicts if not v.passed] == []
    kind = named(format_)
    entry = describe_file(path, Target("painter", kind, kind.precisions[0]), graph, None, evidence)
    told = (0, 255) if format_.startswith("ml") else limits
    assert {port.range for port in (*entry.inputs, *entry.outputs)} == {told}


class Scaled(Signed):
    """As if its images, of one range, were of another: what a wrong scale in a converter does."""

    def forward(self, content: Tensor) -> Tensor:
        # [0, 1], where [-1, 1] is meant; and back.
        return (super().forward(content) + 1) / 2


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
def test_a_planted_scale_of_0_to_1_is_found(format_: str, tmp_path: Path) -> None:
    """The file scales by 1/255 where the contract says 2/255 less 1."""
    path = written(graph_of(Scaled(), (0.0, 1.0)), format_, tmp_path)
    evidence = proved(path, format_, graph_of(Signed()))
    failed = {v.check for v in evidence.verdicts if not v.passed}
    assert "PSNR to PyTorch, canary, strength 1" in failed
    if format_.startswith("ml"):
        assert {"scale of content", "scale of stylized"} <= failed


def test_psnr_means_the_same_in_any_range(tmp_path: Path) -> None:
    """An error of one step of 8 bits weighs as much in [-1, 1] as in [0, 1]."""
    from export.verify.compare import peak, psnr

    figures = []
    for limits in (SIGNED, (0.0, 1.0)):
        port = replace(contract.stylized(8, 8), range=limits)
        right = torch.rand(port.shape, generator=torch.Generator().manual_seed(0))
        wrong = right + 1 / 255
        figures.append(
            psnr(port.from_unit(wrong), port.from_unit(right), peak(port, port.from_unit(right)))
        )
    assert figures[0] == pytest.approx(figures[1], abs=1e-3)
    assert figures[0] == pytest.approx(20 * np.log10(255), abs=1e-3)


def test_golden_pairs_say_how_to_scale(tmp_path: Path) -> None:
    import json

    graph = graph_of(Signed())
    inputs = probes(graph)
    pair = golden.pair(graph, inputs, references(graph, inputs))
    golden.write(tmp_path, [pair], [])
    place = tmp_path / golden.GOLDEN
    index = json.loads((place / golden.INDEX).read_text())
    assert "divided by 127.5, plus -1 " in index["about"]
    stored = np.fromfile(place / "painter_content.u8", np.uint8).reshape(HEIGHT, WIDTH, 3)
    (picture,) = inputs[0].inputs
    port = graph.contract.inputs[0]
    assert port.kind is Kind.IMAGE
    again = stored / 127.5 - 1
    assert np.allclose(again, picture[0].permute(1, 2, 0).numpy(), atol=1e-6)
    assert index["graphs"]["painter"]["output"]["peak"] == 2.0

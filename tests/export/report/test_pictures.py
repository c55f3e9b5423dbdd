"""The pictures of a build's report, made from what files computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from export.convert.graphs import Graph
from export.report.pictures import FilePictures, Row, file_pictures
from export.verify import test_inputs
from export.verify.test_inputs import Probe
from export.verify.verify_file import Evidence
from facestyle.contract import Contract, Kind, Port, content, painting, stylized
from facestyle.contract import style_code as code_port
from tests.support.made_build import entry

SIZE = 8, 12


def grey(level: float) -> Tensor:
    return torch.full((1, 3, *SIZE), level)


def made(
    contract: Contract,
    inputs: tuple[Tensor, ...],
    wanted: Tensor,
    output: Tensor | None,
    **more: Any,
) -> FilePictures:
    name = "painting" if contract.outputs[0].kind is Kind.CODE else "portrait, strength 1"
    outputs: Mapping[str, Tensor] = {} if output is None else {name: output}
    evidence = Evidence((), (), {}, None, None, (), (), outputs)
    graph = Graph(contract.graph, nn.Identity(), contract)

    def paint(code: Tensor) -> Tensor:
        return grey(float(code.mean()))

    probes = [Probe(name, inputs)]
    return file_pictures(Row(entry(**more), graph, probes, {name: wanted}, evidence, paint))


def levels(image: Any) -> set[int]:
    return set(np.asarray(image).ravel().tolist())


def test_a_file_beside_pytorch() -> None:
    photo = test_inputs.portrait(*SIZE)
    contract = Contract("stylizer", (content(*SIZE),), (stylized(*SIZE),))
    found = made(contract, (photo,), grey(0.4), grey(0.5))
    assert [one.title for one in found.given] == ["photo", "painting"]
    assert [one.about for one in found.given] == ["Mona Lisa", "The Great Wave off Kanagawa"]
    assert np.asarray(found.given[0].image).shape == (*SIZE, 3)
    assert levels(found.wanted) == {102}
    assert levels(found.painted) == {128}
    assert levels(found.difference) == {204}  # 8 * 0.1 * 255
    assert not found.gives_code


def test_pictures_follow_the_ports_range() -> None:
    output = Port("stylized", Kind.IMAGE, (1, 3, *SIZE), (-1.0, 1.0), "")
    contract = Contract("stylizer", (content(*SIZE),), (output,))
    found = made(contract, (grey(0.0),), grey(-0.2), grey(0.0))
    assert (levels(found.wanted), levels(found.painted)) == ({102}, {128})


def test_a_style_code_is_shown_by_what_it_paints() -> None:
    contract = Contract("style_encoder", (painting(256),), (code_port(4),))
    codes = torch.full((1, 4, 1, 1), 0.2), torch.full((1, 4, 1, 1), 0.4)
    found = made(contract, (test_inputs.painting(),), *codes)
    assert [one.title for one in found.given] == ["photo", "painting"]
    assert (levels(found.wanted), levels(found.painted)) == ({51}, {102})
    assert found.gives_code


def test_what_was_not_executed_has_no_picture() -> None:
    contract = Contract("stylizer", (content(*SIZE),), (stylized(*SIZE),))
    found = made(contract, (grey(0.0),), grey(0.4), None)
    assert (found.painted, found.difference) == (None, None)


def test_depth_maps_are_shown_and_unknown_paintings_are_not() -> None:
    depth = Port("depth", Kind.MAP, (1, 1, *SIZE), (0.0, 1.0), "")
    contract = Contract("stylizer_mine", (content(*SIZE), depth), (stylized(*SIZE),))
    inputs = grey(0.0), torch.full((1, 1, *SIZE), 0.6)
    found = made(contract, inputs, grey(0.4), grey(0.4), style="mine")
    assert [one.title for one in found.given] == ["photo", "depth"]
    assert levels(found.given[1].image) == {153}
    assert [one.title for one in made(contract, inputs, grey(0.4), None, style="spring").given] == [
        "photo", "painting", "depth",
    ]  # fmt: skip

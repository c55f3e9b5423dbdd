"""What tests of Core ML files share: the shipped stylizer, converted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.convert.description import Description
from export.convert.graphs import Graph, build
from facestyle import checkpoint

HEIGHT, WIDTH = 64, 96
DESCRIPTION = Description("an author", "a licence", "1.2", "a summary")


@pytest.fixture(scope="session")
def stylizer() -> Graph:
    """Of the shipped network, wider than high."""
    return build("stylizer", checkpoint.load().network, HEIGHT, WIDTH)


@pytest.fixture(scope="session")
def coreml_files(stylizer: Graph, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """It in each form that Core ML knows, by file name."""
    from export.convert import coreml

    folder = tmp_path_factory.mktemp("coreml")
    program = coreml.to_program(stylizer)
    coreml.to_mlpackage(program, folder / "stylizer.mlpackage", DESCRIPTION)
    coreml.to_mlpackage(program, folder / "small.mlpackage", DESCRIPTION, 512)
    coreml.to_mlmodel(coreml.to_network(stylizer), folder / "stylizer.mlmodel", DESCRIPTION)
    return {path.name: path for path in folder.iterdir()}

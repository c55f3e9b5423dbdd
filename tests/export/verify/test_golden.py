"""Golden pairs: what stands beside the files of a build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from export.convert.graphs import build
from export.verify import golden
from export.verify.golden import Pair
from export.verify.test_inputs import Probe
from facestyle import checkpoint


@pytest.mark.parametrize(("network", "shape"), [("mobile", "1 x 128"), ("vgg19", "1 x 1024")])
def test_the_codes_shape_is_the_networks(network: str, shape: str, tmp_path: Path) -> None:
    """It promised 128 numbers whatever the network."""
    graph = build("stylizer", checkpoint.untrained(network).network, 16, 16)
    inputs = tuple(torch.zeros(port.shape) for port in graph.contract.inputs)
    (output,) = graph.contract.outputs
    golden.write(tmp_path, [Pair(graph, Probe("canary", inputs), torch.zeros(output.shape))], [])
    about = json.loads((tmp_path / "golden" / golden.INDEX).read_text())["about"]
    assert f"has codes as {shape} x 1 x 1: the same numbers" in about

"""A made-up format in one file: PyTorch's own exported programs, with a made-up precision."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.export import ExportedProgram

from export.convert.description import Description
from export.convert.graphs import Graph
from export.entries import PortEntry
from export.formats.base import Format, Inspection, Loaded, Precision, Runtime
from export.inspect.constants import Constant
from export.verify.verdicts import Assurance, equal
from facestyle.contract import Contract, Kind, Port

STEPS = 4096
"""Of a unit, that ``rounded`` weights lie on."""


@dataclass(frozen=True, eq=False)
class MadePrecision(Precision):
    """How a program stores its weights."""

    rounded: bool = False


class LoadedProgram:
    """A program that was loaded from a file."""

    def __init__(self, path: Path, contract: Contract) -> None:
        self.module = torch.export.load(str(path)).module()

    def run(self, inputs: Sequence[Tensor]) -> Tensor:
        """Execute it."""
        output: Tensor = self.module(*inputs)
        return output


@dataclass(frozen=True, eq=False)
class Program(Format):
    """``.pt2``."""

    def convert(self, graph: Graph, scratch: Path) -> ExportedProgram:
        examples = tuple(torch.full(port.shape, 0.5) for port in graph.contract.inputs)
        with torch.no_grad():
            return torch.export.export(graph.module, examples)

    def write(
        self,
        converted: ExportedProgram,
        precision: Precision,
        path: Path,
        description: Description,
        examples: Sequence[tuple[Tensor, ...]] = (),
    ) -> None:
        assert isinstance(precision, MadePrecision)
        program = copy.deepcopy(converted)
        if precision.rounded:
            for value in program.state_dict.values():
                value.data = (value.data * STEPS).round() / STEPS
        with open(path, "wb") as file:
            torch.export.save(program, file)

    def inspect(self, path: Path, graph: Graph, precision: Precision) -> Inspection:
        program = torch.export.load(str(path))
        assert isinstance(precision, MadePrecision)
        tolerance = 1 / STEPS if precision.rounded else 0.0
        # PyTorch saves the parameters of other graphs as well, which nothing here reads.
        signature = program.graph_signature
        stored = signature.inputs_to_parameters | signature.inputs_to_buffers
        used = {
            stored[node.name]
            for node in program.graph.find_nodes(op="placeholder")
            if node.users and node.name in stored
        }
        constants = [
            Constant(name, np.asarray(value.detach(), np.float32), tolerance)
            for name, value in program.state_dict.items()
            if name in used
        ]
        nodes = [n for n in program.graph.nodes if n.op == "call_function"]
        found, wanted = len(program.graph_signature.user_inputs), len(graph.contract.inputs)
        verdict = equal("inputs", found, wanted, Assurance.STRUCTURE)
        return Inspection((verdict,), tuple(constants), dict(Counter(str(n.target) for n in nodes)))

    def runtimes(self) -> tuple[Runtime, ...]:
        def load(path: Path, contract: Contract) -> Loaded:
            return LoadedProgram(path, contract)

        return (Runtime(Assurance.REFERENCE, load),)

    def ports(self, path: Path, ports: Sequence[Port]) -> tuple[PortEntry, ...]:
        def entry(port: Port) -> PortEntry:
            how: dict[str, Any] = {"colour_order": "RGB"} if port.kind is Kind.IMAGE else {}
            return PortEntry(
                name=port.name,
                kind=port.kind,
                shape=port.shape,
                layout="NCHW",
                dtype="float32",
                range=port.range,
                description=port.description,
                **how,
            )

        return tuple(map(entry, ports))


EXACT = MadePrecision(name="exact", psnr_db=100.0, max_error=1e-4)
ROUNDED = replace(EXACT, name="rounded", psnr_db=35.0, max_error=0.2, rounded=True)
PT2 = Program(
    name="pt2",
    extra="",
    about="a .pt2 computes in fp32",
    precisions=(EXACT, ROUNDED),
)

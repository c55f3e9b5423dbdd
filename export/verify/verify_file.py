"""Prove a file right, from disk: structure, origin of its constants, and what it computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from export.convert.graphs import Graph
from export.formats.base import Delegation, Format, Loaded, Precision, Runtime
from export.inspect import constants
from export.inspect.constants import Origin
from export.inspect.cost import used_modules
from export.suppress_output import ConversionError
from export.verify import parity
from export.verify.delegates import Coverage
from export.verify.parity import Parity, error_verdict, limits, measure_parity
from export.verify.test_inputs import Probe
from export.verify.verdicts import Assurance, Verdict
from facestyle.contract import Contract
from facestyle.errors import UserError


@dataclass(frozen=True)
class Evidence:
    """All that was found out about one file.

    Attributes:
        verdicts: every check.
        parity: with PyTorch, on each test input and in each runtime that executed the file.
        operators: how often each occurs.
        partitions: pieces that XNNPACK took; None where that does not apply.
        fully_delegated: nothing is left to reference kernels; None where that does not apply.
        coverage: what each accelerator takes of it.
        origins: of the constants.
        outputs: what the file computed for each probe.
    """

    verdicts: tuple[Verdict, ...]
    parity: tuple[Parity, ...]
    operators: dict[str, int]
    partitions: int | None
    fully_delegated: bool | None
    coverage: tuple[Coverage, ...]
    origins: tuple[Origin, ...]
    outputs: Mapping[str, Tensor]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(v.passed for v in self.verdicts)

    def with_verdicts(self, more: Iterable[Verdict]) -> Evidence:
        """The same with more checks."""
        return replace(self, verdicts=(*self.verdicts, *more))

    @property
    def worst(self) -> Parity | None:
        """The agreement of least PSNR; any that is not finite before all others."""
        return parity.worst(self.parity)


def references(graph: Graph, probes: Sequence[Probe]) -> dict[str, Tensor]:
    """PyTorch's own output for each probe."""
    with torch.inference_mode():
        return {probe.name: graph.module(*probe.inputs) for probe in probes}


def verify(
    path: Path,
    format_: Format,
    precision: Precision,
    graph: Graph,
    probes: Sequence[Probe],
    wanted: dict[str, Tensor],
) -> Evidence:
    """Check one file.

    Args:
        path: the file, wherever it lies.
        format_, precision: what it is.
        graph: what it was made from.
        probes: inputs to execute it on.
        wanted: ``references`` of them.

    Raises:
        UserError: when the file cannot be read.
    """
    inspection, written = format_.inspect(path, graph, precision), format_.written(graph)
    origins = constants.trace(
        inspection.constants, written.module, format_.derived(written), used_modules(written)
    )
    verdicts = [*inspection.verdicts, _traced(origins)]
    coverages = format_.coverages(path)
    executions = []
    if _fits(verdicts):
        executions = [
            _execute(path, precision, runtime, graph.contract, probes, wanted)
            for runtime in format_.runtimes()
        ]
    delegation = Delegation()
    if executions and executions[0].loaded is not None:
        delegation = format_.delegation(executions[0].loaded, coverages, precision)
    return Evidence(
        verdicts=(*verdicts, *delegation.verdicts, *(v for e in executions for v in e.verdicts)),
        parity=tuple(a for e in executions for a in e.parity),
        operators=inspection.operators,
        partitions=delegation.partitions,
        fully_delegated=delegation.whole,
        coverage=coverages,
        origins=tuple(origins),
        outputs=executions[0].outputs if executions else {},
    )


@dataclass(frozen=True)
class _Execution:
    """A file in one runtime; ``loaded`` is None where it was refused."""

    loaded: Loaded | None
    verdicts: tuple[Verdict, ...]
    parity: tuple[Parity, ...] = ()
    outputs: Mapping[str, Tensor] = field(default_factory=dict)


def _execute(
    path: Path,
    precision: Precision,
    runtime: Runtime,
    contract: Contract,
    probes: Sequence[Probe],
    wanted: dict[str, Tensor],
) -> _Execution:
    limit = limits(precision, contract.outputs[0], eight_bit=runtime.eight_bit)
    assurance = runtime.assurance
    try:
        loaded = runtime.load(path, contract)
        found, outputs = measure_parity(
            partial(_run, loaded), probes, wanted, contract, limit, assurance
        )
    except (UserError, ConversionError) as error:
        refused = Verdict("executes", " ".join(str(error).split()), "yes", False, assurance)
        return _Execution(None, (refused,))
    verdicts = (*(a.verdict for a in found), error_verdict(found, limit))
    return _Execution(loaded, verdicts, tuple(found), outputs)


def _run(loaded: Loaded, inputs: Sequence[Tensor]) -> Tensor:
    """What a runtime gives; what it says where it gives up, as an error of ours."""
    try:
        return loaded.run(inputs)
    except (LookupError, RuntimeError, ValueError) as error:
        raise UserError(str(error)) from error


def _fits(verdicts: Sequence[Verdict]) -> bool:
    """Whether the file has the contract's inputs and outputs; else it cannot be given them."""
    return all(v.passed for v in verdicts if v.check.startswith(("input", "output")))


def _traced(origins: Sequence[Origin]) -> Verdict:
    untraced = [f"{o.constant} {o.shape}" for o in origins if o.parameter is None]
    return Verdict(
        "constants traced to the inference graph",
        f"{len(origins) - len(untraced)} of {len(origins)}"
        + (f"; unknown: {', '.join(untraced[:3])}" if untraced else ""),
        "all",
        not untraced,
        Assurance.STRUCTURE,
    )

"""Prove a file right, from disk: structure, origin of its constants, and what it computes."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from export.convert.graphs import Graph
from export.convert.rewrites import derived_constants, for_tflite
from export.inspect import constants
from export.inspect.constants import Origin
from export.inspect.cost import used_modules
from export.suppress_output import ConversionError
from export.verify import parity
from export.verify.delegates import Coverage, coverages, partitions_agree
from export.verify.parity import Agreement, agreements, error_verdict, limits
from export.verify.test_inputs import Probe
from export.verify.verdicts import Assurance, Verdict
from facestyle.errors import UserError


@dataclass(frozen=True)
class Evidence:
    """All that was found out about one file.

    Attributes:
        verdicts: every check.
        agreements: with PyTorch, for each probe and each runtime that executed the file.
        operators: how often each occurs.
        partitions: pieces that XNNPACK took; None where that does not apply.
        fully_delegated: nothing is left to reference kernels; None where that does not apply.
        coverage: what each accelerator takes of it.
        origins: of the constants.
        outputs: what the file computed for each probe.
    """

    verdicts: tuple[Verdict, ...]
    agreements: tuple[Agreement, ...]
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
    def worst(self) -> Agreement | None:
        """The agreement of least PSNR; any that is not finite before all others."""
        return parity.worst(self.agreements)


def references(graph: Graph, probes: Sequence[Probe]) -> dict[str, Tensor]:
    """PyTorch's own output for each probe."""
    with torch.inference_mode():
        return {probe.name: graph.module(*probe.inputs) for probe in probes}


def verify(
    path: Path,
    format_: str,
    precision: str,
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
    check = _tflite if format_ == "tflite" else _coreml
    return check(_Case(path, format_, precision, graph, probes, wanted))


@dataclass(frozen=True)
class _Case:
    """A file with all that it is checked against: the arguments of ``verify``."""

    path: Path
    format: str
    precision: str
    graph: Graph
    probes: Sequence[Probe]
    wanted: dict[str, Tensor]


@dataclass(frozen=True)
class _Execution:
    """A file in one runtime; ``runtime`` is None where it was refused."""

    runtime: Any
    verdicts: tuple[Verdict, ...]
    agreements: tuple[Agreement, ...] = ()
    outputs: Mapping[str, Tensor] = field(default_factory=dict)


def _execute(case: _Case, runtime: Callable[..., Any], assurance: Assurance) -> _Execution:
    contract = case.graph.contract
    limit = limits(case.precision, contract, assurance, case.format)
    try:
        loaded = runtime(case.path, contract)
        found, outputs = agreements(
            partial(_run, loaded), case.probes, case.wanted, contract, limit, assurance
        )
    except (UserError, ConversionError) as error:
        refused = Verdict("executes", " ".join(str(error).split()), "yes", False, assurance)
        return _Execution(None, (refused,))
    verdicts = (*(a.verdict for a in found), error_verdict(found, limit))
    return _Execution(loaded, verdicts, tuple(found), outputs)


def _run(loaded: Any, inputs: Sequence[Tensor]) -> Tensor:
    """What a runtime gives; what it says where it gives up, as an error of ours."""
    try:
        result: Tensor = loaded.run(inputs)
    except (LookupError, RuntimeError, ValueError) as error:
        raise UserError(str(error)) from error
    return result


def _fits(verdicts: Sequence[Verdict]) -> bool:
    """Whether the file has the contract's inputs and outputs; else it cannot be given them."""
    return all(v.passed for v in verdicts if v.check.startswith(("input", "output")))


def _traced(origins: list[Origin]) -> Verdict:
    strangers = [f"{o.constant} {o.shape}" for o in origins if o.parameter is None]
    return Verdict(
        "constants traced to the inference graph",
        f"{len(origins) - len(strangers)} of {len(origins)}"
        + (f"; unknown: {', '.join(strangers[:3])}" if strangers else ""),
        "all",
        not strangers,
        Assurance.STRUCTURE,
    )


def _tflite(case: _Case) -> Evidence:
    from export.inspect.tflite import TFLiteModel
    from export.runtimes.litert import TFLiteFile, fully_delegated, partitions

    model, graph = TFLiteModel(case.path), case.graph
    converted = Graph(graph.name, for_tflite(graph.module), graph.contract)
    derived = derived_constants(converted.module)
    used = used_modules(converted)
    origins = constants.trace(model.constants(), converted.module, derived, used)
    verdicts = [*model.check(graph, case.precision), _traced(origins)]
    coverage = coverages(case.path, case.format)
    pieces = delegated = None
    execution = _Execution(None, ())
    if _fits(verdicts):
        execution = _execute(case, TFLiteFile, Assurance.RUNTIME)
    if execution.runtime is not None:
        interpreter = execution.runtime.interpreter
        pieces, delegated = partitions(interpreter), fully_delegated(interpreter)
        verdicts.append(partitions_agree(coverage[0], interpreter))
        if case.precision in ("fp32", "fp16"):
            verdicts.append(_whole(pieces, delegated))
    return Evidence(
        verdicts=(*verdicts, *execution.verdicts),
        agreements=execution.agreements,
        operators=model.operators(),
        partitions=pieces,
        fully_delegated=delegated,
        coverage=tuple(coverage),
        origins=tuple(origins),
        outputs=execution.outputs,
    )


def _whole(pieces: int, delegated: bool) -> Verdict:
    return Verdict(
        "XNNPACK takes the whole graph in one partition",
        f"{pieces} partition(s), {'whole' if delegated else 'not whole'}",
        "1, whole",
        delegated,
        Assurance.RUNTIME,
    )


def _coreml(case: _Case) -> Evidence:
    from export.inspect import coreml
    from export.runtimes.coreml import AppleFile, ReferenceFile

    path, graph = case.path, case.graph
    found = coreml.constants(path)
    origins = constants.trace(found, graph.module, used=used_modules(graph))
    verdicts = [*coreml.check(path, graph, case.precision), _traced(origins)]
    executions = []
    if _fits(verdicts):
        executions.append(_execute(case, ReferenceFile, Assurance.REFERENCE))
        if platform.system() == "Darwin":
            executions.append(_execute(case, AppleFile, Assurance.RUNTIME))
    return Evidence(
        verdicts=(*verdicts, *(v for e in executions for v in e.verdicts)),
        agreements=tuple(a for e in executions for a in e.agreements),
        operators=coreml.operators(path),
        partitions=None,
        fully_delegated=None,
        coverage=tuple(coverages(path, case.format)),
        origins=tuple(origins),
        outputs=executions[0].outputs if executions else {},
    )

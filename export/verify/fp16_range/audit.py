"""The audit: ranges on many inputs, and half precision itself on a few."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from export.convert.graphs import Graph
from export.inspect import cost
from export.verify import compare
from export.verify.fp16_range.arithmetic import (
    GREATEST,
    LEAST_NORMAL,
    Machine,
    exact,
    flushed,
    half,
)
from export.verify.fp16_range.cases import Case, cases, material, spread, trials
from export.verify.fp16_range.program import SENSITIVE, Kind, Program, tensors, trace
from export.verify.fp16_range.tally import Tally

WORK = 4e11
"""What may be spent on each of the two passes, in multiply-accumulates or their worth."""

ELEMENT = 100
"""Multiply-accumulates that looking at one number costs."""

FEWEST = 8
"""Inputs tried however dear the graph, in the pass over the ranges."""

MOST = 36
"""Inputs tried however cheap the graph: every export waits for them."""

FEWEST_TRIALS, MOST_TRIALS = 4, 5

WANTED_DB = 45.0
"""Least PSNR to fp32 of a run in half precision: what files in fp16 are held to as well."""


@dataclass(frozen=True)
class Row:
    """The range of one operator, constant or input.

    Attributes:
        name, operator, kind: see ``program.Operator``.
        greatest: largest magnitude over all inputs; infinite where not finite in fp32 either.
        cause: the input it came from.
        small: 1 % of the non-zero values on real inputs lie below it (a power of two).
        subnormal: share of the non-zero values on real inputs below 2**-14.
        lost: share below 2**-24.
        divisor: least magnitude divided by or rooted; None for operators that do neither.
        divisor_cause: the input it came from.
        inside: largest number a plain implementation could form inside (see ``Tally``); 0 where
            there is nothing inside. A bound for a plain fp16 accumulator, so it does not count
            as the operator's own range: TFLite's open GPU delegate pools and averages in fp32.
            A runtime that sums in fp16 (LiteRT issue 9249) fails where this is beyond 65504.
    """

    name: str
    operator: str
    kind: Kind
    greatest: float
    cause: str
    small: float
    subnormal: float
    lost: float
    divisor: float | None
    divisor_cause: str
    inside: float

    @property
    def headroom(self) -> float:
        """By what factor the numbers could grow before they leave fp16."""
        return GREATEST / self.greatest if self.greatest else math.inf

    @property
    def sensitive(self) -> bool:
        """Whether it is of a kind that half precision is known to fail at."""
        return self.kind in SENSITIVE

    @property
    def overflows_inside(self) -> bool:
        """Whether a plain fp16 accumulator could overflow."""
        return self.inside > GREATEST


@dataclass(frozen=True)
class Trial:
    """One input, executed in fp32, in half precision, and without fp16's small numbers.

    Attributes:
        case: the input.
        psnr: of half precision to fp32, dB; NaN where not finite.
        culprit: the operator at which the error relative to the numbers grew most.
        growth: by how much it grew there.
        not_finite: the first operator in half precision whose result was not finite.
        flushed_psnr: of fp32 with every number below 2**-14 made zero, to fp32.
        flushed_culprit: the operator at which that did most.
    """

    case: str
    psnr: float
    culprit: str
    growth: float
    not_finite: str | None
    flushed_psnr: float
    flushed_culprit: str


@dataclass(frozen=True)
class Breaking:
    """How far activations may grow.

    A style encoder's result is a normalisation's statistics, which grow too: there, and in a graph
    that has one inside, the code soon leaves what the rest can make sense of.

    Attributes:
        factor: the largest power of two by which the input of every normalisation could be
            multiplied with half precision still within ``WANTED_DB`` of fp32.
        culprit: where it goes wrong at twice that; None where 2**15 does no harm yet.
    """

    factor: float
    culprit: str | None


@dataclass(frozen=True)
class Audit:
    """Everything found out about a graph.

    Attributes:
        graph: its name.
        rows: every operator, constant and input, in order of execution.
        trials: of half precision.
        breaking: None where there is no normalisation.
        inputs: how many the ranges were taken over.
    """

    graph: str
    rows: tuple[Row, ...]
    trials: tuple[Trial, ...]
    breaking: Breaking | None
    inputs: int

    def worst(self, count: int = 5) -> list[Row]:
        """The rows with the least headroom, the least first."""
        return sorted(self.rows, key=lambda row: row.headroom)[:count]


def audit(graph: Graph, network: nn.Module, styles: Sequence[Tensor]) -> Audit:
    """Audit a graph.

    Args:
        graph: as built by ``export.convert.graphs``; its contract's sizes are what is executed.
        network: a ``StyleNetwork``; encodes adversarial paintings where the graph takes codes.
        styles: real style codes of the network, (1, K, 1, 1); not used where it takes none.
    """
    with torch.inference_mode(), _one_thread():
        program = trace(graph)
        price = cost.macs(graph) + ELEMENT * program.elements
        found = material(graph, program, network, styles)
        wide = spread(cases(graph, found), _within(FEWEST, WORK / price, MOST))
        few = trials(graph, found)[: _within(FEWEST_TRIALS, WORK / (8 * price), MOST_TRIALS)]
        machines = [Machine.of(program, rounding) for rounding in (exact, half, flushed)]
        return Audit(
            graph=graph.name,
            rows=_ranges(program, machines[0], wide),
            trials=tuple(_trial(graph, program, machines, case) for case in few),
            breaking=_breaking(graph, program, machines, few[0]),
            inputs=len(wide),
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Thousands of small operations: threads wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _within(least: int, wanted: float, most: int) -> int:
    return min(max(least, int(wanted)), most)


def _ranges(program: Program, machine: Machine, wide: Sequence[Case]) -> tuple[Row, ...]:
    tallies = {node: Tally() for node in program.nodes}
    for case in wide:
        for step in machine.steps(case.inputs):
            constant = step.node in program.constants
            if not (constant and tallies[step.node].cause):
                name = "the weights" if constant else case.name
                real = case.real or constant
                tallies[step.node].add(step, program.operators[step.node], name, real)
    return tuple(
        Row(
            **vars(program.operators[node]),
            greatest=tally.greatest,
            cause=tally.cause,
            small=tally.small,
            subnormal=tally.below(-14),
            lost=tally.below(-24),
            divisor=tally.divisor if tally.divisor_cause else None,
            divisor_cause=tally.divisor_cause,
            inside=tally.inside,
        )
        for node, tally in tallies.items()
    )


@dataclass(frozen=True)
class _Growth:
    """The operator at which an error grew most, and by how much."""

    name: str
    by: float


def _trial(graph: Graph, program: Program, machines: Sequence[Machine], case: Case) -> Trial:
    errors: list[dict[object, float]] = [{}, {}]
    worst = [_Growth("", 0.0), _Growth("", 0.0)]
    outputs: list[Tensor] = []
    not_finite = None
    for steps in zip(*(machine.steps(case.inputs) for machine in machines)):
        node, name = steps[0].node, program.operators[steps[0].node].name
        wanted = list(tensors(steps[0].value))
        for i, step in enumerate(steps[1:]):
            errors[i][node] = error = _error(list(tensors(step.value)), wanted)
            grown = error - max((errors[i][n] for n in node.all_input_nodes), default=0.0)
            if grown > worst[i].by and node.op == "call_function":
                worst[i] = _Growth(name, grown)
        if not_finite is None and math.isinf(errors[0][node]):
            not_finite = name
        if node is program.output:
            outputs = [step.value for step in steps]
    port = graph.contract.outputs[0]
    peak = compare.peak(port, outputs[0])
    return Trial(
        case=case.name,
        psnr=compare.psnr(outputs[1], outputs[0], peak),
        culprit=worst[0].name,
        growth=worst[0].by,
        not_finite=not_finite,
        flushed_psnr=compare.psnr(outputs[2], outputs[0], peak),
        flushed_culprit=worst[1].name,
    )


def _error(found: list[Tensor], wanted: list[Tensor]) -> float:
    """Root mean square error relative to the numbers; infinite where something is not finite.

    What is below fp16's normal range to begin with counts as that large: the rounding noise left
    of a flat channel is not a signal that could get lost.
    """
    worst = 0.0
    for x, y in zip(found, wanted):
        error = (x - y).square().mean().sqrt().item()
        size = y.square().mean().sqrt().item() + LEAST_NORMAL
        worst = max(worst, error / size if math.isfinite(error / size) else math.inf)
    return worst


def _breaking(
    graph: Graph, program: Program, machines: Sequence[Machine], case: Case
) -> Breaking | None:
    if not program.centrings:
        return None
    port, (reference, rounded, _) = graph.contract.outputs[0], machines

    def holds(power: int) -> bool:
        wanted = reference.run(case.inputs, 2.0**power)
        found = rounded.run(case.inputs, 2.0**power)
        return compare.psnr(found, wanted, compare.peak(port, wanted)) >= WANTED_DB

    good, bad = -1, 16
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    if good == 15:
        return Breaking(2.0**good, None)
    return Breaking(2.0**good, _first_bad(program, machines, case, 2.0**bad))


def _first_bad(program: Program, machines: Sequence[Machine], case: Case, boost: float) -> str:
    """The first operator that is not finite, or the one at which the error grew most."""
    errors: dict[object, float] = {}
    worst = _Growth("", -1.0)
    pairs = zip(*(machine.steps(case.inputs, boost) for machine in machines[:2]))
    for wanted, found in pairs:
        name = program.operators[found.node].name
        error = _error(list(tensors(found.value)), list(tensors(wanted.value)))
        if math.isinf(error):
            return name
        grown = error - max((errors[n] for n in found.node.all_input_nodes), default=0.0)
        errors[found.node] = error
        if grown > worst.by:
            worst = replace(worst, name=name, by=grown)
    return worst.name

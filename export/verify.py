"""Prove a file right, from disk: structure, origin of its constants, and what it computes."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from export import compare, constants
from export.constants import Origin
from export.cost import used_modules
from export.graphs import Graph
from export.probes import Probe
from export.rewrite import derived_constants, for_tflite
from export.verdict import Assurance, Verdict, at_least

LIMITS_DB = {"fp32": 80.0, "fp16": 45.0, "dynamic": 30.0, "int8": 24.0}
"""Least PSNR to PyTorch. int8 is to be raised to 33 once quantization has its own work."""


@dataclass(frozen=True)
class Evidence:
    """All that was found out about one file.

    Attributes:
        verdicts: every check.
        operators: how often each occurs.
        partitions: pieces that XNNPACK took; None where that does not apply.
        fully_delegated: nothing is left to reference kernels; None where that does not apply.
        origins: of the constants.
        outputs: what the file computed for each probe, where it was executed.
    """

    verdicts: tuple[Verdict, ...]
    operators: dict[str, int]
    partitions: int | None
    fully_delegated: bool | None
    origins: tuple[Origin, ...]
    outputs: dict[str, Tensor]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(v.passed for v in self.verdicts)

    @property
    def worst_psnr(self) -> float | None:
        """The least PSNR over the probes; NaN if any is."""
        values = [v.value for v in self.verdicts if v.check.startswith("PSNR")]
        figures = [value for value in values if value is not None]
        # NaN compares false with everything, so min() would pass over it.
        return min(figures, key=lambda f: (not math.isnan(f), f)) if figures else None


def references(graph: Graph, probes: list[Probe]) -> dict[str, Tensor]:
    """PyTorch's own output for each probe."""
    with torch.inference_mode():
        return {probe.name: graph.module(*probe.inputs) for probe in probes}


def verify(
    path: Path,
    format_: str,
    precision: str,
    graph: Graph,
    probes: list[Probe],
    wanted: dict[str, Tensor],
) -> Evidence:
    """Check one file.

    Args:
        path: the file, wherever it lies.
        format_, precision: what it is.
        graph: what it was made from.
        probes: inputs to execute it on.
        wanted: ``references`` of them.
    """
    check = _tflite if format_ == "tflite" else _coreml
    return check(path, precision, graph, probes, wanted)


def _numbers(
    run: Callable[[Probe], Tensor],
    precision: str,
    graph: Graph,
    probes: list[Probe],
    wanted: dict[str, Tensor],
) -> tuple[list[Verdict], dict[str, Tensor]]:
    verdicts, outputs = [], {}
    port = graph.contract.outputs[0]
    for probe in probes:
        output = outputs[probe.name] = run(probe)
        figure = compare.psnr(output, wanted[probe.name], compare.peak(port, wanted[probe.name]))
        verdicts.append(
            at_least(
                f"PSNR to PyTorch, {probe.name}",
                figure,
                LIMITS_DB[precision],
                "dB",
                Assurance.RUNTIME,
            )
        )
    return verdicts, outputs


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


def _tflite(
    path: Path, precision: str, graph: Graph, probes: list[Probe], wanted: dict[str, Tensor]
) -> Evidence:
    from export.inspect_tflite import TFLiteModel
    from export.run_tflite import TFLiteFile, fully_delegated, partitions

    model, runtime = TFLiteModel(path), TFLiteFile(path, graph.contract)
    converted = Graph(graph.name, for_tflite(graph.module), graph.contract)
    derived = derived_constants(converted.module)
    used = used_modules(converted)
    origins = constants.trace(model.constants(), converted.module, derived, used)
    numbers, outputs = _numbers(
        lambda probe: runtime.run(probe.inputs), precision, graph, probes, wanted
    )
    structure = model.check(graph)
    delegated = fully_delegated(runtime.interpreter)
    pieces = partitions(runtime.interpreter)
    if precision in ("fp32", "fp16"):
        structure.append(
            Verdict(
                "XNNPACK takes the whole graph in one partition",
                f"{pieces} partition(s), {'whole' if delegated else 'not whole'}",
                "1, whole",
                delegated,
                Assurance.RUNTIME,
            )
        )
    return Evidence(
        verdicts=(*structure, _traced(origins), *numbers),
        operators=model.operators(),
        partitions=pieces,
        fully_delegated=delegated,
        origins=tuple(origins),
        outputs=outputs,
    )


def _coreml(
    path: Path, precision: str, graph: Graph, probes: list[Probe], wanted: dict[str, Tensor]
) -> Evidence:
    from export import inspect_coreml

    found = inspect_coreml.constants(path)
    origins = constants.trace(found, graph.module, used=used_modules(graph))
    numbers: list[Verdict] = []
    outputs: dict[str, Tensor] = {}
    if sys.platform == "darwin":
        names = [port.name for port in graph.contract.inputs]
        result = graph.contract.outputs[0].name

        def run(probe: Probe) -> Tensor:
            arrays = {n: v.numpy() for n, v in zip(names, probe.inputs)}
            return torch.from_numpy(inspect_coreml.predict(path, arrays)[result])

        numbers, outputs = _numbers(run, precision, graph, probes, wanted)
    return Evidence(
        verdicts=(*inspect_coreml.check(path, graph), _traced(origins), *numbers),
        operators=inspect_coreml.operators(path),
        partitions=None,
        fully_delegated=None,
        origins=tuple(origins),
        outputs=outputs,
    )

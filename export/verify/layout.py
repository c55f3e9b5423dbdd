"""Layout proved with unequal sides, also where an app's picture is square.

In a square graph height and width can change places unnoticed by any shape. So every format that a
square build has also converts a small twin of the build's largest graph, of other height than
width, which is executed on the layout canary and thrown away.
"""

from __future__ import annotations

from pathlib import Path

from export.convert.graphs import Graph, build
from export.formats import Format
from export.formats.base import FULL, STYLE_ENCODER, STYLIZER
from export.request import ExportRequest, describe
from export.verify.parity import limits, measure_parity, worst
from export.verify.test_inputs import probes
from export.verify.verdicts import Verdict
from export.verify.verify_file import references

HEIGHT, WIDTH = 64, 96

PROBE = "canary, strength 1"


def twin(request: ExportRequest) -> Graph | None:
    """The graph of unequal sides; None where the build's own graphs have such, or no photo."""
    names = [t.graph for t in request.targets if t.graph != STYLE_ENCODER]
    if request.height != request.width or not names:
        return None
    name = FULL if FULL in names else names[0]
    depth = request.depth and name == STYLIZER
    return build(name, request.checkpoint.network, HEIGHT, WIDTH, depth=depth)


def formats(request: ExportRequest) -> tuple[Format, ...]:
    """Those that need a twin."""
    if twin(request) is None:
        return ()
    return tuple(dict.fromkeys(target.format for target in request.targets))


def check(request: ExportRequest, format_: Format, folder: Path) -> Verdict:
    """Whether a format keeps the layout.

    All precisions of a format share its layout, so the twin is written in the first.

    Args:
        request: that ``twin`` has a graph for.
        format_: one of ``formats``.
        folder: for the file.

    Raises:
        ConversionError, UserError: when the twin cannot be written or executed.
    """
    graph = twin(request)
    assert graph is not None
    precision, runtime = format_.precisions[0], format_.runtimes()[0]
    path = folder / f"twin_{precision.name}{format_.suffix}"
    converted = format_.convert(graph, folder / f"twin_{format_.name}")
    format_.write(converted, precision, path, describe(request, graph))
    chosen = [p for p in probes(graph, request.checkpoint.network) if p.name == PROBE]
    limit = limits(precision, graph.contract.outputs[0], eight_bit=runtime.eight_bit)
    found = worst(
        measure_parity(
            runtime.load(path, graph.contract).run,
            chosen,
            references(graph, chosen),
            graph.contract,
            limit,
            runtime.assurance,
        )[0]
    )
    assert found is not None
    figure = found.verdict
    return Verdict(
        f"layout canary of the format, {HEIGHT} x {WIDTH} twin in {precision.name}",
        figure.figure,
        figure.limit,
        figure.passed,
        runtime.assurance,
        figure.value,
    )

"""Layout proved with unequal sides, also where an app's picture is square.

In a square graph height and width can change places unnoticed by any shape. So every format that a
square build has also converts a small twin of the build's largest graph, of other height than
width, which is executed on the layout canary and thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from export.convert.graphs import Graph, build
from export.request import ExportRequest, Target
from export.verify.parity import agreements, limits, worst
from export.verify.test_inputs import probes
from export.verify.verdicts import Assurance, Verdict
from export.verify.verify_file import references

HEIGHT, WIDTH = 64, 96

PRECISIONS = {"tflite": "fp32", "mlpackage": "fp16", "mlmodel": "fp32"}
"""Of a twin: all precisions of a format share its layout."""

PROBE = "canary, strength 1"


def twin(request: ExportRequest) -> Graph | None:
    """The graph of unequal sides; None where the build's own graphs have such, or no photo."""
    names = [t.graph for t in request.targets if t.graph != "style_encoder"]
    if request.height != request.width or not names:
        return None
    name = "full" if "full" in names else names[0]
    depth = request.depth and name == "stylizer"
    return build(name, request.checkpoint.network, HEIGHT, WIDTH, depth=depth)


def formats(request: ExportRequest) -> tuple[str, ...]:
    """Those that need a twin."""
    if twin(request) is None:
        return ()
    return tuple(dict.fromkeys(target.format for target in request.targets))


def check(
    request: ExportRequest,
    format_: str,
    write: Callable[[Graph, Target, Path], None],
    folder: Path,
) -> Verdict:
    """Whether a format keeps the layout.

    Args:
        request: that ``twin`` has a graph for.
        format_: one of ``formats``.
        write: writes a file of a graph.
        folder: for the file.

    Raises:
        ConversionError, UserError: when the twin cannot be written or executed.
    """
    graph = twin(request)
    assert graph is not None
    target = Target(graph.name, format_, PRECISIONS[format_])
    path = folder / f"twin_{target.precision}.{format_}"
    write(graph, target, path)
    chosen = [p for p in probes(graph, request.checkpoint.network) if p.name == PROBE]
    if format_ == "tflite":
        from export.runtimes.litert import TFLiteFile

        run, assurance = TFLiteFile(path, graph.contract).run, Assurance.RUNTIME
    else:
        from export.runtimes.coreml import ReferenceFile

        run, assurance = ReferenceFile(path, graph.contract).run, Assurance.REFERENCE
    limit = limits(target.precision, graph.contract, assurance, format_)
    wanted = references(graph, chosen)
    found = worst(agreements(run, chosen, wanted, graph.contract, limit, assurance)[0])
    assert found is not None
    figure = found.verdict
    return Verdict(
        f"layout canary of the format, {HEIGHT} x {WIDTH} twin in {target.precision}",
        figure.figure,
        figure.limit,
        figure.passed,
        assurance,
        figure.value,
    )

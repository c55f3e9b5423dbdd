"""Core ML files read back from disk: what is in them, and whether it is what was asked for.

Nothing is executed here; ``run_coreml`` does that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.constants import Constant
from export.coreml_file import TYPES, CoreMLFile, read
from export.graphs import Graph
from export.verdict import Assurance, Verdict, equal
from facestyle.contract import MAXIMUM, Kind, Port

VERSIONS = {"mlProgram": (7,), "neuralNetwork": (4, 5)}
"""Of the specification: 7 runs from iOS 16, 5 from iOS 14, 4 from iOS 13."""

FLOAT32, RGB = 65568, 20
"""In FeatureTypes.proto."""


def operators(path: Path) -> dict[str, int]:
    """How many operations (not constants) or layers of each kind a file has.

    Raises:
        UserError: when the file cannot be read.
    """
    return dict(Counter(step.kind for step in read(path).steps))


def constants(path: Path) -> list[Constant]:
    """Every floating-point constant of a file, whatever it is for.

    Raises:
        UserError: when the file cannot be read, or its weights are compressed.
    """
    return list(read(path).constants)


def check(path: Path, graph: Graph) -> list[Verdict]:
    """Whether a file is built as it should be.

    Args:
        path: an .mlpackage or .mlmodel.
        graph: what it was made from.

    Raises:
        UserError: when the file cannot be read, or its weights are compressed.
    """
    model = read(path)
    infinite = [c.name for c in model.constants if not np.isfinite(c.values).all()]
    return [
        _format(model.spec, TYPES[path.suffix]),
        *_ports(model.spec, graph),
        *_scales(model, graph),
        _none("constants or operations of another precision", model.misfits),
        _none("constants that are not finite", infinite),
        _equal("weights that nothing uses", model.unused, 0),
        _none("descriptions that are missing", _undescribed(model.spec)),
    ]


def _format(spec: Any, wanted: str) -> Verdict:
    found = f"{spec.WhichOneof('Type')} {spec.specificationVersion}"
    allowed = [f"{wanted} {version}" for version in VERSIONS[wanted]]
    limit = " or ".join(allowed)
    return Verdict("format", found, limit, found in allowed, Assurance.STRUCTURE)


def _ports(spec: Any, graph: Graph) -> Iterator[Verdict]:
    """Verdicts on names and types."""
    for what, features, ports in (
        ("input", spec.description.input, graph.contract.inputs),
        ("output", spec.description.output, graph.contract.outputs),
    ):
        found, wanted = {f.name: _type(f) for f in features}, {p.name: _wanted(p) for p in ports}
        yield _equal(f"{what}s", ", ".join(sorted(found)), ", ".join(sorted(wanted)))
        for name, type_wanted in wanted.items():
            yield _equal(f"{what} {name}", found.get(name, "absent"), type_wanted)


def _type(feature: Any) -> str:
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        image = feature.type.imageType
        space = "RGB" if image.colorSpace == RGB else f"colour space {image.colorSpace}"
        return f"{space} image, {image.width} x {image.height}"
    if kind == "multiArrayType":
        array = feature.type.multiArrayType
        dtype = "float32" if array.dataType == FLOAT32 else f"type {array.dataType}"
        return f"{dtype} array, {' x '.join(map(str, array.shape))}"
    return str(kind)


def _wanted(port: Port) -> str:
    if port.kind is Kind.IMAGE:
        _, _, height, width = port.shape
        return f"RGB image, {width} x {height}"
    return f"float32 array, {' x '.join(map(str, port.shape))}"


def _scales(model: CoreMLFile, graph: Graph) -> Iterator[Verdict]:
    """Verdicts on the way between 0..255 and [0, 1]."""
    for port in graph.contract.inputs:
        if port.kind is Kind.IMAGE:
            yield _once(f"scale of {port.name}", model.factors_after(port.name), 1 / MAXIMUM)
    for port in graph.contract.outputs:
        if port.kind is Kind.IMAGE:
            yield _once(f"scale of {port.name}", model.factors_before(port.name), MAXIMUM)


def _once(check: str, factors: Sequence[float], wanted: float) -> Verdict:
    found = [f for f in factors if f != 1]
    figure = ", ".join(f"{f:.6f}" for f in found) or "none"
    # A network may go on to scale by numbers of its own.
    passed = sum(math.isclose(f, wanted, rel_tol=2**-11) for f in found) == 1
    return Verdict(check, figure, f"{wanted:.6f}, once", passed, Assurance.STRUCTURE)


def _undescribed(spec: Any) -> list[str]:
    description = spec.description
    fields = ("shortDescription", "author", "license", "versionString")
    return [field for field in fields if not getattr(description.metadata, field)] + [
        feature.name
        for feature in (*description.input, *description.output)
        if not feature.shortDescription
    ]


def _equal(check: str, found: object, wanted: object) -> Verdict:
    return equal(check, found, wanted, Assurance.STRUCTURE)


def _none(check: str, names: Sequence[str]) -> Verdict:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return _equal(check, ", ".join(names[:3]) + more or "none", "none")

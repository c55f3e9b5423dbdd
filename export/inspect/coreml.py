"""Core ML files read back from disk: what is in them, and whether it is what was asked for.

Nothing is executed here; ``export.runtimes.coreml`` does that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from coreml_reference.mlprogram.mil import LABEL
from coreml_reference.package import Package
from export.convert.coreml import MODEL, WEIGHTS, in_words
from export.convert.graphs import Graph
from export.inspect.constants import Constant
from export.inspect.coreml_file import (
    EIGHT_BITS,
    LONGEST_SETTING,
    TYPES,
    CoreMLFile,
    Scaling,
    messages,
    read,
)
from export.verify.verdicts import Assurance, Verdict, equal
from facestyle.contract import Kind, Port

VERSIONS = {"mlProgram": (7,), "neuralNetwork": (4, 5)}
"""Of the specification: 7 runs from iOS 16, 5 from iOS 14, 4 from iOS 13."""

FLOAT32, RGB = 65568, 20
"""In FeatureTypes.proto."""

PACKED = {"Manifest.json", f"Data/{MODEL}", f"Data/{WEIGHTS}/weight.bin"}
"""All files of a package."""

DESCRIBED = {"input", "output", "metadata"}
"""Fields of a model's description that have a use here."""

NOTES = "com.github.apple.coremltools."
"""How the keys begin under which the converter says what it was."""

LONGEST_TEXT = 256
"""Most characters of a name or a note; what is longer is data."""

NEVER_USED = {
    "CustomLayerParams",
    "DictionaryValue",
    "ListValue",
    "NetworkUpdateParameters",
    "TupleValue",
}
"""Messages that no file of ours has below its functions or layers."""

NUMBERS = {"RepeatedBytes", "RepeatedDoubles", "RepeatedFloats", "WeightParams"}
"""Messages whose numbers are read as constants and traced."""

LARGEST_MANIFEST, LARGEST_NOTES = 2048, 1024
"""Most bytes of a package's manifest and of what the converter notes in a program."""


UNSCALED = Scaling(1.0)
"""What nothing is done to."""


def operators(path: Path) -> dict[str, int]:
    """How many operations (not constants) or layers of each kind a file has.

    Raises:
        UserError: when the file cannot be read.
    """
    return dict(Counter(step.kind for step in read(path).steps))


def constants(path: Path) -> list[Constant]:
    """Every floating-point constant of a file, whatever it is for.

    Raises:
        UserError: when the file cannot be read.
    """
    return list(read(path).constants)


def check(path: Path, graph: Graph, eight_bit_above: int | None) -> list[Verdict]:
    """Whether a file is built as it should be.

    Args:
        path: an .mlpackage or .mlmodel.
        graph: what it was made from.
        eight_bit_above: constants of more values must be stored in 8 bits; None: none
            may be.

    Raises:
        UserError: when the file cannot be read.
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
        _compression(model, eight_bit_above),
        _none("contents of no known use", list(_useless(model.package))),
        _none("descriptions that are missing or wrong", _misdescribed(model.spec, graph)),
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
    inner = getattr(feature.type, kind) if kind else None
    flexible = inner is not None and any(
        field.containing_oneof is not None for field, _ in inner.ListFields()
    )
    more = ", of other sizes or with a default" if flexible else ""
    more += ", optional" if feature.type.isOptional else ""
    return _plain_type(feature, kind) + more


def _plain_type(feature: Any, kind: str | None) -> str:
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
    """Verdicts on the way between 0..255 and the ports' ranges."""
    for port in graph.contract.inputs:
        if port.kind is Kind.IMAGE:
            steps = model.scalings_after(port.name)
            sums = accumulate(steps, Scaling.then, initial=UNSCALED)
            yield _once(f"scale of {port.name}", steps, sums, Scaling(port.scale, port.offset))
    for port in graph.contract.outputs:
        if port.kind is Kind.IMAGE:
            steps, scale = model.scalings_before(port.name), port.pixels_per_unit
            sums = accumulate(steps, lambda last, step: step.then(last), initial=UNSCALED)
            yield _once(f"scale of {port.name}", steps, sums, Scaling(scale, -port.offset * scale))


def _once(
    check: str, steps: Sequence[Scaling], sums: Iterable[Scaling], wanted: Scaling
) -> Verdict:
    """Whether images are scaled as wanted, and by the wanted factor no more than once.

    Args:
        check: the verdict's name.
        steps: how they are scaled, from the port inwards.
        sums: the same up to each step: a network may go on to scale by numbers of its own.
        wanted: by the contract.
    """
    factors = [step.factor for step in steps if step.factor != 1]
    figure = ", ".join(f"{f:.6f}" for f in factors) or "none"
    times = sum(math.isclose(f, wanted.factor, rel_tol=2**-11) for f in factors)
    once = times == 1 or wanted.factor == 1
    right = any(
        math.isclose(found.factor, wanted.factor, rel_tol=2**-11)
        and math.isclose(found.offset, wanted.offset, rel_tol=2**-9, abs_tol=2**-14)
        for found in sums
    )
    shift = f" {wanted.offset:+g}" if wanted.offset else ""
    limit = f"{wanted.factor:.6f}{shift}, once"
    return Verdict(check, figure, limit, once and right, Assurance.STRUCTURE)


def _compression(model: CoreMLFile, eight_bit_above: int | None) -> Verdict:
    if eight_bit_above is not None:
        wrong = [f"{name}: {how}" for name, how in model.compressions.items() if how != EIGHT_BITS]
        wrong += [
            f"{constant.name}: none"
            for constant in model.constants
            if constant.values.size > eight_bit_above and constant.name not in model.compressions
        ]
        limit = f"{EIGHT_BITS} and a scale"
    else:
        wrong = [f"{name}: {how}" for name, how in model.compressions.items()]
        limit = "none"
    figure = _listed(wrong) if wrong else limit
    return Verdict("compression", figure, limit, not wrong, Assurance.STRUCTURE)


def _misdescribed(spec: Any, graph: Graph) -> list[str]:
    description = spec.description
    fields = ("shortDescription", "author", "license", "versionString")
    ports = (*graph.contract.inputs, *graph.contract.outputs)
    words = {port.name: in_words(port) for port in ports}
    return [field for field in fields if not getattr(description.metadata, field)] + [
        feature.name
        for feature in (*description.input, *description.output)
        # Other verdicts tell of other names.
        if feature.shortDescription != words.get(feature.name, feature.shortDescription)
    ]


def _useless(package: Package) -> Iterator[str]:
    """What a file holds besides a network, its weights and its description."""
    spec, path = package.spec, package.path
    if path.is_dir():
        found = {p.relative_to(path).as_posix() for p in path.rglob("*") if not p.is_dir()}
        yield from sorted(found - PACKED)
        if (path / "Manifest.json").stat().st_size > LARGEST_MANIFEST:
            yield "a long Manifest.json"
    known = type(spec)()
    known.CopyFrom(spec)
    known.DiscardUnknownFields()
    # Field by field, a reader drops what it does not know and what is there twice.
    unknown = package.file.stat().st_size - known.ByteSize()
    if unknown:
        yield f"{unknown} bytes of the specification"
    if spec.isUpdatable:
        yield "isUpdatable"
    for field, _ in spec.description.ListFields():
        if field.name not in DESCRIBED:
            yield f"description.{field.name}"
    for key, text in sorted(spec.description.metadata.userDefined.items()):
        if not key.startswith(NOTES) or max(len(key), len(text)) > LONGEST_TEXT:
            yield f"userDefined {key[:LONGEST_TEXT]}"
    if spec.mlProgram.docString:
        yield "docString of the program"
    for key, value in spec.mlProgram.attributes.items():
        if key != "buildInfo" or value.ByteSize() > LARGEST_NOTES:
            yield f"attribute {key} of the program"
    for name, function in spec.mlProgram.functions.items():
        if name != "main":
            yield f"function {name}"
        for opset in function.block_specializations:
            if opset != function.opset:
                yield f"block {opset} of {name}"
        yield from _data(function, name)
    yield from _data(spec.neuralNetwork, "network")


def _data(message: Any, name: str) -> Iterator[str]:
    """What can hold data and is neither a weight, which is traced, nor a setting."""
    kind = message.DESCRIPTOR.name
    if kind in NEVER_USED:
        yield name
    if kind == "Operation" and _size(message.attributes.get(LABEL)) > LONGEST_TEXT:
        yield f"{name}: its {LABEL}"
    for field, value in message.ListFields():
        label = f"{name}.{field.name}"
        if field.name == "isUpdatable" or (field.name == "attributes" and kind != "Operation"):
            yield label
        elif field.cpp_type == field.CPPTYPE_MESSAGE:
            for inner in messages(value):
                yield from _data(inner, label)
        elif kind not in NUMBERS and _is_long(value):
            yield label


def _size(message: Any) -> int:
    return 0 if message is None else int(message.ByteSize())


def _is_long(value: Any) -> bool:
    if isinstance(value, str | bytes):
        return len(value) > LONGEST_TEXT
    if not isinstance(value, Sequence):
        return False
    # Floating-point numbers are traced, however many there are.
    texts = [v for v in value if isinstance(v, str | bytes)]
    whole = sum(isinstance(v, int) for v in value)
    return whole > LONGEST_SETTING or any(map(_is_long, texts))


def _equal(check: str, found: object, wanted: object) -> Verdict:
    return equal(check, found, wanted, Assurance.STRUCTURE)


def _none(check: str, names: Sequence[str]) -> Verdict:
    return _equal(check, _listed(names) or "none", "none")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more

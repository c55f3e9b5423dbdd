"""Core ML files: written by the real converter, read back, and found out where they are wrong."""

from __future__ import annotations

import os
import shutil
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from export.convert import coreml
from export.convert.description import Description
from export.convert.graphs import Graph, build
from export.inspect import coreml as inspect_coreml
from export.inspect.constants import trace
from export.suppress_output import suppress_output
from facestyle import contract
from facestyle.contract import Contract
from facestyle.errors import UserError
from facestyle.networks.mobile import MobileNetwork
from facestyle.style import StyleCode

HEIGHT, WIDTH = 64, 96
EIGHT_BIT: dict[str, dict[str, Any]] = {
    ".mlpackage": {"eight_bit_above": 512},
    ".mlmodel": {"eight_bit_weights": True},
}
DESCRIPTION = Description("an author", "a licence", "1.2", "a summary")
WRITERS = {
    ".mlpackage": lambda graph, *more, **kind: coreml.to_mlpackage(
        coreml.to_program(graph), *more, **kind
    ),
    ".mlmodel": lambda graph, *more, **kind: coreml.to_mlmodel(
        coreml.to_network(graph), *more, **kind
    ),
}
SUFFIXES = tuple(WRITERS)
WEIGHTS = Path("Data") / coreml.WEIGHTS / "weight.bin"


class Small(nn.Module):
    """Has what converters stumble over: max pooling, ReLU6, a layer called ``code``."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Conv2d(3, 16, 3, padding=1)
        self.image = nn.Conv2d(16, 3, 1)

    def forward(self, content: Tensor, strength: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu6(self.code(content - 0.5)), 2)
        x = F.interpolate(self.image(x), scale_factor=2, mode="nearest")
        return torch.sigmoid(x * strength)


def _written(graph: Graph, folder: Path, suffix: str) -> Path:
    path = folder / f"{graph.name}{suffix}"
    WRITERS[suffix](graph, path, DESCRIPTION)
    return path


def _failed(path: Path, graph: Graph, eight_bit_above: int | None = None) -> list[str]:
    """Names of the checks that a file, not compressed unless said, does not pass."""
    verdicts = inspect_coreml.check(path, graph, eight_bit_above)
    return [v.check for v in verdicts if not v.passed]


@pytest.fixture(scope="module")
def small() -> Graph:
    torch.manual_seed(0)
    inputs = (contract.content(8, 16), contract.strength())
    outputs = (contract.stylized(8, 16),)
    return Graph("small", Small().eval(), Contract("small", inputs, outputs))


@pytest.fixture(scope="module")
def files(small: Graph, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("coreml")
    return {suffix: _written(small, folder, suffix) for suffix in SUFFIXES}


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """Weights all different, so that each has one origin only."""
    torch.manual_seed(0)
    network = MobileNetwork().eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    return network


CODE = tuple(np.linspace(-1, 1, 128))
GRAPHS: dict[str, Callable[[nn.Module], Graph]] = {
    "depth": lambda network: build("stylizer", network, HEIGHT, WIDTH, depth=True),
    "baked": lambda network: build(
        "stylizer", network, HEIGHT, WIDTH, depth=True, baked=StyleCode("x", CODE)
    ),
    "style_encoder": lambda network: build("style_encoder", network, HEIGHT, WIDTH),
}
USED = {
    "depth": ("network.halve.", "network.encoder.", "network.decoder."),
    "baked": tuple(f"stylizer.network.{part}." for part in ("halve", "encoder", "decoder")),
    "style_encoder": ("network.style_encoder.",),
}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", GRAPHS)
def test_mobile_graphs_hold_the_network_and_nothing_else(
    name: str, suffix: str, network: nn.Module, tmp_path: Path
) -> None:
    graph = GRAPHS[name](network)
    path = _written(graph, tmp_path, suffix)
    assert _failed(path, graph) == []
    origins = {o.parameter for o in trace(inspect_coreml.constants(path), graph.module)}
    wanted = {key for key in graph.module.state_dict() if key.startswith(USED[name])}
    assert origins == wanted | {"scalar"}


def test_operators_are_counted(files: dict[str, Path]) -> None:
    program = inspect_coreml.operators(files[".mlpackage"])
    assert program["conv"] == 2
    assert program["max_pool"] == program["relu6"] == program["upsample_nearest_neighbor"] == 1
    layers = inspect_coreml.operators(files[".mlmodel"])
    assert layers["convolution"] == 2
    assert layers["pooling"] == layers["clip"] == layers["upsample"] == 1


def test_small_files_pass_and_tolerate_rounding_only(files: dict[str, Path], small: Graph) -> None:
    for suffix, step in ((".mlpackage", 2**-11), (".mlmodel", 1e-6)):
        path = files[suffix]
        assert _failed(path, small) == []
        weights = next(c for c in inspect_coreml.constants(path) if c.values.size == 3 * 16 * 9)
        assert np.median(weights.tolerance / np.abs(weights.values)) == pytest.approx(
            step, rel=0.01
        )


def test_files_are_described_and_readable_by_all(files: dict[str, Path]) -> None:
    with suppress_output("coremltools"):
        import coremltools as ct
    manifest = files[".mlpackage"] / "Manifest.json"
    before = manifest.read_bytes()
    for path in files.values():
        spec = ct.utils.load_spec(str(path))  # Apple's own reader, which writes manifests too
        metadata = spec.description.metadata
        assert (metadata.author, metadata.license) == ("an author", "a licence")
        assert (metadata.versionString, metadata.shortDescription) == ("1.2", "a summary")
        texts = [f.shortDescription for f in spec.description.input]
        assert texts[0] == "The photo, upright, RGB. 16 x 8 pixels of 8 bits a channel."
        assert texts[1].endswith("Shape 1 x 1 x 1 x 1, float32, 0 to 1.")
        inner = [p for p in (path, *path.rglob("*")) if p.is_file()]
        assert all(p.stat().st_mode & 0o044 == 0o044 for p in inner)
    assert manifest.read_bytes() == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_graph_gives_same_bytes_in_silence(
    suffix: str,
    small: Graph,
    files: dict[str, Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As on a terminal; pytest would have sys.stderr write elsewhere.
    monkeypatch.setattr(sys, "stderr", os.fdopen(2, "w", closefd=False))
    again = _written(small, tmp_path, suffix)
    assert capfd.readouterr() == ("", "")
    for path in (files[suffix], *files[suffix].rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(files[suffix])).read_bytes()


# Files that are wrong


def _program_operations(spec: Any) -> Any:
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    return block.operations


def _literal(spec: Any, value: float) -> Any:
    """The tensor of the first fp16 scalar of about this value."""
    for operation in _program_operations(spec):
        tensor = operation.attributes["val"].immediateValue.tensor
        if len(tensor.bytes.values) == 2:
            found = np.frombuffer(tensor.bytes.values, np.float16)[0]
            if np.isclose(found, value, rtol=1e-3):
                return tensor
    raise AssertionError(f"no {value}")


def _set_literal(spec: Any, old: float, new: float) -> None:
    _literal(spec, old).bytes.values = np.float16(new).tobytes()


def _full_precision(spec: Any) -> None:
    conv = next(o for o in _program_operations(spec) if o.type == "conv")
    conv.outputs[0].type.tensorType.dataType = 11


def _unrefer(spec: Any) -> None:
    operations = _program_operations(spec)
    operations.remove(
        next(o for o in operations if o.attributes["val"].WhichOneof("value") == "blobFileValue")
    )


def _layer(spec: Any, kind: str) -> Any:
    return next(x for x in spec.neuralNetwork.layers if x.WhichOneof("layer") == kind)


def _scale_twice(spec: Any) -> None:
    layers = spec.neuralNetwork.layers
    first = next(x for x in layers if "content" in x.input)
    first.input[list(first.input).index("content")] = "darker"
    again = layers.add(name="darker", input=["content"], output=["darker"])
    again.multiply.alpha = 1 / 255


def _mean(spec: Any) -> None:
    spec.neuralNetwork.preprocessing[0].scaler.redBias = 0.5


def _infinite_weight(spec: Any) -> None:
    _layer(spec, "convolution").convolution.weights.floatValue[0] = np.inf


def _half_weights(spec: Any) -> None:
    weights = _layer(spec, "convolution").convolution.weights
    weights.float16Value = np.array(weights.floatValue, np.float16).tobytes()
    del weights.floatValue[:]


WRONG: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "program scale": (
        ".mlpackage",
        lambda s: _set_literal(s, 1 / 255, 1 / 127),
        "scale of content",
    ),
    "program result": (".mlpackage", lambda s: _set_literal(s, 255, 1), "scale of stylized"),
    "program infinity": (
        ".mlpackage",
        lambda s: _set_literal(s, 0.5, np.inf),
        "constants that are not finite",
    ),
    "program precision": (
        ".mlpackage",
        _full_precision,
        "constants or operations of another precision",
    ),
    "program weights": (".mlpackage", _unrefer, "weights that nothing uses"),
    "program version": (".mlpackage", lambda s: setattr(s, "specificationVersion", 8), "format"),
    "program author": (
        ".mlpackage",
        lambda s: s.description.metadata.ClearField("author"),
        "descriptions that are missing or wrong",
    ),
    "other description": (
        ".mlpackage",
        lambda s: setattr(s.description.input[1], "shortDescription", "Zero is all."),
        "descriptions that are missing or wrong",
    ),
    "optional input": (
        ".mlpackage",
        lambda s: setattr(s.description.input[1].type, "isOptional", True),
        "input strength",
    ),
    "default": (
        ".mlmodel",
        lambda s: setattr(s.description.input[1].type.multiArrayType, "floatDefaultValue", 0.0),
        "input strength",
    ),
    "any size": (
        ".mlpackage",
        lambda s: setattr(
            s.description.input[0].type.imageType.imageSizeRange.widthRange, "upperBound", -1
        ),
        "input content",
    ),
    "grey image": (
        ".mlpackage",
        lambda s: setattr(s.description.input[0].type.imageType, "colorSpace", 10),
        "input content",
    ),
    "doubles": (
        ".mlpackage",
        lambda s: setattr(s.description.input[1].type.multiArrayType, "dataType", 65600),
        "input strength",
    ),
    "network scale": (
        ".mlmodel",
        lambda s: setattr(s.neuralNetwork.preprocessing[0].scaler, "channelScale", 1.0),
        "scale of content",
    ),
    "no network scale": (
        ".mlmodel",
        lambda s: s.neuralNetwork.ClearField("preprocessing"),
        "scale of content",
    ),
    "network scale twice": (".mlmodel", _scale_twice, "scale of content"),
    "network mean": (".mlmodel", _mean, "scale of content"),
    "network infinity": (".mlmodel", _infinite_weight, "constants that are not finite"),
    "network precision": (
        ".mlmodel",
        _half_weights,
        "constants or operations of another precision",
    ),
    "turned image": (
        ".mlmodel",
        lambda s: setattr(s.description.output[0].type.imageType, "width", 8),
        "output stylized",
    ),
}


def _edited(path: Path, folder: Path, edit: Callable[[Any], Any]) -> Path:
    """A copy with another specification."""
    with suppress_output("coremltools"):
        from coremltools.proto.Model_pb2 import Model
    copy = folder / path.name
    (shutil.copytree if path.is_dir() else shutil.copyfile)(path, copy)
    file = copy / "Data" / coreml.MODEL if path.is_dir() else copy
    spec = Model.FromString(file.read_bytes())
    edit(spec)
    file.write_bytes(spec.SerializeToString())
    return copy


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_fails_its_check_and_no_other(
    name: str, files: dict[str, Path], small: Graph, tmp_path: Path
) -> None:
    suffix, edit, failing = WRONG[name]
    path = _edited(files[suffix], tmp_path, edit)
    assert _failed(path, small) == [failing]


def _other_function(spec: Any) -> None:
    functions = spec.mlProgram.functions
    functions["other"].CopyFrom(functions["main"])


def _other_block(spec: Any) -> None:
    main = spec.mlProgram.functions["main"]
    main.block_specializations["CoreML8"].CopyFrom(main.block_specializations[main.opset])


def _value_in_attributes(spec: Any) -> None:
    value = _literal_value(spec)
    spec.mlProgram.attributes["weights"].CopyFrom(value)


def _list_of_values(spec: Any) -> None:
    operation = _program_operations(spec).add(type="const")
    operation.outputs.add(name="list")
    value = operation.attributes["val"]
    value.type.listType.type.CopyFrom(_literal_value(spec).type)
    value.immediateValue.list.values.add().CopyFrom(_literal_value(spec))


def _literal_value(spec: Any) -> Any:
    return next(
        o.attributes["val"]
        for o in _program_operations(spec)
        if len(o.attributes["val"].immediateValue.tensor.bytes.values) == 2
    )


def _long_label(spec: Any) -> None:
    label = _program_operations(spec)[0].attributes["name"]
    label.immediateValue.tensor.strings.values[:] = ["x" * 1000]


USELESS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "function": (".mlpackage", _other_function, "function other"),
    "block": (".mlpackage", _other_block, "block CoreML8 of main"),
    "attributes": (".mlpackage", _value_in_attributes, "attribute weights of the program"),
    "list": (".mlpackage", _list_of_values, "immediateValue.list"),
    "label": (".mlpackage", _long_label, "its name"),
    "text": (
        ".mlpackage",
        lambda s: setattr(s.mlProgram, "docString", "x"),
        "docString of the program",
    ),
    "unknown field": (
        ".mlpackage",
        lambda s: s.MergeFromString(b"\xc2\x3e\x64" + b"x" * 100),
        "103 bytes of the specification",
    ),
    "unknown field of a layer": (
        ".mlmodel",
        lambda s: s.neuralNetwork.layers[0].MergeFromString(b"\xc2\x3e\x64" + b"x" * 100),
        "bytes of the specification",
    ),
    "updatable": (".mlmodel", lambda s: setattr(s, "isUpdatable", True), "isUpdatable"),
    "updatable layer": (
        ".mlmodel",
        lambda s: setattr(s.neuralNetwork.layers[0], "isUpdatable", True),
        "isUpdatable",
    ),
    "foreign note": (
        ".mlmodel",
        lambda s: s.description.metadata.userDefined.update({"weights": "x"}),
        "userDefined weights",
    ),
    "long note": (
        ".mlpackage",
        lambda s: s.description.metadata.userDefined.update(
            {"com.github.apple.coremltools.version": "x" * 1000}
        ),
        "userDefined com.github.apple.coremltools.version",
    ),
    "predicted": (
        ".mlmodel",
        lambda s: setattr(s.description, "predictedFeatureName", "x"),
        "description.predictedFeatureName",
    ),
}


@pytest.mark.parametrize("name", USELESS)
def test_what_has_no_use_is_told(
    name: str, files: dict[str, Path], small: Graph, tmp_path: Path
) -> None:
    suffix, edit, told = USELESS[name]
    path = _edited(files[suffix], tmp_path, edit)
    verdicts = inspect_coreml.check(path, small, None)
    failed = {v.check: v.figure for v in verdicts if not v.passed}
    # What there is of a second function also scales the picture a second time.
    assert told in failed.pop("contents of no known use")
    assert set(failed) <= {"scale of content", "scale of stylized"}


def test_other_files_of_a_package_are_told(
    files: dict[str, Path], small: Graph, tmp_path: Path
) -> None:
    path = _edited(files[".mlpackage"], tmp_path, lambda spec: None)
    (path / WEIGHTS).with_name("aux.bin").write_bytes(b"x")
    assert _failed(path, small) == ["contents of no known use"]


# Compression


class Large(Small):
    """Has a convolution that is worth compressing."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Conv2d(3, 96, 3, padding=1)
        self.image = nn.Conv2d(96, 3, 1)


@pytest.fixture(scope="module")
def large(small: Graph) -> Graph:
    torch.manual_seed(0)
    return Graph("large", Large().eval(), small.contract)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_compression_is_what_the_precision_says(suffix: str, large: Graph, tmp_path: Path) -> None:
    compressed = tmp_path / f"compressed{suffix}"
    WRITERS[suffix](large, compressed, DESCRIPTION, **EIGHT_BIT[suffix])
    plain = _written(large, tmp_path, suffix)
    least = {".mlpackage": 512, ".mlmodel": 2047}[suffix]
    assert _failed(compressed, large, least) == _failed(plain, large) == []
    assert _failed(compressed, large) == _failed(plain, large, least) == ["compression"]
    origins = trace(inspect_coreml.constants(compressed), large.module)
    assert all(origin.parameter for origin in origins)


def _with_aux(graph: Graph) -> Graph:
    """A graph with a second network in it, which adds next to nothing."""

    class Smuggler(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = graph.module
            self.aux = nn.Conv2d(3, 96, 3, padding=1, bias=False)
            self.back = nn.Conv2d(96, 3, 3, padding=1, bias=False)

        def forward(self, content: Tensor, strength: Tensor) -> Tensor:
            more = torch.relu(self.back(torch.relu(self.aux(content)))) * 1e-7
            return self.module(content + more, strength)  # type: ignore[no-any-return]

    torch.manual_seed(1)
    module = Smuggler().eval()
    for conv in (module.aux, module.back):
        conv.weight.data = conv.weight.data.sign()
    return Graph("smuggled", module, graph.contract)


def test_a_network_in_palettes_of_one_bit_is_found(
    large: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def palettes(model: Any, smallest: int) -> Any:
        import coremltools.optimize.coreml as cto

        config = cto.OptimizationConfig(global_config=None)
        weights = cto.get_weights_metadata(model, weight_threshold=1)
        names = [name for name, weight in weights.items() if weight.val.size == 96 * 27]
        assert names
        for name in names:
            config.set_op_name(name, cto.OpPalettizerConfig(mode="unique", weight_threshold=1))
        return cto.palettize_weights(model, config)

    monkeypatch.setattr(coreml, "int8_weights", palettes)
    graph = _with_aux(large)
    path = tmp_path / "smuggled.mlpackage"
    coreml.to_mlpackage(coreml.to_program(graph), path, DESCRIPTION, 512)
    for eight_bit_above in (None, 512):
        assert "compression" in _failed(path, graph, eight_bit_above)


def _count(value: Any) -> int:
    return int(np.prod([d.constant.size for d in value.type.tensorType.dimensions]))


def _wider(spec: Any) -> None:
    """Codes of one bit, and a step from one end of their channel to the other."""
    operation = next(
        o for o in _program_operations(spec) if o.type == "constexpr_affine_dequantize"
    )
    data = operation.attributes["quantized_data"]
    codes = np.random.default_rng(0).choice([-1, 1], _count(data)).astype(np.int8)
    data.immediateValue.tensor.bytes.values = codes.tobytes()
    scale = operation.attributes["scale"]
    scale.immediateValue.tensor.bytes.values = np.full(_count(scale), 0.5, "<f2").tobytes()


def _wider_layer(spec: Any) -> None:
    weights = _layer(spec, "convolution").convolution.weights
    weights.rawValue = bytes(len(weights.rawValue))
    linear = weights.quantization.linearQuantization
    linear.scale[:] = [10.0] * len(linear.scale)
    linear.bias[:] = [0.0] * len(linear.bias)


@pytest.mark.parametrize(("suffix", "edit"), [(".mlpackage", _wider), (".mlmodel", _wider_layer)])
def test_long_steps_trace_nothing(
    suffix: str, edit: Callable[[Any], Any], large: Graph, tmp_path: Path
) -> None:
    path = tmp_path / f"compressed{suffix}"
    WRITERS[suffix](large, path, DESCRIPTION, **EIGHT_BIT[suffix])
    (tmp_path / "edited").mkdir()
    edited = _edited(path, tmp_path / "edited", edit)
    origins = trace(inspect_coreml.constants(edited), large.module)
    assert 96 * 27 in [int(np.prod(o.shape)) for o in origins if o.parameter is None]


def _asymmetric(spec: Any) -> None:
    operation = next(
        o for o in _program_operations(spec) if o.type == "constexpr_affine_dequantize"
    )
    zero = operation.attributes["zero_point"]
    zero.immediateValue.tensor.bytes.values = b"\1" * _count(zero)


def test_zero_points_are_not_ours(large: Graph, tmp_path: Path) -> None:
    path = tmp_path / "compressed.mlpackage"
    coreml.to_mlpackage(coreml.to_program(large), path, DESCRIPTION, 512)
    (tmp_path / "edited").mkdir()
    edited = _edited(path, tmp_path / "edited", _asymmetric)
    # The zero points that it had are left over.
    failed = _failed(edited, large, 512)
    assert failed == ["weights that nothing uses", "compression"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_renamed_output(suffix: str, files: dict[str, Path], small: Graph, tmp_path: Path) -> None:
    path = _edited(
        files[suffix], tmp_path, lambda s: setattr(s.description.output[0], "name", "painted")
    )
    verdicts = inspect_coreml.check(path, small, None)
    failed = {v.check: v.figure for v in verdicts if not v.passed}
    assert failed == {"outputs": "painted", "output stylized": "absent"}


def _stowaway_layer(spec: Any) -> None:
    layer = spec.neuralNetwork.layers.add(name="stowaway", output=["stowaway"])
    layer.loadConstantND.shape.append(5)
    layer.loadConstantND.data.floatValue.extend([0.1, 0.2, 0.3, 0.4, 0.5])


def _stowaway_constant(spec: Any) -> None:
    operation = _program_operations(spec).add(type="const")
    operation.outputs.add(name="stowaway")
    value = operation.attributes["val"]
    value.type.tensorType.dataType = 10
    value.type.tensorType.dimensions.add().constant.size = 5
    value.immediateValue.tensor.bytes.values = np.linspace(0.1, 0.5, 5).astype("<f2").tobytes()


def _stowaway_argument(spec: Any) -> None:
    conv = next(o for o in _program_operations(spec) if o.type == "conv")
    value = conv.inputs["stowaway"].arguments.add().value
    value.type.tensorType.dataType = 11
    value.type.tensorType.dimensions.add().constant.size = 5
    value.immediateValue.tensor.floats.values.extend([0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.mark.parametrize(
    ("suffix", "edit"),
    [
        (".mlmodel", _stowaway_layer),
        (".mlpackage", _stowaway_constant),
        (".mlpackage", _stowaway_argument),
    ],
)
def test_stowaways_have_no_origin(
    suffix: str, edit: Callable[[Any], Any], files: dict[str, Path], small: Graph, tmp_path: Path
) -> None:
    path = _edited(files[suffix], tmp_path, edit)
    origins = trace(inspect_coreml.constants(path), small.module)
    (untraced,) = [o for o in origins if o.parameter is None]
    assert untraced.shape == (5,)


# Files that cannot be read


def _truncate(file: Path, size: int) -> None:
    with file.open("r+b") as handle:
        handle.truncate(size)


def _overwrite(file: Path, offset: int, data: bytes) -> None:
    with file.open("r+b") as handle:
        handle.seek(offset)
        handle.write(data)


DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "no file": (".mlmodel", lambda p: p.unlink()),
    "empty": (".mlmodel", lambda p: _truncate(p, 0)),
    "half": (".mlmodel", lambda p: _truncate(p, p.stat().st_size // 2)),
    "text": (".mlmodel", lambda p: p.write_text("not found")),
    "no package": (".mlpackage", shutil.rmtree),
    "no manifest": (".mlpackage", lambda p: (p / "Manifest.json").unlink()),
    "manifest": (".mlpackage", lambda p: (p / "Manifest.json").write_text("[]")),
    "no weights": (".mlpackage", lambda p: (p / WEIGHTS).unlink()),
    "half of the weights": (
        ".mlpackage",
        lambda p: _truncate(p / WEIGHTS, (p / WEIGHTS).stat().st_size // 2),
    ),
    "old weights": (".mlpackage", lambda p: _overwrite(p / WEIGHTS, 4, struct.pack("<I", 1))),
    "sentinel": (".mlpackage", lambda p: _overwrite(p / WEIGHTS, 64, b"\0\0\0\0")),
    "offset": (".mlpackage", lambda p: _overwrite(p / WEIGHTS, 64 + 16, b"\xff" * 8)),
    "size": (".mlpackage", lambda p: _overwrite(p / WEIGHTS, 64 + 8, struct.pack("<Q", 2))),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_told_in_one_line(
    name: str, files: dict[str, Path], small: Graph, tmp_path: Path
) -> None:
    suffix, harm = DAMAGE[name]
    path = _edited(files[suffix], tmp_path, lambda spec: None)
    harm(path)
    for read in (
        inspect_coreml.operators,
        inspect_coreml.constants,
        lambda p: inspect_coreml.check(p, small, None),
    ):
        with pytest.raises(UserError) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_only_core_ml_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither"):
        inspect_coreml.operators(tmp_path / "model.tflite")


def test_compressed_weights_are_not_passed_over(files: dict[str, Path], tmp_path: Path) -> None:
    def quantized(spec: Any) -> None:
        weights = _layer(spec, "convolution").convolution.weights
        weights.rawValue = b"\0" * len(weights.floatValue)

    def compressed(spec: Any) -> None:
        next(o for o in _program_operations(spec) if o.type == "const").type = "constexpr_cast"

    for suffix, edit in ((".mlmodel", quantized), (".mlpackage", compressed)):
        with pytest.raises(UserError, match="compressed"):
            inspect_coreml.constants(_edited(files[suffix], tmp_path, edit))


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_any_wrong_byte_is_survived(
    suffix: str, place: float, byte: int, files: dict[str, Path], small: Graph, tmp_path: Path
) -> None:
    path = tmp_path / f"wrong{suffix}"
    if files[suffix].is_dir():
        shutil.copytree(files[suffix], path, dirs_exist_ok=True)
        file = path / "Data" / coreml.MODEL
    else:
        file = shutil.copyfile(files[suffix], path)
    _overwrite(file, int(place * file.stat().st_size), bytes([byte]))
    with suppress(UserError):
        inspect_coreml.check(path, small, None)

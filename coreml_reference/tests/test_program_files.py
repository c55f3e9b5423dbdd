"""Whole ML Programs: real networks, compressed weights, and files that are damaged."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from coreml_reference import CoreMLError, DamagedFile, load
from coreml_reference.mlprogram.constants import Constant
from coreml_reference.mlprogram.contents import ProgramContents
from coreml_reference.package import open_package
from coreml_reference.tests.compressed_models import (
    COMPRESSED,
    converted,
    converted_dense,
    exported,
)
from coreml_reference.tests.programs import Maker, saved
from coreml_reference.tests.quiet import quiet

DATA = Path("Data/com.apple.CoreML")


def _decibels(found: Tensor, wanted: Tensor) -> float:
    error = (found.double() - wanted.double()).square().mean()
    peak = wanted.double().max() - wanted.double().min()
    return float(10 * (peak.square() / error.clamp(min=1e-30)).log10())


def _in_range(network: nn.Module) -> nn.Module:
    """Normalise as training would have: random weights alone fade below what an fp16 holds."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()(torch.rand(8, 3, 64, 64))
    return network.eval()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "resnet18"])
def test_torchvision(name: str, tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    network = _in_range(getattr(torchvision.models, name)(weights=None))
    program, image = exported(network, 64), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        wanted = network(image)
    for half, limit in ((False, 100), (True, 45)):
        path = tmp_path / f"{half}.mlpackage"
        converted(program, 64, path, half)
        seen: list[str] = []
        model = load(path)
        found = model.run({"image": image}, lambda n, operation, x, s=seen: s.append(operation))
        assert seen.count("conv") > 15
        assert "const" not in seen
        assert _decibels(found["scores"], wanted) > limit


def test_halves_are_rounded_after_every_operation(tmp_path: Path) -> None:
    """And become infinite where an fp16 is."""

    class Sums(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x * 2048 + 1) - x * 2048 + (x * 60000 * 2).clamp(max=0.5)

    path = tmp_path / "a.mlpackage"
    converted(exported(Sums(), 2), 2, path, half=True)
    steps: dict[str, float] = {}
    found = load(path).run(
        {"image": torch.ones(1, 3, 2, 2)},
        lambda name, operation, x: steps.update({f"{operation} {name}": x.max().item()}),
    )
    # 2049 is no fp16: the one is lost, which fp32 would have kept.
    assert found["scores"].unique().tolist() == [0.5]
    assert np.inf in steps.values()


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Any, Path]]:
    """Converted for iOS 16 and 18, and where they were saved."""
    return converted_dense(tmp_path_factory.mktemp("dense"))


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_weights(name: str, dense: dict[int, tuple[Any, Path]], tmp_path: Path) -> None:
    """Against what coremltools decompresses, and against what was compressed."""
    ios, compress, operation = COMPRESSED[name]
    model, original = dense[ios]
    with quiet():
        import coremltools.optimize.coreml as cto

        smaller = compress(cto, model)
        smaller.save(str(tmp_path / "small.mlpackage"))
        whole = cto.decompress_weights(smaller)
        whole.save(str(tmp_path / "whole.mlpackage"))
    whole = load(tmp_path / "whole.mlpackage")
    assert operation in str(open_package(tmp_path / "small.mlpackage").spec.mlProgram)
    image = torch.rand(1, 3, 9, 9)
    found = load(tmp_path / "small.mlpackage").run({"image": image})["scores"]
    assert torch.equal(found, whole.run({"image": image})["scores"])
    pairs = zip(_weights(original), _weights(tmp_path / "small.mlpackage"), strict=True)
    for before, after in pairs:
        distance = (before.value.float() - after.value.float()).abs()
        assert (distance <= after.margin + 4 * _rounding(before.value)).all(), after.name


def _weights(path: Path) -> list[Constant]:
    """The three large weights of ``Dense``, decoded; nothing in the file is unused."""
    contents = ProgramContents(open_package(path))
    found = [c for c in contents.constants() if c.value.numel() > 512]
    assert contents.unused_weights() == 0
    assert len(found) == 3
    return found


def _rounding(values: Tensor) -> Tensor:
    """Half a step of the values' type, and of a scale that fp16 holds in steps of 2**-24."""
    if values.dtype == torch.float16:
        return values.float().abs() * 2**-11 + 127 * 2**-25
    return values.abs() * 1e-6


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("sparse", [False, True])
def test_palettes_of_vectors(axis: int, sparse: bool, tmp_path: Path) -> None:
    maker = Maker(half=True)
    mb = maker.mb
    rng = np.random.default_rng(0)
    palettes = rng.normal(size=(2, 1, 1, 4, 3)).astype(np.float16)
    mask = rng.integers(0, 2, (4, 2, 3)) if sparse else np.ones((4, 2, 3), np.int64)
    indices = rng.integers(0, 4, (4, 2, 3)) * mask
    wanted = np.zeros((4, 2, 3, 3), np.float16)
    for place in np.argwhere(mask):
        i, j, k = place
        wanted[i, j, k] = palettes[i // 2, 0, 0, indices[i, j, k]]
    parts = np.moveaxis(wanted, 3, 0)
    shape = [4, 2, 3]
    shape[axis] *= 3
    dense = np.zeros(shape, np.float16)
    for offset, part in enumerate(parts):
        np.moveaxis(dense, axis, 0)[offset::3] = np.moveaxis(part, axis, 0)

    def build(x: Any) -> Any:
        from coremltools.converters.mil.mil import types

        kinds = [types.nptype_from_builtin(types.string_to_builtin(n)) for n in ("uint1", "uint2")]
        if not sparse:
            weights = mb.constexpr_lut_to_dense(
                indices=indices.astype(kinds[1]), lut=palettes, vector_axis=axis
            )
        else:
            bits, values = mb.constexpr_lut_to_sparse(
                indices_mask=mask.astype(kinds[0]),
                indices_nonzero_data=indices[mask != 0].astype(kinds[1]),
                lut=palettes,
                vector_axis=axis,
            )
            weights = mb.constexpr_sparse_to_dense(nonzero_data=values, mask=bits)
        return mb.add(x=x, y=weights, name="sum")

    path = saved(maker, [(1,)], build, tmp_path / "a.mlpackage", 18)
    found = load(path).run({"x": torch.zeros(1)})["sum"]
    assert torch.equal(found, torch.from_numpy(dense))


# Damage


@pytest.fixture(scope="module")
def victim(dense: dict[int, tuple[Any, Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small program with plain weights and some of 4 bits."""
    model, _ = dense[18]
    path = tmp_path_factory.mktemp("victim") / "a.mlpackage"
    with quiet():
        import coremltools.optimize.coreml as cto

        config = cto.OptimizationConfig(
            cto.OpLinearQuantizerConfig(weight_threshold=512, dtype="int4")
        )
        cto.linear_quantize_weights(model, config).save(str(path))
    return path


@pytest.mark.parametrize("file", ["model.mlmodel", "weights/weight.bin"])
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_damage_is_survived(
    file: str, data: st.DataObject, victim: Path, tmp_path: Path
) -> None:
    """It is told, or there are other numbers: never another exception."""
    shutil.copytree(victim, tmp_path / "a.mlpackage", dirs_exist_ok=True)
    place = tmp_path / "a.mlpackage" / DATA / file
    content = bytearray(place.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    place.write_bytes(content)
    with suppress(CoreMLError):
        model = load(tmp_path / "a.mlpackage")
        model.run({name: torch.ones(f.shape) for name, f in model.inputs.items()})


def _flip(path: Path, offset: int, change: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(change)] = change
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("offset", "change", "message"),
    [
        (0, struct.pack("<I", 1000), "blobs"),
        (4, struct.pack("<I", 1), "version 1"),
        (64, b"\0\0\0\0", "no blob"),
        (68, struct.pack("<I", 14), "have no"),
        (72, struct.pack("<Q", 2**40), "cut short"),
        (72, struct.pack("<Q", 2), "bytes"),
        (80, struct.pack("<Q", 2**40), "no blob"),
        (80, struct.pack("<Q", 64), "no blob"),
    ],
)
def test_a_wrong_weight_file_is_found(
    offset: int, change: bytes, message: str, victim: Path, tmp_path: Path
) -> None:
    shutil.copytree(victim, tmp_path / "a.mlpackage")
    _flip(tmp_path / "a.mlpackage" / DATA / "weights/weight.bin", offset, change)
    with pytest.raises(DamagedFile, match=message):
        _weights(tmp_path / "a.mlpackage")


def _shape_of(kind: str, new: list[int]) -> Callable[[Any], None]:
    def edit(operations: Any) -> None:
        found = next(o for o in operations if o.type == kind)
        for dimension, n in zip(found.outputs[0].type.tensorType.dimensions, new, strict=False):
            dimension.constant.size = n

    return edit


def _rename(kind: str, new: str) -> Callable[[Any], None]:
    def edit(operations: Any) -> None:
        next(o for o in operations if o.type == kind).type = new

    return edit


def _retype(operations: Any) -> None:
    next(o for o in operations if o.type == "conv").outputs[0].type.tensorType.dataType = 23


def _backwards(operations: Any) -> None:
    order = [*operations][::-1]
    del operations[:]
    operations.extend(order)


def _more_padding(operations: Any) -> None:
    conv = next(o for o in operations if o.type == "conv")
    name = conv.inputs["pad"].arguments[0].name
    pad = next(o for o in operations if o.outputs[0].name == name)
    pad.attributes["val"].immediateValue.tensor.ints.values[:] = [2**30] * 4
    kind = next(
        o for o in operations if o.outputs[0].name == conv.inputs["pad_type"].arguments[0].name
    )
    kind.attributes["val"].immediateValue.tensor.strings.values[:] = ["custom"]


def _unknown_padding(operations: Any) -> None:
    conv = next(o for o in operations if o.type == "conv")
    name = conv.inputs["pad_type"].arguments[0].name
    kind = next(o for o in operations if o.outputs[0].name == name)
    kind.attributes["val"].immediateValue.tensor.strings.values[:] = ["round"]


WRONG: dict[str, tuple[Callable[[Any], None], str]] = {
    "another shape": (_shape_of("conv", [1, 31]), "is fp32|is float32 1 x 32"),
    "a vast shape": (_shape_of("conv", [10**12, 1]), "as large as"),
    "another type": (_retype, "not int32"),
    "another operation": (_rename("conv", "conv_of_the_future"), "conv_of_the_future"),
    "too few arguments": (_rename("relu", "add"), "lacks y"),
    "another order": (_backwards, "not there yet"),
    "vast padding": (_more_padding, "as large as"),
    "a setting of the future": (_unknown_padding, "pad_type round of conv"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_program_is_found(name: str, victim: Path, tmp_path: Path) -> None:
    edit, message = WRONG[name]
    path = tmp_path / "a.mlpackage"
    shutil.copytree(victim, path)
    spec = open_package(path).spec
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    edit(block.operations)
    (path / DATA / "model.mlmodel").write_bytes(spec.SerializeToString())
    with pytest.raises(CoreMLError, match=message) as caught:
        load(path).run({"image": torch.rand(1, 3, 9, 9)})
    assert "\n" not in str(caught.value)

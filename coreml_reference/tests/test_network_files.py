"""Whole neural networks (.mlmodel) executed from disk: converted, compressed, and damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from coreml_reference import (
    CoreMLError,
    DamagedFile,
    Model,
    UnsupportedOperation,
    load,
)
from coreml_reference.neuralnetwork.weights import Weight
from coreml_reference.neuralnetwork.weights import read as read_weights
from coreml_reference.package import open_package
from coreml_reference.tests.networks import agree, random, saved
from coreml_reference.tests.quiet import quiet

with quiet():
    import coremltools as ct
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder as Builder
    from coremltools.models.neural_network import quantization_utils
    from coremltools.proto.Model_pb2 import Model as Spec


def psnr(got: Tensor, wanted: Tensor) -> float:
    error = (got.double() - wanted.double()).square().mean()
    return float(20 * torch.log10((wanted.max() - wanted.min()) / error.sqrt()))


def converted(module: nn.Module, example: Tensor, path: Path) -> Any:
    with torch.no_grad(), quiet():
        program = torch.export.export(module.eval(), (example,)).run_decompositions({})
        model = ct.convert(program, convert_to="neuralnetwork", skip_model_load=True)
    spec = model.get_spec()
    path.write_bytes(spec.SerializeToString())
    return spec


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_torchvision_networks(name: str, tmp_path: Path) -> None:
    from torchvision import models

    torch.manual_seed(0)
    module = getattr(models, name)(weights=None).eval()
    # Statistics as after training: with those of a new network nothing is normalised.
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    x = random(0, 1, 3, 64, 96)
    spec = converted(module, x, tmp_path / "network.mlmodel")
    model = load(tmp_path / "network.mlmodel")
    with torch.no_grad():
        wanted = module(x)
    (found,) = model.run({spec.description.input[0].name: x}).values()
    assert psnr(found, wanted) > 100


class Assorted(nn.Module):
    """What coremltools makes of usual PyTorch around images."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(3, 16, 3, padding=1)
        self.up = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.odd = nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1)
        self.mix = nn.Linear(4, 6)
        self.normal = nn.LayerNorm(6)

    def forward(self, x: Tensor) -> Tensor:
        x = F.instance_norm(F.gelu(self.wide(x)))
        x = F.pixel_shuffle(F.avg_pool2d(x, 3, 2, 1), 2).repeat(1, 4, 1, 1)
        x = F.hardswish(self.odd(F.leaky_relu(self.up(x[:, :, ::2, 1:]), 0.1)))
        x = torch.cat([x, F.interpolate(x[:, :, 2:-2, 3:], x.shape[2:], mode="bilinear")], 2)
        x = self.normal(self.mix(x.flatten(2).transpose(1, 2)))
        attention = torch.softmax(x[:, :20] @ x[:, 20:40].transpose(1, 2), -1)
        return attention.std(1) + x.amax((1, 2))[:, None]


@pytest.mark.slow
def test_assorted_pytorch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, x = Assorted(), random(0, 1, 3, 12, 10)
    spec = converted(module, x, tmp_path / "network.mlmodel")
    model = load(tmp_path / "network.mlmodel")
    with torch.no_grad():
        wanted = module(x)
    (found,) = model.run({spec.description.input[0].name: x}).values()
    agree(found.reshape(wanted.shape), wanted, 1e-4)


def weighted(builder: Any) -> None:
    """Layers with weights of every shape that compression treats in its own way."""
    w = random(1, 3, 3, 4, 6).numpy()
    builder.add_convolution(
        "conv", 4, 6, 3, 3, 1, 1, "same", 1, w, random(2, 6).numpy(), True,
        input_name="x", output_name="c",
    )  # fmt: skip
    w = random(3, 2, 2, 6, 5).numpy()
    builder.add_convolution(
        "deconv", 6, 5, 2, 2, 2, 2, "valid", 1, w, None, False, is_deconv=True,
        input_name="c", output_name="d",
    )  # fmt: skip
    builder.add_pooling("pool", 1, 1, 1, 1, "AVERAGE", "VALID", "d", "p", is_global=True)
    builder.add_bias("bias", random(4, 5).numpy(), "p", "b", [5])
    builder.add_squeeze("squeeze", "b", "s", axes=[-1, -2])
    w = random(5, 7, 5).numpy()
    builder.add_inner_product("inner", w, random(6, 7).numpy(), 5, 7, True, "s", "i")
    w = random(7, 7, 4).numpy()
    builder.add_batched_mat_mul(
        "matmul", ["i"], "m", weight_matrix_rows=7, weight_matrix_columns=4, W=w
    )
    builder.add_load_constant_nd("constant", "k", random(8, 1, 4).numpy(), [1, 4])
    builder.add_multiply_broadcastable("scale", ["m", "k"], "y")


def quantiles(bits: int, weights: Any) -> tuple[Any, Any]:
    """A table whose entries are as often used as each other, and places in it."""
    table = np.quantile(weights, np.linspace(0, 1, 1 << bits))
    return table, np.abs(weights.flatten()[:, None] - table).argmin(1)


MODES = ("linear", "linear_lut", "custom_lut")


@pytest.mark.parametrize(
    ("bits", "mode"), [(16, "linear"), *((bits, mode) for bits in (8, 5, 4, 1) for mode in MODES)]
)
def test_compressed_weights(bits: int, mode: str, tmp_path: Path) -> None:
    original = saved(weighted, {"x": (1, 4, 5, 6)}, tmp_path / "original.mlmodel")
    with quiet():
        full = ct.models.MLModel(str(original), skip_model_load=True)
        options = {"lut_function": quantiles} if mode == "custom_lut" else {}
        small = quantization_utils.quantize_weights(full, bits, mode, **options)
        small = small if hasattr(small, "SerializeToString") else small.get_spec()
        path = tmp_path / "small.mlmodel"
        path.write_bytes(small.SerializeToString())
        again = Spec.FromString(small.SerializeToString())
        dequantised(again.neuralNetwork, bits)
        plain = tmp_path / "plain.mlmodel"
        plain.write_bytes(again.SerializeToString())
    x = random(0, 1, 4, 5, 6)
    (got,), (wanted,) = (load(p).run({"x": x}).values() for p in (path, plain))
    agree(got, wanted, 1e-4)
    (exact,) = load(original).run({"x": x}).values()
    assert not torch.equal(got, exact)
    for name, before, after in _pairs_of_weights(original, path):
        assert (after.step > 0).all() == (bits < 16), name
        if mode == "linear":
            error = np.abs(before.values.reshape(after.values.shape) - after.values)
            assert (error <= (0.51 * after.step if bits < 16 else 2e-3)).all(), name


def _pairs_of_weights(original: Path, compressed: Path) -> Iterator[tuple[str, Weight, Weight]]:
    """What has a step for each output channel, or one, before and after compression."""
    specs = [open_package(path).spec.neuralNetwork.layers for path in (original, compressed)]
    for before, after in zip(*specs):
        kind = before.WhichOneof("layer")
        for field, message in getattr(before, kind).ListFields():
            if field.message_type is None or field.message_type.name != "WeightParams":
                continue
            smaller = getattr(getattr(after, kind), field.name)
            count = len(message.floatValue)
            channels = len(smaller.quantization.linearQuantization.scale) or 1
            deconvolution = before.name == "deconv"
            # A transposed kernel has its output channels second.
            shape = (6, 5, count // 30) if deconvolution else (channels, count // channels)
            yield (
                f"{before.name}.{field.name}",
                read_weights(message, (count,)),
                read_weights(smaller, shape, axis=1 if deconvolution else 0),
            )


def dequantised(network: Any, bits: int) -> None:
    """Numbers in place of codes, by coremltools or for halves by NumPy."""
    if bits < 16:
        quantization_utils._dequantize_nn_spec(network)
        return
    for layer in network.layers:
        for field, weight in getattr(layer, layer.WhichOneof("layer")).ListFields():
            if field.name in ("weights", "bias", "data"):
                weight.floatValue.extend(np.frombuffer(weight.float16Value, np.float16).tolist())
                weight.ClearField("float16Value")


def test_weights_of_int8(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(-128, 128, (6, 5)).astype(np.int8)

    def add(builder: Any) -> None:
        builder.add_inner_product(
            "l", codes.tobytes(), None, 5, 6, False, "x", "y", int_8_dynamic_quantize=True,
            is_quantized_weight=True, quant_scale=np.array([0.02], np.float32),
        )  # fmt: skip

    path, x = saved(add, {"x": (2, 5)}, tmp_path / "int8.mlmodel"), random(0, 2, 5)
    (got,) = load(path).run({"x": x}).values()
    agree(got, x @ torch.from_numpy(codes).float().T * 0.02)


def pictured(
    path: Path, channels: int, *, bgr: bool = False, legacy: bool = False, **scaling: Any
) -> Model:
    """A network that takes a picture and gives it back after preprocessing, doubled."""
    builder = Builder(
        [("picture", datatypes.Array(channels, 4, 6))],
        [("y", datatypes.Array(channels, 4, 6))],
        disable_rank5_shape_mapping=not legacy,
        use_float_arraytype=True,
    )
    builder.add_elementwise("l", ["picture"], "y", "MULTIPLY", alpha=2)
    builder.set_pre_processing_parameters(image_input_names=["picture"], is_bgr=bgr, **scaling)
    if not legacy:
        builder.spec.description.output[0].type.multiArrayType.shape[:] = (1, channels, 4, 6)
        builder.nn_spec.imageInputShapeMapping = 1
    path.write_bytes(builder.spec.SerializeToString())
    return load(path)


def from_picture(model: Model, picture: Image.Image) -> Tensor:
    y = model.predict({"picture": picture})["y"]
    assert isinstance(y, np.ndarray)
    return torch.from_numpy(y)


@pytest.mark.parametrize("legacy", [False, True])
def test_pictures_are_scaled_by_colour(legacy: bool, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    picture, x = Image.fromarray(pixels), torch.from_numpy(pixels).permute(2, 0, 1).float()
    biases = {"red_bias": -0.5, "green_bias": 0.25, "blue_bias": 1.5, "gray_bias": -0.1}
    shape = (3, 4, 6) if legacy else (1, 3, 4, 6)
    for bgr in (False, True):
        scaling = {"image_scale": 0.01, **biases}
        model = pictured(tmp_path / "a.mlmodel", 3, bgr=bgr, legacy=legacy, **scaling)
        wanted = 2 * (0.01 * x + torch.tensor([-0.5, 0.25, 1.5])[:, None, None])
        wanted = wanted.flip(0) if bgr else wanted
        agree(from_picture(model, picture), wanted.reshape(shape))
    model = pictured(tmp_path / "a.mlmodel", 1, legacy=legacy, image_scale=0.5, **biases)
    grey = torch.from_numpy(np.array(picture.convert("L"))).float()
    shape = (1, 4, 6) if legacy else (1, 1, 4, 6)
    agree(from_picture(model, picture), 2 * (0.5 * grey - 0.1).reshape(shape))


def test_a_mean_picture_is_subtracted(tmp_path: Path) -> None:
    pictured(tmp_path / "a.mlmodel", 3)
    spec = Spec.FromString((tmp_path / "a.mlmodel").read_bytes())
    mean, x = random(0, 3, 4, 6), random(1, 1, 3, 4, 6, low=0, high=255)
    del spec.neuralNetwork.preprocessing[:]
    stage = spec.neuralNetwork.preprocessing.add(featureName="picture")
    stage.meanImage.meanImage.extend(mean.flatten().tolist())
    (tmp_path / "b.mlmodel").write_bytes(spec.SerializeToString())
    agree(load(tmp_path / "b.mlmodel").run({"picture": x})["y"], 2 * (x - mean))
    del stage.meanImage.meanImage[-1]
    (tmp_path / "b.mlmodel").write_bytes(spec.SerializeToString())
    with pytest.raises(DamagedFile, match="mean image of 71 values"):
        load(tmp_path / "b.mlmodel")


def test_old_files_have_five_dimensions(tmp_path: Path) -> None:
    w, b = random(0, 2, 3 * 2 * 2), random(1, 2)
    features = [("x", datatypes.Array(3, 2, 2))], [("y", datatypes.Array(2))]
    builder = Builder(*features, use_float_arraytype=True)
    builder.add_permute("permute", (0, 2, 3, 1), "x", "p")
    builder.add_flatten("flatten", 0, "p", "f")
    builder.add_inner_product("inner", w.numpy(), b.numpy(), 12, 2, True, "f", "y")
    assert builder.spec.specificationVersion < 4
    path = tmp_path / "old.mlmodel"
    path.write_bytes(builder.spec.SerializeToString())
    x = random(2, 3, 2, 2)
    seen: dict[str, tuple[int, ...]] = {}
    got = load(path).run({"x": x}, lambda name, kind, value: seen.update({name: value.shape}))["y"]
    agree(got, F.linear(x.permute(1, 2, 0).flatten(), w, b))
    assert seen == {"p": (1, 1, 2, 2, 3), "f": (1, 1, 12, 1, 1), "y": (1, 1, 2, 1, 1)}


def test_old_layers_that_only_know_five_dimensions(tmp_path: Path) -> None:
    builder = Builder(
        [("x", datatypes.Array(3, 4, 2))],
        [(name, None) for name in ("first", "last", "twice", "sum")],
        use_float_arraytype=True,
    )
    constant = random(1, 3, 4, 2)
    builder.add_reshape("first", "x", "first", (6, 2, 2), 0)
    builder.add_reshape("last", "x", "last", (6, 2, 2), 1)
    builder.add_sequence_repeat("repeat", 2, "x", "twice")
    builder.add_load_constant("constant", "constant", constant.numpy(), [3, 4, 2])
    builder.add_elementwise("sum", ["x", "constant"], "sum", "ADD")
    path, x = tmp_path / "old.mlmodel", random(2, 3, 4, 2)
    path.write_bytes(builder.spec.SerializeToString())
    found = load(path).run({"x": x})
    agree(found["first"], x.reshape(1, 1, 6, 2, 2))
    last = x.permute(1, 2, 0).flatten().reshape(2, 2, 6).permute(2, 0, 1)
    agree(found["last"], last[None, None])
    agree(found["twice"], torch.stack([x[None], x[None]]))
    agree(found["sum"], (x + constant)[None, None])


def test_layers_that_coremltools_never_makes(tmp_path: Path) -> None:
    def add(builder: Any) -> None:
        builder.add_range_static("range", "begin", end=3, start=1, step=2)
        layer = builder.nn_spec.layers.add(name="l", input=["x", "begin"], output=["y"])
        layer.sliceBySize.axis, layer.sliceBySize.size = -1, 3

    path, x = saved(add, {"x": (2, 6)}, tmp_path / "a.mlmodel"), random(0, 2, 6)
    agree(load(path).run({"x": x})["y"], x[:, 1:4])


@pytest.fixture
def spec(tmp_path: Path) -> Any:
    """A sound network of a convolution and a pool."""

    def add(builder: Any) -> None:
        w = random(0, 3, 3, 2, 4).numpy()
        builder.add_convolution(
            "conv", 2, 4, 3, 3, 1, 1, "same", 1, w, None, False, input_name="x", output_name="c"
        )
        builder.add_pooling("pool", 2, 2, 2, 2, "MAX", "VALID", "c", "y")

    return Spec.FromString(saved(add, {"x": (1, 2, 8, 8)}, tmp_path / "sound.mlmodel").read_bytes())


def kernel(spec: Any, *size: int) -> None:
    spec.neuralNetwork.layers[0].convolution.kernelSize[:] = size


def unknown(spec: Any) -> None:
    layer = spec.neuralNetwork.layers[0]
    layer.gru.inputVectorSize = 2


def custom(spec: Any) -> None:
    spec.neuralNetwork.layers[1].custom.className = "Mine"


def enormous(spec: Any) -> None:
    spec.neuralNetwork.layers[1].upsample.scalingFactor[:] = (10**6, 10**6)


def lost(spec: Any) -> None:
    spec.neuralNetwork.layers[1].input[0] = "nothing"


def twice(spec: Any) -> None:
    spec.neuralNetwork.layers[1].output[0] = "x"


def unmade(spec: Any) -> None:
    spec.description.output[0].name = "z"


def future(spec: Any) -> None:
    spec.specificationVersion = 99


def strange(spec: Any) -> None:
    spec.neuralNetwork.layers[1].pooling.type = 77


def doubled(spec: Any) -> None:
    spec.neuralNetwork.layers[0].convolution.weights.float16Value = b"1234"


def bare(spec: Any) -> None:
    weights = spec.neuralNetwork.layers[0].convolution.weights
    weights.ClearField("floatValue")
    weights.rawValue = b"1" * 72


FAULTS: dict[str, tuple[Callable[[Any], None], type[CoreMLError], str]] = {
    "a larger kernel": (lambda s: kernel(s, 3, 4), DamagedFile, "conv .* 72 values, not 4 x 2 x 3"),
    "a kernel of 10^18 values": (lambda s: kernel(s, 10**9, 10**9), DamagedFile, "layer conv"),
    "an empty kernel": (lambda s: kernel(s, 0, 3), DamagedFile, "layer conv .* kernelSize"),
    "three sizes": (lambda s: kernel(s, 3, 3, 3), DamagedFile, "layer conv .* kernelSize"),
    "a recurrent layer": (unknown, UnsupportedOperation, "layer conv .* gru"),
    "a custom layer": (custom, UnsupportedOperation, "layer pool .* custom"),
    "a tensor that nothing makes": (lost, DamagedFile, "layer pool .* input nothing"),
    "a tensor made twice": (twice, DamagedFile, "layer pool .* output x"),
    "an output that nothing makes": (unmade, DamagedFile, "output z"),
    "a version to come": (future, UnsupportedOperation, "version 99"),
    "an unknown setting": (strange, UnsupportedOperation, "layer pool has type 77"),
    "weights in two forms": (doubled, DamagedFile, "layer conv .* more than one form"),
    "codes without a key": (bare, DamagedFile, "layer conv .* 0 bits"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found_at_once(fault: str, spec: Any, tmp_path: Path) -> None:
    change, error, words = FAULTS[fault]
    change(spec)
    path = tmp_path / "faulty.mlmodel"
    path.write_bytes(spec.SerializeToString())
    with pytest.raises(error, match=words):
        load(path)


def test_layers_that_do_not_fit_are_found_when_they_run(spec: Any, tmp_path: Path) -> None:
    path = tmp_path / "faulty.mlmodel"
    enormous(spec)
    path.write_bytes(spec.SerializeToString())
    with pytest.raises(DamagedFile, match=r"layer pool \(upsample\) .* 8000000 x 8000000"):
        load(path).run({"x": random(0, 1, 2, 8, 8)})
    spec.description.input[0].type.multiArrayType.shape[1] = 3
    path.write_bytes(spec.SerializeToString())
    with pytest.raises(DamagedFile, match=r"layer conv \(convolution\) does not fit"):
        load(path).run({"x": random(0, 1, 3, 8, 8)})


@pytest.mark.slow
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_files_are_refused_or_run(data: st.DataObject, tmp_path: Path) -> None:
    sound = tmp_path / "sound.mlmodel"
    if not sound.exists():
        saved(weighted, {"x": (1, 4, 5, 6)}, sound)
    content = bytearray(sound.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        # Most bytes are weights, which only change numbers; names and sizes are between them.
        places = [i for i, byte in enumerate(content) if (byte < 128 and i % 4 == 0) or i < 400]
        for place in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4)):
            content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "damaged.mlmodel"
    path.write_bytes(content)
    try:
        model = load(path)
        small = {n: f for n, f in model.inputs.items() if np.prod(f.shape) < 10**6}
        found = model.run({n: torch.zeros(f.shape or (1,)) for n, f in small.items()})
    except CoreMLError as error:
        assert "\n" not in str(error)
    else:
        assert set(found) == set(model.outputs)


EXTREMES = (0, 1, 2, 3, 5, 100, -1, -2, 10**4, 2**31, 10**12, 2**62, 2**63 - 1, 2**64 - 1)


def numbers(message: Any) -> list[tuple[Any, Any]]:
    """Every field of whole numbers under a message, weights' codes aside."""
    found = []
    for field, value in message.ListFields():
        if field.message_type is not None:
            several = value if isinstance(value, Sequence) else [value]
            found += [place for inner in several for place in numbers(inner)]
        elif field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64, field.CPPTYPE_ENUM):
            found.append((message, field))
    return found


def shaping(builder: Any) -> None:
    """Layers whose sizes are in the file."""
    builder.add_padding("pad", 1, 1, 1, 1, 0.5, "x", "p", "constant")
    builder.add_upsample("up", 2, 2, "p", "u", "BILINEAR")
    builder.add_pooling("pool", 3, 3, 2, 2, "AVERAGE", "SAME", "u", "o")
    builder.add_resize_bilinear("resize", "o", "r", 5, 6)
    builder.add_crop("crop", 1, 1, 1, 1, [], ["r"], "c")
    builder.add_tile("tile", "c", "t", [1, 2, 1, 1])
    builder.add_reorganize_data("shuffle", "t", "s", "PIXEL_SHUFFLE", 2)
    builder.add_constant_pad("more", ["s"], "m", 0.5, pad_amounts=[0, 1, 0, 0, 2, 0, 0, 0])
    builder.add_fill_static("fill", "f", [2, 2, 8, 8], 1.5)
    builder.add_add_broadcastable("add", ["m", "f"], "a")
    never, always = [False] * 4, [True] * 4
    builder.add_slice_static(
        "slice", "a", "y", [0, 0, 1, 1], [2, 2, 7, 7], [1, 1, 2, -1], never, always
    )


@pytest.mark.slow
@pytest.mark.parametrize("add", [weighted, shaping])
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_extreme_sizes_are_refused_or_run(
    add: Callable[[Any], None], data: st.DataObject, tmp_path: Path
) -> None:
    sound = tmp_path / "sound.mlmodel"
    if not sound.exists():
        saved(add, {"x": (1, 4, 6, 6)}, sound)
        assert load(sound).run({"x": random(0, 1, 4, 6, 6)})["y"].isfinite().all()
    spec = Spec.FromString(sound.read_bytes())
    message, field = data.draw(st.sampled_from(numbers(spec.neuralNetwork)))
    number = data.draw(st.sampled_from(EXTREMES))
    with suppress(ValueError):  # of what does not fit into the field
        values = getattr(message, field.name)
        if isinstance(values, int):
            setattr(message, field.name, number)
        else:
            values[data.draw(st.integers(0, len(values) - 1))] = number
    path = tmp_path / "extreme.mlmodel"
    path.write_bytes(spec.SerializeToString())
    try:
        found = load(path).run({"x": random(0, 1, 4, 6, 6)})["y"]
    except CoreMLError as error:
        assert "\n" not in str(error)
    else:
        assert found.numel() < 10**6

"""Vectors that the Android app's core and this package must both agree with.

``tests/vectors/`` is made here, from this package's own functions; the Kotlin tests in
``android_demo/core`` read the same files. Neither side can drift unseen: this test makes each of
them anew. After a change that is meant: ``python -m tests.android_demo.test_vectors``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.latency.timing import drift
from benchmarks.report import document
from export.build import manifest
from export.convert.graphs import Graph, build
from export.entries import FileEntry
from export.formats import TFLITE, named
from export.runtimes.litert import Quantization
from export.verify import golden
from export.verify.test_inputs import Probe
from facestyle import checkpoint, gallery, images, shipped
from facestyle.contract import Kind, Port
from facestyle.style import StyleBook, mix
from facestyle.stylize import Painter
from tests.support.made_tflite import Made

VECTORS = Path(__file__).parents[1] / "vectors"

Array = np.ndarray[Any, Any]


def base64_of(values: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def photo(width: int, height: int) -> Array:
    """The shipped portrait, scaled small, (height, width, 3) in 8 bits."""
    path = next(p.path for p in gallery.portraits() if p.name == "mona_lisa")
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BOX))


def covered(picture: Array, width: int, height: int) -> Array:
    pixels = torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
    small = images.eight_bit(images.cover(pixels, height, width))
    return (small[0].permute(1, 2, 0) * 255).round().numpy().astype(np.uint8)


def cover_vectors() -> dict[str, Any]:
    """Pre-processing: down, up, both, unscaled, cropped only, and a sliver."""
    rng = np.random.default_rng(0)
    pictures = [photo(60, 80), rng.integers(0, 256, (9, 80, 3), dtype=np.uint8)]
    sizes = [[(36, 36), (20, 50), (60, 80), (44, 80), (72, 64), (31, 17)], [(6, 6), (20, 12)]]
    return {
        "cases": [
            {
                "width": picture.shape[1],
                "height": picture.shape[0],
                "rgb": base64_of(picture),
                "covered": [
                    {"width": w, "height": h, "rgb": base64_of(covered(picture, w, h))}
                    for w, h in wanted
                ],
            }
            for picture, wanted in zip(pictures, sizes)
        ]
    }


def tensor_vectors() -> dict[str, Any]:
    """Pixels and floats, with halves, what lies beyond the range, and int8 both ways."""
    rng = np.random.default_rng(1)
    steps = np.arange(256, dtype=np.float32)
    floats = np.concatenate(
        [
            steps / np.float32(255),
            (steps + np.float32(0.5)) / np.float32(255),
            np.float32([-3, -0.001, 1.001, 7, -0.0, 1e-30, 1, 0.5]),
            rng.normal(0.5, 0.4, 248).astype(np.float32),
        ]
    )
    pixels = torch.from_numpy(floats).reshape(1, 1, -1, 3).permute(0, 3, 1, 2)
    scales = [(0.003921568859368563, -128), (0.0042, -120), (0.0031, -77)]
    whole = np.arange(-128, 128, dtype=np.int8)
    quantized = []
    for scale, zero_point in scales:
        port = Quantization("int8", scale, zero_point)
        given = port.dequantize(whole)
        shown = (torch.from_numpy(given).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
        quantized.append(
            {
                "scale": scale,
                "zero_point": zero_point,
                "from_8_bits": base64_of(port.quantize(steps / np.float32(255))),
                "to_8_bits": base64_of(shown),
            }
        )
    return {
        "floats": base64_of(floats.astype("<f4")),
        "rgb": base64_of(np.asarray(images.to_image(pixels))),
        "ranges": [in_range(*ends, floats[::3]) for ends in RANGES],
        "int8": quantized,
    }


RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-2.1, 2.6))
"""What networks of this field take images in."""


def in_range(low: float, high: float, unit: Array) -> dict[str, Any]:
    """All pixels as an image's values in a range, and values as pixels."""
    port = Port("content", Kind.IMAGE, (1, 3, 1, 1), (low, high), "")
    steps = torch.arange(256, dtype=torch.float32)
    values = port.from_unit(torch.from_numpy(unit))
    return {
        "low": low,
        "high": high,
        "from_8_bits": base64_of(port.from_unit(steps / 255).numpy().astype("<f4")),
        "floats": base64_of(values.numpy().astype("<f4")),
        "to_8_bits": base64_of(images.to_bytes(port.to_unit(values)).numpy()),
    }


def style_vectors() -> dict[str, Any]:
    """Mixing, of two shipped styles."""
    book = StyleBook.load(shipped_styles())
    first, second = book["great_wave"], book["apples_and_primroses"]
    return {
        "weights": book.weights,
        "count": len(book.styles),
        "first": first.name,
        "second": second.name,
        "mixes": [
            {"share": share, "code": list(mix([first, second], [1 - share, share]).values)}
            for share in (0.0, 0.25, 0.5, 1.0)
        ],
    }


def shipped_styles() -> Path:
    return Path(shipped.__file__).parent / "weights" / "styles.json"


def averages(side: int, crop: float, targets: int) -> Array:
    """(targets, side): what each target covers of the middle ``crop`` samples, as shares."""
    edges = (side - crop) / 2 + crop * np.arange(targets + 1) / targets
    left = np.maximum(edges[:-1, None], np.arange(side))
    right = np.minimum(edges[1:, None], np.arange(side) + 1)
    return np.clip(right - left, 0, None) * targets / crop


def yuv_planes(picture: Array) -> tuple[Array, Array, Array]:
    """JFIF in 4:2:0, as a camera gives it."""
    image = Image.fromarray(picture).convert("YCbCr")
    luma, blue, red = (np.asarray(band, np.float64) for band in image.split())
    height, width = luma.shape

    def halved(band: Array) -> Array:
        return band.reshape(height // 2, 2, width // 2, 2).mean((1, 3)).round()

    return luma, halved(blue), halved(red)


def yuv_picture(planes: tuple[Array, Array, Array], width: int, height: int) -> Array:
    """The reference: exact averages of the middle, then colours, in doubles."""
    tall, wide = planes[0].shape
    crop_wide, crop_tall = min(wide, tall * width / height), min(tall, wide * height / width)
    down, across = averages(tall, crop_tall, height), averages(wide, crop_wide, width)
    luma, blue, red = (
        down @ (plane if i == 0 else plane.repeat(2, 0).repeat(2, 1)) @ across.T
        for i, plane in enumerate(planes)
    )
    blue, red = blue - 128, red - 128
    rgb = np.stack(
        [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], -1
    )
    return rgb.round().clip(0, 255).astype(np.uint8)


YUV_CASES = [
    (48, 64, 0, False),
    (64, 48, 90, True),
    (20, 20, 180, False),
    (16, 30, 270, True),
    (30, 16, 0, True),
    (56, 56, 90, False),
]
"""Width and height of the picture, rotation, mirrored or not."""


def yuv_vectors() -> dict[str, Any]:
    """Camera frames of a known picture: whole, cropped, smaller, larger, turned, mirrored."""
    picture = photo(48, 64)
    planes = yuv_planes(picture)
    cases = []
    for width, height, rotation, mirror in YUV_CASES:
        sensor = (height, width) if rotation in (90, 270) else (width, height)
        upright = np.rot90(yuv_picture(planes, *sensor), -rotation // 90)
        rgb = upright[:, ::-1] if mirror else upright
        made = {"width": width, "height": height, "rotation": rotation, "mirror": mirror}
        cases.append(made | {"rgb": base64_of(rgb)})
    luma, blue, red = (base64_of(plane.astype(np.uint8)) for plane in planes)
    return {"width": 48, "height": 64, "y": luma, "u": blue, "v": red, "cases": cases}


CONTENT_SCALE, PAINTED_SCALE = (0.003921568859368563, -128), (0.003899999894201756, -127)
"""Scales and zero points of the int8 file's pictures."""


def stylizer() -> Graph:
    """What the files of the made build are of."""
    return build("stylizer", checkpoint.untrained("mobile").network, 256, 320)


def file_with(path: Path, graph: Graph, scales: dict[str, tuple[float, int]]) -> Path:
    """A ``.tflite`` file of a graph's inputs and outputs alone; int8 where they have a scale."""
    made = Made()
    sides = ((made.given, graph.contract.inputs), (made.result, graph.contract.outputs))
    for add, ports in sides:
        for port in ports:
            scale, zero_point = scales.get(port.name, (None, 0))
            index = add(port.nhwc, "float32" if scale is None else "int8", scale)
            tensor = made.graph.tensors[index]
            tensor.name = port.name
            if scale is not None:
                tensor.quantization.zeroPoint = np.int64([zero_point])
    path.write_bytes(made.data())
    return path


def entries(graph: Graph) -> tuple[FileEntry, ...]:
    """A build's files: for iOS, for Android, and in int8."""
    found = []
    with TemporaryDirectory() as folder:
        for format_, precision, scales in (
            ("mlpackage", "fp16", {}),
            ("tflite", "fp16", {}),
            ("tflite", "int8", {"content": CONTENT_SCALE, "stylized": PAINTED_SCALE}),
        ):
            name = f"mobile_stylizer_256x320_{precision}.{format_}"
            path = file_with(Path(folder) / name, graph, scales)
            described = named(format_).ports
            found.append(
                FileEntry(
                    file=name,
                    graph="stylizer",
                    style=None,
                    format=format_,
                    precision=precision,
                    sha256=f"{len(name):064x}",
                    bytes=300000,
                    macs=1_000_000_000,
                    parameters=140_000,
                    inputs=described(path, graph.contract.inputs),
                    outputs=described(path, graph.contract.outputs),
                    proof=None,
                )
            )
    return tuple(found)


def build_vectors() -> dict[str, Any]:
    """A manifest as ``export`` writes it."""
    fingerprints = ("6f7e8d72252c", "0a1b2c3d4e5f")
    return manifest.Manifest(
        format=manifest.FORMAT,
        command="facestyle export --size 256x320",
        network="mobile",
        weights=manifest.Weights(*fingerprints, False, None, None, {}),
        height=256,
        width=320,
        depth=False,
        styles="styles.json",
        calibration=None,
        tools={},
        lock={},
        golden=golden.GOLDEN,
        files=entries(stylizer()),
        styles_sha256="0" * 64,
        headroom={},
        golden_sha256="0" * 64,
    ).as_json()


def golden_vectors() -> dict[str, Any]:
    """The index of golden pairs as ``export`` writes it for the files above."""
    graph = stylizer()
    *inputs, strength = (torch.zeros(port.shape) for port in graph.contract.inputs)
    (output,) = (torch.zeros(port.shape) for port in graph.contract.outputs)
    pair = golden.Pair(graph, Probe("canary", (*inputs, strength + 1)), output)
    with TemporaryDirectory() as folder:
        golden.write(Path(folder), [pair], entries(graph))
        index = (Path(folder) / golden.GOLDEN / golden.INDEX).read_text(encoding="utf-8")
    return dict(json.loads(index))


def sustained_run() -> list[int]:
    """Nanoseconds of inference of 1000 frames that get slower, ten to fifteen a second."""
    rng = np.random.default_rng(2)
    return [int(v) for v in rng.normal(60e6, 2e6, 1000) + np.linspace(0, 20e6, 1000)]


def benchmark_vectors() -> dict[str, Any]:
    """Frames, and the document that the benchmark activity makes of them."""
    times = [[700_000, 7_200_000, 600_000, 8_500_000], [700_000, 7_000_001, 600_000, 8_400_000]]
    long = sustained_run()
    whole = np.array(long) + 5_000_000
    ends = np.cumsum(whole) / 1e9
    windows = (ends // 10).astype(int)
    medians = [
        float(np.median(np.array(long)[windows == w]) / 1e6) for w in range(int(ends[-1] // 10))
    ]
    stages = {
        name: {
            "runs": len(times),
            "seconds": sum(frame[i] for frame in times) / 1e9,
            "samples_ms": [frame[i] / 1e6 for frame in times],
        }
        for i, name in enumerate(("preprocess", "inference", "postprocess", "end_to_end"))
    }
    row = {
        "name": "benchmark",
        "file": {"name": "0123456789abcdef.tflite", "sha256": "0123456789abcdef" * 4, "bytes": 9},
        "format": "tflite",
        "runtime": {
            "name": "LiteRT",
            "version": "1.4.0",
            "delegate": "XNNPACK",
            "threads": 4,
            "sha256": "fedcba9876543210" * 4,
        },
        "stages": stages,
        "load_ms": 12.5,
        "first_run_ms": 15.25,
        "peak_memory_bytes": 14680064,
        "partitions": 1,
        "fully_delegated": True,
        "sustained": {
            "seconds": float(ends[-1]),
            "window_seconds": 10.0,
            "p50_ms": medians,
            "drift": drift(medians),
        },
        "conditions": {"run_id": "8c0e5e0b", "inputs": "a picture", "battery_percent": 80},
    }
    return {
        "times": times,
        "sustained_inference": long,
        "sustained_rest": 5_000_000,
        "document": {
            "format": document.FORMAT,
            "created": "2026-03-01T12:00:00Z",
            "tools": {"app": "0.1.0", "litert": "1.4.0"},
            "device": {
                "kind": "android",
                "name": "Google Pixel 8",
                "system": "Android 14",
                "sdk": 34,
            },
            "rows": [row],
        },
    }


LIVE = ("great_wave", 0.9)
"""Style and strength of the live picture; the strength is the app's when it is new."""


def live_frame() -> tuple[Array, Array, Array]:
    """A camera's frame, smaller than what is painted."""
    return yuv_planes(covered(photo(240, 320), 160, 160))


def live_painting() -> Array:
    """What PyTorch makes of it: (256, 256, 3) in 8 bits."""
    name, strength = LIVE
    seen = torch.from_numpy(yuv_picture(live_frame(), 256, 256).astype(np.float32) / 255)
    code = StyleBook.load(shipped_styles())[name].tensor()
    with torch.inference_mode():
        painted = Painter(checkpoint.load()).paint(seen.permute(2, 0, 1)[None], code, strength)
    return np.asarray(images.to_image(painted))


def live_bytes() -> bytes:
    """All of Y, then U, then V."""
    return b"".join(plane.astype(np.uint8).tobytes() for plane in live_frame())


MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "cover": cover_vectors,
    "tensors": tensor_vectors,
    "styles": style_vectors,
    "yuv": yuv_vectors,
    "manifest": build_vectors,
    "golden": golden_vectors,
    "benchmark": benchmark_vectors,
}


def text(made: dict[str, Any]) -> str:
    return json.dumps(made, separators=(",", ":")) + "\n"


def stored(name: str) -> dict[str, Any]:
    return dict(json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", sorted(set(MADE) - {"cover"}))
def test_a_vector_is_what_this_package_makes(name: str) -> None:
    assert stored(name) == json.loads(text(MADE[name]()))


def test_pre_processing_is_what_this_package_makes() -> None:
    # PyTorch's kernels sum up in another order on another processor: a value in a thousand may
    # be rounded the other way.
    for ours, theirs in zip(cover_vectors()["cases"], stored("cover")["cases"], strict=True):
        for made, kept in zip(ours.pop("covered"), theirs.pop("covered"), strict=True):
            a, b = (
                np.frombuffer(base64.b64decode(case.pop("rgb")), np.uint8).astype(int)
                for case in (made, kept)
            )
            assert made == kept
            assert np.abs(a - b).max() <= 1
            assert (a != b).mean() <= 1e-3
        assert ours == theirs


def test_there_is_no_other_vector_and_they_are_small() -> None:
    files = list(VECTORS.iterdir())
    assert {file.name for file in files} == {f"{name}.json" for name in MADE} | {
        "live.yuv",
        "live.png",
    }
    assert sum(file.stat().st_size for file in files) < 350_000


def test_the_live_picture_is_what_this_package_paints() -> None:
    # Kept in 8 bits: another order of summing up may turn a rounding.
    assert (VECTORS / "live.yuv").read_bytes() == live_bytes()
    with Image.open(VECTORS / "live.png") as kept:
        difference = np.abs(np.asarray(kept).astype(int) - live_painting())
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-2


def test_the_apps_benchmark_document_is_a_report() -> None:
    made = stored("benchmark")["document"]
    schema = json.loads(Path(document.__file__).with_name("schema.json").read_text("utf-8"))
    jsonschema.validate(made, schema, cls=jsonschema.Draft202012Validator)
    assert document.parse(json.dumps(made), "the app's result")["rows"][0]["name"] == "benchmark"


def test_the_manifest_is_one(tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).write_text(json.dumps(stored("manifest")), encoding="utf-8")
    files = manifest.read(tmp_path).files
    assert len(files) == 3
    limits = stored("golden")["files"]
    assert set(limits) == {entry.file for entry in files}
    least = {entry.precision: limits[entry.file]["least_psnr_db"] for entry in files}
    assert least == {name: TFLITE.precision(name).psnr_db for name in ("fp16", "int8")}


if __name__ == "__main__":
    VECTORS.mkdir(exist_ok=True)
    for name, make in MADE.items():
        (VECTORS / f"{name}.json").write_text(text(make()), encoding="utf-8")
    (VECTORS / "live.yuv").write_bytes(live_bytes())
    Image.fromarray(live_painting()).save(VECTORS / "live.png", optimize=True)

"""Reports like those of real devices, made of drawn times: nothing was measured."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np

from benchmarks.latency.timing import ratio, timing
from benchmarks.latency.validity import Rules, validated
from benchmarks.report.document import Document, document, parse, to_json

PRECISIONS = {"fp32": 1.0, "fp16": 0.98, "dynamic": 0.85, "int8": 0.55}

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)

FIGURES = (
    ("style", "style loss", "lower", 1.0, "distance of VGG statistics to the painting's"),
    ("content", "content loss", "lower", 0.4, "distance of VGG features to the photo's"),
    ("face_ssim", "face SSIM", "higher", 0.9, "structure of the face kept"),
    ("face_fsimc", "face FSIMc", "higher", 0.95, "features of the face kept"),
    ("landmarks", "landmark drift", "lower", 0.05, "of the eyes' distance"),
    ("identity", "identity distance", "lower", 0.7, "1 - cosine of face embeddings"),
)

Row = dict[str, Any]


def times(middle: float, seed: int, runs: int = 200, noise: float = 0.03) -> np.ndarray:
    """Drawn times in ms: lower half tight, a tail of slow runs."""
    rng = np.random.default_rng(seed)
    found = middle * (1 + noise * rng.gamma(2.0, 0.5, runs))
    found[rng.random(runs) < 0.02] *= 1.35
    return found


def staged(inference: np.ndarray, rounds: int = 10, frame: float = 1.0) -> dict[str, Any]:
    """Stages of a row; pre- and post-processing take ``frame`` ms together."""
    split = [len(inference) // rounds] * rounds
    before, after = times(0.6 * frame, 1, len(inference)), times(0.4 * frame, 2, len(inference))
    return {
        "preprocess": timing(before, split),
        "inference": timing(inference, split),
        "postprocess": timing(after, split),
        "end_to_end": timing(before + inference + after, split),
    }


def row(name: str, middle: float, seed: int = 0, **more: Any) -> Row:
    """A judged row, unless ``more`` makes it fail."""
    runs = max(200, round(4000 / middle / 10) * 10)
    made = {
        "name": name,
        "runtime": {"name": "LiteRT", "version": "2.1.0", "delegate": "XNNPACK", "threads": 1},
        "stages": staged(times(middle, seed, min(runs, 1000)), frame=0.05 * middle + 0.3),
        "problems": [],
    } | more
    return validated(made, Rules(minimum_seconds=0.5))


def tflite(precision: str, side: int, threads: int) -> Row:
    """A row of the mobile network."""
    area = (side / 256) ** 2
    middle = 6.1 * PRECISIONS[precision] * area / (1 if threads == 1 else 1.75)
    file = f"mobile_stylizer_{side}_{precision}.tflite"
    size = round(1_720_000 * {"fp32": 1.0, "fp16": 0.51}.get(precision, 0.27))
    return row(
        f"{file}, {threads} thread{'s' if threads > 1 else ''}",
        middle,
        seed=side + threads,
        file={"name": file, "sha256": sha(file), "bytes": size},
        graph="stylizer",
        network="mobile",
        format="tflite",
        precision=precision,
        height=side,
        width=side,
        runtime={
            "name": "LiteRT",
            "version": "2.1.0",
            "delegate": "XNNPACK",
            "threads": threads,
        },
        load_ms=3.2,
        first_run_ms=middle * 1.9,
        peak_memory_bytes=round(31e6 * area),
        partitions=1,
        fully_delegated=True,
        operators=operators(middle),
        cost={
            "macs": round(0.412e9 * area),
            "parameters": 428_000,
            "bytes_moved": round(58e6 * area),
            "arm_instructions": None,
        },
        conditions={"governor": "performance", "others_cpu_share": 0.012, "cores": 4},
    )


def sha(text: str) -> str:
    """Of a file that does not exist."""
    return hashlib.sha256(text.encode()).hexdigest()


def operators(middle: float) -> list[dict[str, Any]]:
    """The top ten of a profile."""
    shares = (0.31, 0.18, 0.12, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01)
    names = ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "RESIZE_BILINEAR", "ADD")
    return [
        {
            "operator": names[at % len(names)],
            "where": f"1×{256 >> at % 3}×{256 >> at % 3}×{16 << at % 3}",
            "count": 1 + at % 4,
            "ms": share * middle,
            "share": share,
        }
        for at, share in enumerate(shares)
    ]


def quality() -> dict[str, Any]:
    """Two subjects at five strengths."""
    rows = []
    for subject, kept in (("mobile_stylizer_256_fp32.tflite", 1.0), ("vgg19", 0.8)):
        for strength in STRENGTHS:
            found = {
                "style": 4.2 - 2.6 * strength * (0.7 + 0.3 / kept),
                "content": 0.1 + 0.9 * strength / kept,
                "face_ssim": 0.97 - 0.24 * strength**1.5 / kept,
                "face_fsimc": 0.99 - 0.09 * strength**1.4 / kept,
                "landmarks": 0.004 + 0.03 * strength / kept,
                "identity": None if strength == 0 else 0.4 * strength / kept,
            }
            rows.append(
                {
                    "name": subject,
                    "file": subject,
                    "sha256": sha(subject),
                    "strength": strength,
                    "pairs": 48,
                    "figures": found,
                }
            )
    return {
        "settings": {"content": "gallery", "style": "gallery", "size": 256},
        "judges": [
            {"name": "VGG-19", "measures": "style and content loss", "trained_the_model": True},
            {"name": "BiSeNet", "measures": "parsing mIoU", "trained_the_model": True},
            {"name": "FaceNet", "measures": "identity", "trained_the_model": False},
        ],
        "figures": [
            {"key": key, "title": title, "better": better, "what": what}
            for key, title, better, _, what in FIGURES
        ],
        "rows": rows,
    }


def host() -> Document:
    """A host's report with a row of every kind; one's own, to be changed."""
    return deepcopy(_host())


@cache
def _host() -> Document:
    rows = [tflite(p, s, t) for p in PRECISIONS for s in (256, 384, 512) for t in (1, 2)]
    base = rows[0]["stages"]["inference"]
    eager = row(
        "mobile, PyTorch eager",
        15.2,
        seed=5,
        network="mobile",
        graph="stylizer",
        format="pytorch",
        precision="fp32",
        height=256,
        width=256,
        runtime={"name": "PyTorch", "version": "2.11", "threads": 1},
    )
    compiled = row(
        "mobile, torch.compile",
        11.4,
        seed=6,
        network="mobile",
        graph="stylizer",
        format="pytorch",
        precision="fp32",
        height=256,
        width=256,
        runtime={"name": "PyTorch", "version": "2.11", "delegate": "inductor", "threads": 1},
        first_run_ms=21_400.0,
    )
    other = row(
        "magenta_arbitrary_stylization_transfer_256_int8.tflite",
        36.5,
        seed=7,
        file={"name": "magenta_arbitrary_stylization_transfer_256_int8.tflite", "bytes": 2_828_838},
        format="tflite",
        height=256,
        width=256,
        partitions=7,
        fully_delegated=False,
        cost={"macs": 3_100_000_000, "parameters": 2_800_000, "bytes_moved": 310_000_000},
    )
    turns = timing(np.asarray(times(36.5, 7, len(base["samples_ms"]))), base["rounds"])
    value, low, high = ratio(turns, base, starts=2)
    other["ratio"] = {"to": rows[0]["name"], "value": value, "low": low, "high": high}
    plain = row(
        "vgg19, plain conversion",
        612.0,
        seed=8,
        file={"name": "vgg19_plain.tflite", "sha256": sha("vgg19"), "bytes": 28_000_000},
        format="tflite",
        precision="fp32",
    )
    hot = row(
        "mobile_stylizer_256_fp32.tflite while a game runs",
        9.0,
        seed=9,
        stages=staged(times(9.0, 9, 200, noise=0.8)),
        conditions={"governor": "powersave", "others_cpu_share": 0.41, "cores": 4},
    )
    long = row(
        "mobile_stylizer_256_fp32.tflite, sustained",
        6.2,
        seed=10,
        sustained={
            "seconds": 120,
            "window_seconds": 5,
            "p50_ms": [round(6.2 * (1 + 0.06 * (1 - 0.8**n)), 3) for n in range(24)],
            "drift": 0.054,
        },
    )
    return document(
        {
            "kind": "host",
            "name": "AMD Ryzen 7 5800X",
            "processor": "AMD Ryzen 7 5800X (x86_64)",
            "cores": 4,
            "memory_bytes": 16_000_000_000,
            "system": "Linux 6.1",
        },
        [*rows, eager, compiled, other, plain, hot, long],
        command="facestyle bench build --sizes 256,384,512 --threads 1,2 --sustain 120",
        tools={"facestyle": "0.1", "ai-edge-litert": "2.1.0", "torch": "2.11"},
        rules=Rules().as_figures(),
        quality=quality(),
        notes=["Arm instructions were not counted: no Arm runner is here."],
    )


def minimal() -> Document:
    """What a phone may send at least."""
    return {
        "format": "facestyle-benchmark/1",
        "created": "2026-01-01T00:00:00+00:00",
        "device": {"kind": "android", "name": "Pixel 8"},
        "rows": [
            {
                "name": "mobile",
                "runtime": {"name": "LiteRT"},
                "stages": {"inference": {"runs": 50, "seconds": 3.0}},
            }
        ],
    }


def judged(device: dict[str, Any], rows: list[Row]) -> list[Row]:
    """Rows that a device sent as a report has them, which must be what its schema says."""
    done = [validated(row, Rules()) for row in rows]
    made = document(device, done, command="facestyle bench", tools={}, notes=[])
    return list(parse(to_json(made), "test")["rows"])

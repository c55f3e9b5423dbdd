"""Paper 1's claim: auxiliary networks cost nothing at inference.

The four AdaIN variants, trained and exported: same operators, same shapes of constants, same MACs,
other weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.experiments import no_auxiliary
from export.inspect import coreml_file
from export.inspect.tflite import TFLiteModel
from tests.conftest import Outcome, TrainingData
from tests.support.quick_training import sets

VARIANTS = ("adain", "depth_adain", "face_adain", "depth_face_adain")


def structure(file: Path) -> tuple[list[str], list[tuple[int, ...]]]:
    """Operators and shapes of constants."""
    if file.suffix == ".tflite":
        model = TFLiteModel(file)
        # The converter breaks ties between independent operators as it likes.
        return sorted(model.sequence()), sorted(c.values.shape for c in model.constants())
    read = coreml_file.read(file)
    return [step.kind for step in read.steps], [c.values.shape for c in read.constants]


def values(file: Path) -> np.ndarray:
    """All constants of a file."""
    read = TFLiteModel(file).constants if file.suffix == ".tflite" else None
    found = read() if read else coreml_file.read(file).constants
    return np.concatenate([np.ravel(constant.values) for constant in found])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "targets"),
    [("mobile", ("tflite/fp32", "mlmodel/fp32")), ("vgg19", ("mlpackage/fp16",))],
)
def test_variants_export_the_same_graph(
    network: str,
    targets: tuple[str, ...],
    facestyle: Callable[..., Outcome],
    training_data: TrainingData,
    tmp_path: Path,
) -> None:
    builds: dict[str, dict[str, Path]] = {}
    figures: dict[str, list[tuple[int, int]]] = {}
    for variant in VARIANTS:
        run, build = tmp_path / variant, tmp_path / f"build_{variant}"
        given = [*training_data.arguments(network), *sets(optimizer__rate=1e-2, steps=2)]
        trained = facestyle("train", variant, *given, "--out", run)
        assert trained.code == 0, trained.err
        formats, precisions = zip(*(target.split("/") for target in targets))
        what = ["--formats", ",".join(formats), "--precision", precisions[0]]
        what += ["--graphs", "stylizer", "--size", 64, "--no-verify"]
        weights = ["--preset", network, "--checkpoint", run / f"{network}.safetensors"]
        exported = facestyle("export", *weights, *what, "--out", build)
        assert exported.code == 0, exported.err
        manifest = json.loads((build / "manifest.json").read_text())
        files = manifest["files"]
        builds[variant] = {f["file"]: build / f["file"] for f in files}
        figures[variant] = [(f["macs"], f["parameters"]) for f in files]
    plain = builds["adain"]
    assert len(plain) == len(targets)
    for variant in VARIANTS[1:]:
        assert builds[variant].keys() == plain.keys()
        assert figures[variant] == figures["adain"]
        for name, file in builds[variant].items():
            assert structure(file) == structure(plain[name])
            assert not np.array_equal(values(file), values(plain[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["depth_v3_small", "bisenet_small"])
def test_auxiliary_networks_can_be_measured(name: str, tmp_path: Path) -> None:
    """Their cost on a phone, beside that of files without them, is what the report is about."""
    file = no_auxiliary.auxiliary(name, tmp_path)
    assert TFLiteModel(file.path).operators()["CONV_2D"] > 20

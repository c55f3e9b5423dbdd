"""Real runs, where Arm can be set up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.arm import document, emulator, half_precision, processors, verdicts
from benchmarks.arm.emulator import Emulated
from benchmarks.arm.userland import Userland
from export.verify import compare
from facestyle.adain import adain
from facestyle.errors import UserError
from tests.conftest import Outcome
from tests.support import made_models

Command = Callable[..., Outcome]


A53, A76, N1 = (processors.PROCESSORS[name] for name in processors.DEFAULT)


@pytest.fixture(scope="module")
def small_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mobile stylizer at 64x96, in every arithmetic."""
    from benchmarks.export_stylizers import export_stylizers
    from export.convert import calibration
    from facestyle import checkpoint

    out = tmp_path_factory.mktemp("build") / "build"
    loaded = checkpoint.load(None, "mobile", None)
    precisions = ("fp32", "dynamic", "int8")
    return export_stylizers(
        loaded, (64, 96), precisions, out, calibration=calibration.read(calibration.DEMO)
    )


def half_of(model: Path, target: Path) -> Path:
    half_precision.allow(model, target)
    return target


@pytest.mark.slow
class TestRealRuns:
    def test_a_build(
        self, arm: Userland, facestyle: Command, small_build: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "arm"
        outcome = facestyle(
            "bench", "arm", small_build, "--cpu", "cortex-a53,cortex-a76", "--out", out
        )
        assert outcome.code == 0, outcome.out + outcome.err
        assert f"next: facestyle bench {small_build} --arm {out}/report.json" in outcome.out
        made = json.loads((out / "report.json").read_text())
        rows = {(r["precision"], r["processor"], r["half_precision"]): r for r in made["rows"]}
        assert len(rows) == 3 + 3 + 1 and all(row["passed"] for row in rows.values())
        counts = {key: row["instructions"] for key, row in rows.items()}
        # Half precision and dot products are instructions of the newer processor alone.
        assert counts["int8", "cortex-a76", False]["dot_product"] > 0
        assert counts["int8", "cortex-a53", False]["dot_product"] == 0
        plain, less = (counts["fp32", "cortex-a76", in_half] for in_half in (False, True))
        assert plain["half_precision"] == 0 < less["half_precision"]
        assert less["total"] < plain["total"]
        for row in rows.values():
            assert any(v["check"] == "instructions of a second run" for v in row["verdicts"])
            assert row["verdicts"][0]["assurance"] == "real runtime"
        assert rows["int8", "cortex-a53", False]["figures"]["differing_values"] == 0
        assert made["userland"]["ai-edge-litert"] == made["tools"]["ai-edge-litert"]
        assert any(name.startswith("qemu-user") for name in made["userland"])
        assert document.costs(out).keys() == {row["file"]["sha256"] for row in rows.values()}

    def test_a_file_that_computes_otherwise_is_found(
        self,
        arm: Userland,
        facestyle: Command,
        small_build: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        real = emulator.run

        def wrong(*given: Any) -> Emulated:
            done = real(*given)
            for arrays in done.outputs.values():
                for array in arrays.values():
                    array.flat[7] += 1 if array.dtype == np.int8 else 2e-5
            return done

        monkeypatch.setattr(emulator, "run", wrong)
        build = _only(small_build, tmp_path / "less", ("fp32", "int8"))
        outcome = facestyle("bench", "arm", build, "--cpu", "cortex-a53", "--out", tmp_path / "o")
        assert outcome.code == 1
        assert "2 of 2 runs on emulated Arm failed" in outcome.out
        assert "values unlike this computer's: 2, wanted 0" in outcome.out

    def test_a_program_that_fails(self, arm: Userland, tmp_path: Path) -> None:
        broken = tmp_path / "broken.tflite"
        broken.write_bytes(b"nothing")
        (tmp_path / "scratch").mkdir()
        with pytest.raises(UserError, match=r"broken\.tflite fails on Cortex-A53"):
            emulator.run(arm, A53, broken, {"p": {"x": np.zeros(1)}}, tmp_path / "scratch")

    def test_the_same_count_in_every_process_and_wherever_the_files_are(
        self, arm: Userland, tmp_path: Path
    ) -> None:
        short = made_models.picture_model(tmp_path / "a.tflite")
        other = tmp_path / "a_rather_longer_name_of_a_folder" / "model_of_the_same_bytes.tflite"
        other.parent.mkdir()
        shutil.copy(short, other)
        rng = np.random.default_rng(0)
        probes = {"p": {"content": rng.random((1, 24, 32, 3), dtype=np.float32)}}
        found = []
        for index, model in enumerate((short, other)):
            scratch = other.parent if index else tmp_path / "s"
            scratch.mkdir(exist_ok=True)
            found.append(emulator.run(arm, A76, model, probes, scratch))
        assert found[0].counts == found[0].again == found[1].counts == found[1].again
        assert found[0].counts.simd > 10_000

    def test_half_precision_catches_a_naive_norm_and_spares_ours(
        self, arm: Userland, tmp_path: Path
    ) -> None:
        """Activations of some thousands: squares pass 65504, fp32 and x86 show nothing."""
        found = {}
        for norm in (naive, ours):
            name = norm.__name__
            graph, model = _converted(Normalized(norm), tmp_path / name)
            photo = torch.from_numpy(
                np.random.default_rng(0).random((1, 3, 16, 24), dtype=np.float32)
            )
            with torch.inference_mode():
                wanted = graph(photo)
            probes = {"p": {"content": photo.permute(0, 2, 3, 1).contiguous().numpy()}}
            scratch = tmp_path / f"{name}_half"
            scratch.mkdir()
            done = emulator.run(arm, A76, half_of(model, tmp_path / "h"), probes, scratch)
            assert done.counts.half > 0
            here = emulator.on_this_computer(model, probes)
            for where, outputs in (("here", here), ("half", done.outputs)):
                (array,) = outputs["p"].values()
                output = torch.from_numpy(array).permute(0, 3, 1, 2)
                peak = float(wanted.max() - wanted.min())
                found[name, where] = compare.psnr(output, wanted, peak), float(output.std())
        assert found["naive", "here"][0] > 80 and found["ours", "here"][0] > 80
        psnr, spread = found["naive", "half"]
        assert not psnr >= 30 and not spread > 0.1  # a constant, or not finite
        assert found["ours", "half"][0] > verdicts.HALF_DB


GAIN = 3000.0


class Normalized(nn.Module):
    """A picture's large features, normalised, as a picture."""

    def __init__(self, norm: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, content: Tensor) -> Tensor:
        return self.norm(GAIN * content)


def naive(x: Tensor) -> Tensor:
    """Instance normalisation as everybody writes it first."""
    centred = x - nn.functional.adaptive_avg_pool2d(x, 1)
    variance = nn.functional.adaptive_avg_pool2d(centred * centred, 1)
    return centred * torch.rsqrt(variance + 1e-5)


def ours(x: Tensor) -> Tensor:
    """``facestyle.adain`` to mean 0 and standard deviation 1."""
    return adain(x, torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1), torch.ones(1, 1, 1, 1))


def _converted(module: nn.Module, folder: Path) -> tuple[nn.Module, Path]:
    """A module of a picture as a ``.tflite`` file of fp32."""
    from export.convert.graphs import Graph
    from export.convert.tflite import to_tensorflow, to_tflite
    from export.formats.tflite import FP32
    from facestyle import contract

    ports = contract.content(16, 24), contract.stylized(16, 24)
    graph = Graph("norm", module.eval(), contract.Contract("norm", ports[:1], ports[1:]))
    path = folder / "model.tflite"
    to_tflite(to_tensorflow(graph, folder), FP32.configure, path)
    return graph.module, path


def _only(build: Path, folder: Path, precisions: tuple[str, ...]) -> Path:
    """A copy of a build with some of its files."""
    shutil.copytree(build, folder)
    made = json.loads((folder / "manifest.json").read_text())
    made["files"] = [entry for entry in made["files"] if entry["precision"] in precisions]
    (folder / "manifest.json").write_text(json.dumps(made))
    return folder

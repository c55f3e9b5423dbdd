"""Timing on this machine: frames, workers, turns, operators one by one, and counted costs."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.host import file_cost, frames, operators, rounds
from benchmarks.host.frames import PictureFormat
from benchmarks.host.interleaved_runner import InterleavedRunner
from benchmarks.host.machine import Meter, conditions, device
from benchmarks.host.models import FileModel, TorchModel, filling, picture_format
from benchmarks.host.worker import Lost, Samples, Worker
from benchmarks.report import document
from export.inspect import tflite_file
from export.runtimes.litert import Quantization
from facestyle.errors import UserError
from tests.support import made_models
from tests.support.made_tflite import Made, halves, matmul, small


@pytest.fixture(scope="module")
def picture_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_models.picture_model(tmp_path_factory.mktemp("models") / "picture.tflite")


class TestFrames:
    def test_a_camera_sees_the_portrait(self) -> None:
        frame = frames.camera_frame()
        assert frame.shape == (720, 1280, 3) and frame.dtype == np.uint8
        assert frame.std() > 20

    @pytest.mark.parametrize("channels_first", [False, True])
    def test_the_middle_is_taken(self, channels_first: bool) -> None:
        frame = np.zeros((720, 1280, 3), np.uint8)
        frame[:, 280:1000] = (255, 0, 51)  # the square in the middle
        wanted = PictureFormat(64, 64, channels_first)
        found = frames.preprocess(frame, wanted)
        assert found.shape == ((1, 3, 64, 64) if channels_first else (1, 64, 64, 3))
        picture = found[0].transpose(1, 2, 0) if channels_first else found[0]
        inside = picture[:, 1:-1]  # at the edge the resize sees a little beyond the box
        np.testing.assert_allclose(inside, np.broadcast_to([1, 0, 0.2], inside.shape), atol=1e-6)
        shown = frames.postprocess(found, wanted)
        np.testing.assert_array_equal(shown[:, 1:-1], frame[:64, 300:362])

    @given(st.floats(1e-3, 0.1), st.integers(-128, 127), st.lists(st.floats(0, 1), min_size=1))
    def test_quantized_values_come_back(self, scale: float, zero: int, values: list[float]) -> None:
        q = Quantization("int8", scale, zero)
        given_values = np.array(values, np.float32)
        stored = q.quantize(given_values)
        assert stored.dtype == np.int8
        back = q.dequantize(stored)
        reach = np.clip(given_values, (-128 - zero) * scale, (127 - zero) * scale)
        np.testing.assert_allclose(back, reach, atol=scale * 0.501 + 1e-6)

    @pytest.mark.parametrize(
        ("shape", "expected"),
        [
            ((1, 24, 32, 3), PictureFormat(24, 32)),
            ((1, 3, 24, 32), PictureFormat(24, 32, channels_first=True)),
            ((1, 3, 3, 3), PictureFormat(3, 3)),
            ((1, 24, 32, 4), None),
            ((1, 24, 3, 32), None),
            ((2, 24, 32, 3), None),
            ((1, 128), None),
        ],
    )
    def test_what_is_a_picture(
        self, shape: tuple[int, ...], expected: PictureFormat | None
    ) -> None:
        details = {"shape": shape, "dtype": np.float32}
        assert picture_format(details) == expected

    def test_other_inputs_are_filled(self) -> None:
        def of(shape: tuple[int, ...], dtype: Any = np.float32, **more: Any) -> np.ndarray:
            return filling({"name": "x", "shape": shape, "dtype": dtype, **more}, Path("m"))

        assert of((1, 1, 1, 1)).tolist() == [[[[1.0]]]], "full strength"
        code = of((1, 1, 1, 128))
        assert 0 <= code.min() < code.max() <= 1
        np.testing.assert_array_equal(code, of((1, 1, 1, 128)))
        assert of((1, 1), np.int8, quantization=(0.01, -28)).item() == 72
        assert of((1, 2), np.int32, quantization=(0.0, 0)).tolist() == [[0, 0]]
        with pytest.raises(UserError, match="no fixed size"):
            of((1, 1), shape_signature=(1, -1))
        with pytest.raises(UserError, match="not numbers"):
            of((1, 4), np.str_)


class TestCost:
    def test_of_a_small_file(self, picture_file: Path) -> None:
        found = file_cost.cost(tflite_file.read(picture_file))
        pixels = 24 * 32
        assert found["macs"] == pixels * 27 * 4 + pixels // 4 * 9 * 4 + pixels * 4 * 3
        # Converters give every convolution a bias; equal ones, of four zeros here, are stored once.
        assert found["parameters"] == 27 * 4 + 9 * 4 + 4 * 3 + 4 + 3
        assert cast(int, found["bytes_moved"]) > 4 * pixels * (3 + 4 + 4 + 3)
        assert found["arm_instructions"] is None

    def test_of_a_matrix_product(self, tmp_path: Path) -> None:
        found = file_cost.cost(tflite_file.read(made_models.vector_model(tmp_path / "v.tflite")))
        assert found["macs"] == 8 * 4
        # Input, kernel and output; a bias of zeros may be there.
        assert found["bytes_moved"] in (4 * (8 + 32 + 4), 4 * (8 + 32 + 4 + 4))

    @pytest.mark.parametrize("made", [small(), halves(bias=True), matmul("float32", False)])
    def test_of_a_damaged_file_is_an_error_for_people(self, made: Made, tmp_path: Path) -> None:
        data, path = made.data(), tmp_path / "m.tflite"
        generator = np.random.default_rng(0)
        refused = 0
        for _ in range(300):
            damaged = bytearray(data)
            struct.pack_into("<i", damaged, 4 * generator.integers(2, len(data) // 4), 0)
            path.write_bytes(damaged)
            try:
                file_cost.cost(tflite_file.read(path))
            except UserError:
                refused += 1
        assert 0 < refused < 300

    def test_of_operators_that_give_nothing(self) -> None:
        made = Made()
        made.add("ASSIGN_VARIABLE", [made.given((1,), "resource"), made.given((4,))], [])
        assert file_cost.cost(tflite_file.parse(made.data())) == {
            "macs": 0, "parameters": 0, "bytes_moved": None, "arm_instructions": None,
        }  # fmt: skip


class TestOperators:
    def test_one_by_one_they_make_the_whole(self, picture_file: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        model = tflite_file.read(picture_file)
        whole = Interpreter(str(picture_file))
        whole.allocate_tensors()
        given_index = int(model.subgraphs[0].inputs[0])
        picture = np.random.default_rng(0).random((1, 24, 32, 3)).astype(np.float32)
        whole.set_tensor(given_index, picture)
        whole.invoke()
        known = {model.subgraphs[0].tensors[given_index].name.decode(): picture}
        for index in range(len(model.subgraphs[0].operators)):
            single = Interpreter(model_content=operators.alone(model, index))
            single.allocate_tensors()
            details = single.get_input_details()
            if any(d["name"] not in known for d in details):
                continue  # a folded operator's output: it comes with the one that follows
            for d in details:
                single.set_tensor(d["index"], known[d["name"]])
            single.invoke()
            for d in single.get_output_details():
                known[d["name"]] = single.get_tensor(d["index"])
        wanted = whole.get_tensor(whole.get_output_details()[0]["index"])
        name = model.subgraphs[0].tensors[model.subgraphs[0].outputs[0]].name.decode()
        np.testing.assert_allclose(known[name], wanted, atol=1e-5)

    def test_profile(self, picture_file: Path) -> None:
        model = tflite_file.read(picture_file)
        found, total = operators.profile(model, threads=1)
        assert sum(item.ms for item in found) <= total * (1 + 1e-9)
        assert [item.ms for item in found] == sorted((i.ms for i in found), reverse=True)
        assert sum(item.share for item in found) == pytest.approx(
            sum(item.ms for item in found) / total
        )
        names = [item.operator for item in found]
        assert "CONV_2D" in names
        sequence = [name for name, _ in tflite_file.operators(model)]
        assert "PAD" in sequence and "PAD" not in names, "runtimes fold it"


class TestWorker:
    def test_a_file(self, picture_file: Path) -> None:
        worker = Worker("small", FileModel(picture_file, 1))
        try:
            assert worker.ready.size == (24, 32)
            assert worker.ready.partitions == 1 and worker.ready.fully_delegated
            assert worker.ready.load_ms > 0 and worker.ready.first_run_ms > 0
            samples = worker.run(7, 0.0)
            assert len(samples) == 7 and all(min(sample) > 0 for sample in samples)
            assert sum(map(sum, worker.sustain(0.2))) > 150
            assert worker.peak_memory() is not None
            found, total = worker.operators()
            assert found and total > 0
        finally:
            worker.stop()
        assert not psutil.pid_exists(worker.process.pid) or not worker.process.is_running()

    def test_a_file_without_pictures(self, tmp_path: Path) -> None:
        worker = Worker("v", FileModel(made_models.vector_model(tmp_path / "v.tflite"), 1))
        try:
            assert worker.ready.size is None
            assert len(worker.run(2, 0.0)) == 2
        finally:
            worker.stop()

    def test_what_cannot_be_fed(self, tmp_path: Path) -> None:
        path = made_models.sizeless_model(tmp_path / "s.tflite")
        with pytest.raises(Lost, match="no fixed size"):
            Worker("s", FileModel(path, 1))

    def test_what_cannot_be_loaded(self, picture_file: Path, tmp_path: Path) -> None:
        torn = tmp_path / "torn.tflite"
        torn.write_bytes(picture_file.read_bytes()[:600])
        with pytest.raises(Lost, match="torn"):
            Worker("torn", FileModel(torn, 1))

    def test_a_process_that_dies_is_told_of(self, picture_file: Path) -> None:
        worker = Worker("small", FileModel(picture_file, 1))
        worker.process.kill()
        worker.process.wait(10)
        with pytest.raises(Lost, match="small: "):
            worker.run(1, 0.0)
        worker.stop()

    @pytest.mark.slow
    @pytest.mark.parametrize("compiled", [False, True])
    def test_pytorch(self, compiled: bool) -> None:
        model = TorchModel("mobile", None, None, False, 64, 64, 1, compiled)
        worker = Worker("mobile", model)
        try:
            assert worker.ready.size == (64, 64) and worker.ready.partitions is None
            assert len(worker.run(3, 0.0)) == 3
        finally:
            worker.stop()


class Runner:
    """A worker that takes as long as it is told, in words only."""

    def __init__(self, name: str, ms: float, log: list[str], dies_after: int = 999) -> None:
        self.name, self.ms, self.log, self.dies_after = name, ms, log, dies_after
        self.process = psutil.Process()

    def run(self, times: int, seconds: float) -> Samples:
        self.log.append(self.name)
        if self.log.count(self.name) > self.dies_after:
            raise Lost(f"{self.name}: it crashed the runtime")
        return [(0.0, self.ms, 0.0)] * max(times, int(np.ceil(1000 * seconds / self.ms)))

    def sustain(self, seconds: float) -> Samples:
        slower = np.linspace(self.ms, 2 * self.ms, int(1000 * seconds / self.ms / 1.5))
        return [(0.0, float(ms), 0.0) for ms in slower]


def interleaved(
    *runners: Runner,
) -> tuple[dict[str, rounds.SampleRecord], dict[str, Lost], list[str]]:
    workers = {runner.name: cast(Worker, runner) for runner in runners}
    records = {name: rounds.SampleRecord() for name in workers}
    said: list[str] = []
    lost: dict[str, Lost] = {}
    order = random.Random(0)
    for _ in range(rounds.STARTS):
        lost |= rounds.run_rounds(workers, records, order, 50, 3.0, said.append)
    return records, lost, said


class TestInterleaving:
    def test_all_take_turns(self) -> None:
        log: list[str] = []
        records, lost, said = interleaved(Runner("a", 50.0, log), Runner("b", 100.0, log))
        assert not lost
        assert len(said) == rounds.STARTS * rounds.turns(2)
        orders = [said[i : i + 2] for i in range(0, len(said), 2)]
        assert all(sorted(names) == ["a", "b"] for names in orders)
        assert ["a", "b"] in orders and ["b", "a"] in orders
        for record in records.values():
            assert len(record.rounds) == rounds.STARTS * rounds.ROUNDS
            assert len(record.samples) == sum(record.rounds) >= 50
            assert sum(map(sum, record.samples)) >= 3000
        stages = records["b"].stages(pictures=True)
        assert stages["end_to_end"]["p50_ms"] == 100
        assert list(records["b"].stages(pictures=False)) == ["inference"]

    def test_one_that_dies_leaves_the_others_alone(self) -> None:
        log: list[str] = []
        records, lost, _ = interleaved(
            Runner("a", 50.0, log), Runner("b", 100.0, log, dies_after=3)
        )
        assert list(lost) == ["b"] and "crashed" in str(lost["b"])
        assert len(records["a"].rounds) == rounds.STARTS * rounds.ROUNDS

    def test_drift(self) -> None:
        found, conditions = rounds.sustain(cast(Worker, Runner("a", 10.0, [])), 30.0)
        assert found["seconds"] == pytest.approx(30, rel=0.05)
        assert len(found["p50_ms"]) in (29, 30) and found["window_seconds"] == 1
        # From the middle of the first fifth (1.1) to that of the last (1.9), about.
        assert found["drift"] == pytest.approx(1.87 / 1.13 - 1, abs=0.1)
        assert conditions.keys() == {"sustained_others_cpu_share", "sustained_throttled"}

    def test_a_slow_model_has_longer_windows(self) -> None:
        found, _ = rounds.sustain(cast(Worker, Runner("a", 2000.0, [])), 60.0)
        assert found["window_seconds"] > 6
        assert len(found["p50_ms"]) == int(found["seconds"] // found["window_seconds"])


class TestInterleavedRunner:
    """Real processes; one model is spoilt on the way."""

    def runner(self, picture_file: Path, tmp_path: Path) -> InterleavedRunner:
        bad = made_models.sizeless_model(tmp_path / "sizeless.tflite")
        models = {"good": FileModel(picture_file, 9), "bad": FileModel(bad, 9)}
        return InterleavedRunner(models, 1, lambda step: None)

    def test_one_that_cannot_start_drops_out(self, picture_file: Path, tmp_path: Path) -> None:
        runner = self.runner(picture_file, tmp_path)
        runner.run(12, 0.05, 0)
        assert list(runner.results) == ["good"]
        assert len(runner.notes) == 1 and "no fixed size" in runner.notes[0]
        result = runner.results["good"]
        assert len(result.starts) == rounds.STARTS and result.load_ms > 0
        assert result.operators and result.conditions["operators_sum_ms"] > 0

    def test_the_first_must_come_through(self, picture_file: Path, tmp_path: Path) -> None:
        runner = self.runner(picture_file, tmp_path)
        with pytest.raises(Lost, match="no fixed size"):
            InterleavedRunner(dict(reversed(runner.models.items())), 1, lambda step: None).run(
                12, 0.05, 0
            )


class TestMachine:
    def test_the_report_takes_it(self) -> None:
        row = {
            "name": "a",
            "runtime": {"name": "LiteRT"},
            "stages": {"inference": {"runs": 1, "seconds": 0.1}},
            "conditions": conditions(),
        }
        assert document.fault(document.document(device(), [row], command="", tools={})) is None

    def test_others_are_seen(self) -> None:
        before = Meter(everything=100.0, ours=40.0)
        assert Meter(everything=110.0, ours=47.0).others_since(before) == 3.0
        assert Meter(everything=104.0, ours=47.0).others_since(before) == 0.0

    def test_own_work_is_not_others(self) -> None:
        before = Meter.read()
        sum(range(3_000_000))
        after = Meter.read()
        assert after.ours > before.ours and after.everything >= before.everything

"""A process of its own for every model."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from benchmarks.host.models import FileModel, TorchModel
from benchmarks.host.worker import Lost, Worker
from tests.support import made_models


@pytest.mark.slow
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

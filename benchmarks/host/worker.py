"""A process of its own for every model that is timed.

So each has its memory, its threads and its first run to itself, and one that crashes the runtime
takes nothing with it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import psutil

from benchmarks.host import memory
from benchmarks.host.models import FileModel, TorchModel
from facestyle.errors import UserError

LONGEST_ANSWER_SECONDS = 1800
"""``torch.compile`` of a large network takes minutes; what takes longer than this hangs."""

STOP_SECONDS = 5
"""For a process to end once it is told to."""

Samples = list[tuple[float, float, float]]
"""Milliseconds before, in and after inference, run by run."""


class Lost(UserError):
    """A model could not be loaded or run."""


@dataclass(frozen=True)
class Ready:
    """What a model's start told.

    Attributes:
        load_ms: until it could run.
        first_run_ms: of inference.
        size: height and width of the picture that goes in; None if none does.
        partitions, fully_delegated: see ``export.runtimes.litert``; None for PyTorch.
    """

    load_ms: float
    first_run_ms: float
    size: tuple[int, int] | None
    partitions: int | None
    fully_delegated: bool | None


@dataclass
class Worker:
    """A model in its process, already run once.

    Raises:
        Lost: when it cannot be loaded or run.
    """

    name: str
    model: FileModel | TorchModel
    ready: Ready = field(init=False)

    def __post_init__(self) -> None:
        context = get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self.model), daemon=True)
        self._process.start()
        other.close()
        assert self._process.pid is not None
        self.process = psutil.Process(self._process.pid)
        try:
            self.ready = self._answer()
        except BaseException:
            self.stop()
            raise

    def run(self, times: int, seconds: float) -> Samples:
        """Run so often and so long at least, after one run that does not count."""
        return list(self._ask("run", (times, seconds)))

    def sustain(self, seconds: float) -> Samples:
        """Run without a pause."""
        return list(self._ask("sustain", seconds))

    def peak_memory(self) -> int | None:
        """Most bytes held since the start, beyond what the process had before the model."""
        found = self._ask("memory", None)
        return None if found is None else int(found)

    def operators(self) -> tuple[list[dict[str, Any]], float]:
        """See ``operators.profile``."""
        found: tuple[list[dict[str, Any]], float] = self._ask("operators", None)
        return found

    def stop(self) -> None:
        """End the process."""
        self._pipe.close()  # what it waits for; it then ends in order
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _ask(self, what: str, argument: Any) -> Any:
        try:
            self._pipe.send((what, argument))
        except OSError as error:
            raise Lost(f"{self.name}: its process is gone") from error
        return self._answer()

    def _answer(self) -> Any:
        try:
            if not self._pipe.poll(LONGEST_ANSWER_SECONDS):
                raise Lost(f"{self.name}: no answer for {LONGEST_ANSWER_SECONDS / 60:.0f} minutes")
            kind, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise Lost(f"{self.name}: it crashed the runtime") from error
        if kind == "error":
            raise Lost(f"{self.name}: {value}")
        return value


def _serve(pipe: Connection, model: FileModel | TorchModel) -> None:
    """Answer until the other end is closed."""
    # The runtimes tell the terminal what they do, in C++.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        server = _Server(model)
        pipe.send(("ready", server.ready))
        while True:
            what, argument = pipe.recv()
            pipe.send((what, getattr(server, what)(argument)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
    except UserError as error:
        pipe.send(("error", str(error)))
    except Exception as error:  # whatever a runtime raises is this model's fault alone
        pipe.send(("error", _first_line(error)))


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"[:300]


class _Server:
    """The loaded model; a method for every question."""

    def __init__(self, model: FileModel | TorchModel) -> None:
        from benchmarks.host.frames import camera_frame
        from benchmarks.host.models import LoadedFile, load

        self.model = model
        if isinstance(model, FileModel):
            import ai_edge_litert.interpreter  # noqa: F401 - not part of loading a model
        else:
            import torch  # noqa: F401 - likewise
        self.frame = camera_frame()
        self.before = memory.start()
        start = time.perf_counter()
        self.loaded = load(model)
        load_ms = 1000 * (time.perf_counter() - start)
        self.loaded.preprocess(self.frame)
        first_run_ms = self._inference()
        partitions, whole = None, None
        if isinstance(self.loaded, LoadedFile):
            from export.runtimes import litert

            partitions = litert.partitions(self.loaded.interpreter)
            whole = litert.fully_delegated(self.loaded.interpreter)
        self.ready = Ready(load_ms, first_run_ms, self.loaded.size, partitions, whole)

    def run(self, least: tuple[int, float]) -> Samples:
        times, seconds = least
        self._frame()
        found: Samples = []
        taken = 0.0
        while len(found) < times or taken < 1000 * seconds:
            found.append(self._frame())
            taken += sum(found[-1])
        return found

    def sustain(self, seconds: float) -> Samples:
        end = time.perf_counter() + seconds
        found = []
        while time.perf_counter() < end:
            found.append(self._frame())
        return found

    def memory(self, _: None) -> int | None:
        return memory.most_since(self.before)

    def operators(self, _: None) -> tuple[list[dict[str, Any]], float]:
        from dataclasses import asdict

        from benchmarks.host.operators import profile
        from export.inspect import tflite_file

        assert isinstance(self.model, FileModel)
        found, total = profile(tflite_file.read(self.model.path), self.model.threads)
        return [asdict(item) for item in found], total

    def _inference(self) -> float:
        start = time.perf_counter()
        self.loaded.infer()
        return 1000 * (time.perf_counter() - start)

    def _frame(self) -> tuple[float, float, float]:
        start = time.perf_counter()
        self.loaded.preprocess(self.frame)
        fed = time.perf_counter()
        self.loaded.infer()
        done = time.perf_counter()
        self.loaded.postprocess()
        end = time.perf_counter()
        return 1000 * (fed - start), 1000 * (done - fed), 1000 * (end - done)

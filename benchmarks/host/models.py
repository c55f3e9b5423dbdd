"""Models ready to be timed: a LiteRT file or a PyTorch network, each with its three stages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.host.frames import PictureFormat, postprocess, preprocess
from export.runtimes.litert import Quantization
from facestyle.errors import UserError

SEED = 0
"""Of inputs that are neither a picture nor a number between 0 and 1."""


@dataclass(frozen=True)
class FileModel:
    """A ``.tflite`` file.

    Attributes:
        path: of the file.
        threads: that XNNPACK may use.
    """

    path: Path
    threads: int


@dataclass(frozen=True)
class TorchModel:
    """A network in PyTorch.

    Attributes:
        network: name.
        weights, encoder: files; None for shipped ones.
        untrained: whether to use random weights.
        height, width: of the photo.
        threads: that PyTorch may use.
        compiled: whether by ``torch.compile``.
    """

    network: str
    weights: Path | None
    encoder: Path | None
    untrained: bool
    height: int
    width: int
    threads: int
    compiled: bool


class Loaded(Protocol):
    """What a worker times. A frame passes all three in turn."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of the picture that goes in; None if none does."""

    def preprocess(self, frame: NDArray[np.uint8]) -> None:
        """Camera frame (H, W, 3) to the model's input."""

    def infer(self) -> None:
        """Run."""

    def postprocess(self) -> NDArray[np.uint8] | None:
        """The model's output as a picture (H, W, 3); None if it gives none."""


def load(model: FileModel | TorchModel) -> Loaded:
    """Ready to run; the first run may still be slow.

    Raises:
        UserError: when it cannot be loaded or fed.
    """
    return LoadedFile(model) if isinstance(model, FileModel) else LoadedTorch(model)


class LoadedFile:
    """A file in LiteRT with XNNPACK, its inputs filled."""

    def __init__(self, model: FileModel) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            self.interpreter = Interpreter(str(model.path), num_threads=model.threads)
            self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError, OSError) as error:
            raise UserError(f"{model.path}: LiteRT cannot load it: {error}") from error
        inputs = self.interpreter.get_input_details()
        self.picture: tuple[int, PictureFormat] | None = None
        for details in sorted(inputs, key=lambda d: "content" not in d["name"]):
            found = picture_format(details)
            if found is not None and self.picture is None:
                self.picture = (details["index"], found)
            else:
                self.interpreter.set_tensor(details["index"], filling(details, model.path))
        output = self.interpreter.get_output_details()[0]
        self.output = (output["index"], picture_format(output))

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width of the picture that goes in, if one does."""
        return None if self.picture is None else (self.picture[1].height, self.picture[1].width)

    def preprocess(self, frame: NDArray[np.uint8]) -> None:
        """See ``Loaded``."""
        if self.picture is not None:
            index, wanted = self.picture
            self.interpreter.set_tensor(index, preprocess(frame, wanted))

    def infer(self) -> None:
        """See ``Loaded``."""
        self.interpreter.invoke()

    def postprocess(self) -> NDArray[np.uint8] | None:
        """See ``Loaded``."""
        index, given = self.output
        output = self.interpreter.get_tensor(index)
        return None if given is None else postprocess(output, given)


def picture_format(details: dict[str, Any]) -> PictureFormat | None:
    """How an input or output carries a picture; None if it does not."""
    shape = [int(n) for n in details["shape"]]
    if len(shape) != 4 or shape[0] != 1 or min(shape[1:]) != 3:
        return None
    channels_first = shape[1] == 3 and shape[3] != 3
    height, width = shape[2:] if channels_first else shape[1:3]
    if not channels_first and shape[3] != 3:
        return None
    return PictureFormat(height, width, channels_first, Quantization.of(details))


def filling(details: dict[str, Any], path: Path) -> NDArray:
    """Values for an input that is not the photo: 1 for a number, else noise around it.

    Raises:
        UserError: for an input of no fixed size, or of a type that holds no numbers.
    """
    shape, dtype = details["shape"], np.dtype(details["dtype"])
    if (np.asarray(details.get("shape_signature", shape)) < 1).any():
        raise UserError(
            f"{path}: input {details['name']!r} has no fixed size; export it with fixed sizes"
        )
    if dtype.kind not in "fiu":
        raise UserError(f"{path}: input {details['name']!r} takes {dtype}, not numbers")
    if np.prod(shape) == 1:
        values = np.ones(shape, np.float32)
    else:
        values = np.random.default_rng(SEED).uniform(0, 1, shape).astype(np.float32)
    if dtype.kind == "f":
        return values.astype(dtype)
    stored = Quantization.of(details)
    # Integers that stand for no floats are indices: the first of anything is there.
    return stored.quantize(values) if stored and stored.scale else np.zeros(shape, dtype)


class LoadedTorch:
    """A network in PyTorch on the CPU."""

    def __init__(self, model: TorchModel) -> None:
        import torch

        from export.convert.graphs import build
        from facestyle import checkpoint

        torch.set_num_threads(model.threads)
        loaded = (
            checkpoint.untrained(model.network)
            if model.untrained
            else checkpoint.load(model.weights, model.network, model.encoder)
        )
        graph = build("stylizer", loaded.network, model.height, model.width)
        self.torch = torch
        self.run = torch.compile(graph.module) if model.compiled else graph.module
        self.wanted = PictureFormat(model.height, model.width, channels_first=True)
        generator = torch.Generator().manual_seed(SEED)
        code = next(port.shape for port in graph.contract.inputs if port.name == "style_code")
        self.rest = (torch.rand(code, generator=generator), torch.ones(1, 1, 1, 1))
        self.photo = torch.zeros(1, 3, model.height, model.width)
        self.output: Any = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the photo."""
        return self.wanted.height, self.wanted.width

    def preprocess(self, frame: NDArray[np.uint8]) -> None:
        """See ``Loaded``."""
        self.photo = self.torch.from_numpy(preprocess(frame, self.wanted))

    def infer(self) -> None:
        """See ``Loaded``."""
        with self.torch.inference_mode():
            self.output = self.run(self.photo, *self.rest)

    def postprocess(self) -> NDArray[np.uint8]:
        """See ``Loaded``."""
        return postprocess(self.output.numpy(), self.wanted)

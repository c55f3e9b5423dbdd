"""A training step as one CUDA graph: a thousand small kernels, launched at once.

Small networks at small batches leave a GPU waiting for Python. A captured step is replayed on new
inputs without it. What a step does must not change between replays; ``CapturedStep`` captures
anew when its key does (other terms of the loss).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Values = dict[str, Tensor]

WARM_UP = 3
"""Steps before a capture, so that every library has set itself up."""


class CapturedStep:
    """Calls ``step`` as it is a few times, then captures it and replays it."""

    def __init__(self, step: Callable[[Values], Values], key: Callable[[], str]) -> None:
        """Nothing is captured yet.

        Args:
            step: from a batch to values, tensors of fixed shapes on one CUDA device; must not
                wait for the device.
            key: what the step depends on beside its batch.
        """
        self._step, self._read_key = step, key
        self._key: str | None = None
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: Values = {}
        self._outputs: Values = {}
        self._stream = torch.cuda.Stream()

    def __call__(self, batch: Values) -> Values:
        """One step; the values are copies that the next step leaves alone."""
        if self._read_key() != self._key:
            self._key, self._calls, self._graph = self._read_key(), 0, None
        self._calls += 1
        if self._calls <= WARM_UP:
            return self._beside(batch)
        if self._graph is None:
            self._capture(batch)
        for name, value in batch.items():
            self._inputs[name].copy_(value)
        assert self._graph is not None
        self._graph.replay()
        return dict(zip(self._outputs, torch.stack(list(self._outputs.values())).unbind()))

    def _beside(self, batch: Values) -> Values:
        """On a stream of its own, as PyTorch wants it before a capture."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            values = self._step(batch)
        torch.cuda.current_stream().wait_stream(self._stream)
        return {name: value.detach().float() for name, value in values.items()}

    def _capture(self, batch: Values) -> None:
        self._inputs = {name: value.clone() for name, value in batch.items()}
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            outputs = self._step(self._inputs)
            self._outputs = {name: value.detach().float() for name, value in outputs.items()}

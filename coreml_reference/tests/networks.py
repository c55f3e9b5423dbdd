"""Small Core ML neural networks, built with coremltools, saved, loaded and run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from torch import Tensor

from coreml_reference import load
from coreml_reference.tests.quiet import quiet

with quiet():
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder as Builder

Add = Callable[[Any], object]
few = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
seeds = st.integers(0, 2**31)
sizes = st.integers(1, 6)
any_shape = st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple)
image_shape = st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(3, 9), st.integers(3, 9))


def saved(
    add: Add, shapes: dict[str, tuple[int, ...]], path: Path, outputs: Sequence[str] = ("y",)
) -> Path:
    """A network of what ``add`` adds between the inputs and ``outputs``."""
    builder = Builder(
        [(name, datatypes.Array(*shape)) for name, shape in shapes.items()],
        [(name, None) for name in outputs],
        disable_rank5_shape_mapping=True,
        use_float_arraytype=True,
    )
    add(builder)
    path.write_bytes(builder.spec.SerializeToString())
    return path


def run(add: Add, *inputs: Tensor, folder: Path, outputs: Sequence[str] = ("y",)) -> list[Tensor]:
    """What comes out for inputs ``x0``, ``x1`` and so on."""
    given = {f"x{i}": x for i, x in enumerate(inputs)}
    shapes = {name: tuple(x.shape) for name, x in given.items()}
    found = load(saved(add, shapes, folder / "layer.mlmodel", outputs)).run(given)
    return [found[name] for name in outputs]


def agree(got: Tensor, wanted: Tensor, tolerance: float = 1e-5) -> None:
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, wanted.float(), rtol=tolerance, atol=tolerance)


def random(seed: int, *shape: int, low: float = -3.0, high: float = 3.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator) * (high - low) + low


def one(method: str, *arguments: Any, **settings: Any) -> Add:
    """Add a layer from ``x0`` to ``y``."""
    return lambda b: getattr(b, method)(
        "layer", *arguments, input_name="x0", output_name="y", **settings
    )


def several(method: str, count: int, **settings: Any) -> Add:
    names = [f"x{i}" for i in range(count)]
    return lambda b: getattr(b, method)("layer", input_names=names, output_name="y", **settings)

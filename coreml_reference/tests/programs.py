"""ML Programs for tests: built with coremltools, saved, and executed by the reference runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, settings
from numpy.typing import NDArray
from torch import Tensor

from coreml_reference import load
from coreml_reference.tests.quiet import quiet

Cases = Mapping[str, tuple[Callable[..., Any], Callable[..., Tensor]]]
"""By name: what builds an operation from its inputs, and what it should compute, in float64."""

some = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # every example converts a program: there is no time to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""How often a test that converts programs is tried."""


class Maker:
    """Builds constants of the type that a program is in.

    Attributes:
        mb: coremltools' builder.
        half: whether programs are in fp16.
    """

    def __init__(self, half: bool) -> None:
        with quiet():
            from coremltools.converters.mil import Builder
        self.mb: Any = Builder
        self.half = half
        self.dtype: Any = np.float16 if half else np.float32

    def number(self, value: float) -> Any:
        """A constant number."""
        return self.dtype(value)

    def array(self, tensor: Tensor) -> NDArray[Any]:
        """A constant array."""
        return tensor.numpy().astype(self.dtype)

    def rounded(self, tensor: Tensor) -> Tensor:
        """What such an array holds, in float64."""
        return torch.from_numpy(self.array(tensor)).double()


def saved(
    maker: Maker, shapes: Sequence[Sequence[int]], build: Callable[..., Any], path: Path, ios: int
) -> Path:
    """Write a program of inputs ``x``, ``y`` and so on, with nothing folded or fused."""
    import coremltools as ct
    from coremltools.converters.mil.mil import types

    kind = types.fp16 if maker.half else types.fp32
    specs = [maker.mb.TensorSpec(tuple(shape), dtype=kind) for shape in shapes]
    target = getattr(ct.target, f"iOS{ios}")

    # coremltools names a program's inputs after its function's.
    main = {
        1: lambda x: build(x),
        2: lambda x, y: build(x, y),
        3: lambda x, y, z: build(x, y, z),
    }[len(shapes)]
    with quiet():
        program = maker.mb.program(input_specs=specs, opset_version=target)(main)
        model = ct.convert(
            program,
            convert_to="mlprogram",
            compute_precision=ct.precision.FLOAT32,
            pass_pipeline=ct.PassPipeline.EMPTY,
            skip_model_load=True,
            minimum_deployment_target=target,
        )
        model.save(str(path))
    return path


def check(
    maker: Maker, inputs: Sequence[Tensor], cases: Cases, path: Path, ios: int = 17
) -> dict[str, Tensor]:
    """Build one program of all cases, execute it from disk, compare.

    Results may differ from the exact ones by their type's rounding (fp16) or a few (fp32).
    """

    def build(*given: Any) -> Any:
        results = [case(*given) for case, _ in cases.values()]
        return tuple(
            maker.mb.identity(x=result, name=name)
            for name, result in zip(cases, results, strict=True)
        )

    saved(maker, [x.shape for x in inputs], build, path, ios)
    given = {
        name: x.to(torch.float16 if maker.half else torch.float32)
        for name, x in zip(("x", "y", "z"), inputs)
    }
    found = load(path).run(given)
    exact = [x.double() for x in given.values()]
    for name, (_, wanted) in cases.items():
        compare(name, found[name], wanted(*exact), maker.half)
    return found


def compare(name: str, found: Tensor, wanted: Tensor, half: bool) -> None:
    """See that a result is right but for rounding."""
    assert tuple(found.shape) == tuple(wanted.shape), name
    relative, absolute = (2**-10, 2**-12) if half else (2e-5, 2e-5)
    assert torch.allclose(
        found.double(), wanted.double(), rtol=relative, atol=absolute, equal_nan=True
    ), f"{name}: {(found.double() - wanted.double()).abs().max()}"

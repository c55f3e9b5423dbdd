"""What the Neural Engine is expected to take."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from export.suppress_output import suppress_output
from export.verify.delegates import (
    Basis,
    of_coreml,
)
from export.verify.delegates.coreml_graph import Operation
from export.verify.delegates.neural_engine import refuse


@pytest.mark.parametrize(
    ("operation", "cause"),
    [
        (Operation("conv", "x", (1, 8, 4, 4), "float16"), None),
        (Operation("conv", "x", (1, 8, 4, 4), "float32"), "computes in float32"),
        (Operation("cast", "x", (1, 8, 4, 4), "float32"), None),
        (Operation("conv", "x", settings={"dilations": (2, 2)}), "dilated"),
        (Operation("conv", "x", weight_shape=(8, 8, 15, 15)), "a kernel beyond 13"),
        (Operation("conv", "x", weight_shape=(64, 64, 3, 3)), None),
        (Operation("gather", "x"), "gathering"),
        (Operation("addBroadcastable", "x"), "broadcastable"),
        (Operation("splitND", "x"), "any number of dimensions"),
        (Operation("loadConstantND", "x"), None),
        (Operation("reshape", "x", (1,) * 6, "float16"), "6 dimensions"),
        (Operation("relu", "x", ranged=True), "within a range"),
        (Operation("constexpr_lut_to_dense", "x", (8, 8), "float16"), None),
        (Operation("brand_new", "x"), "unknown to this table"),
    ],
)
def test_neural_engine_rules(operation: Operation, cause: str | None) -> None:
    refusal = refuse(operation)
    assert (refusal is None) == (cause is None)
    assert refusal is None or str(cause) in refusal.cause


class Plain(nn.Module):
    """A dilated convolution among plain ones, and a gathering."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 3, 3, dilation=2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.second(self.first(x)))
        return torch.index_select(x, 2, torch.tensor([1, 3, 2]))


@pytest.fixture(scope="module")
def traced() -> torch.jit.ScriptModule:
    with suppress_output("trace"):
        return torch.jit.trace(Plain().eval(), torch.zeros(1, 3, 16, 24))


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["mlpackage", "mlmodel"])
def test_core_ml_files(format_: str, traced: torch.jit.ScriptModule, tmp_path: Path) -> None:
    with suppress_output("coremltools"):
        import coremltools as ct

        kind = "mlprogram" if format_ == "mlpackage" else "neuralnetwork"
        model = ct.convert(traced, inputs=[ct.TensorType(shape=(1, 3, 16, 24))], convert_to=kind)
        model.save(str(tmp_path / f"model.{format_}"))
    (table,) = of_coreml(tmp_path / f"model.{format_}")
    causes = {row.operator: row.cause for row in table.rows if not row.taken}
    assert "dilated" in causes.values()
    assert any("gathering" in str(cause) for cause in causes.values())
    assert 0 < table.taken < table.total
    assert {row.basis for row in table.rows} == {Basis.SECONDARY}
    if format_ == "mlpackage":
        convolutions = [row.where for row in table.rows if row.operator == "conv"]
        assert convolutions[0].endswith(" 1x8x14x22")


@pytest.mark.slow
def test_a_range_of_sizes_leaves_the_neural_engine(
    traced: torch.jit.ScriptModule, tmp_path: Path
) -> None:
    path = tmp_path / "model.mlmodel"
    with suppress_output("coremltools"):
        import coremltools as ct

        width = ct.RangeDim(24, 48, default=24)
        inputs = [ct.TensorType(shape=(1, 3, 16, width))]
        ct.convert(traced, inputs=inputs, convert_to="neuralnetwork").save(str(path))
    (table,) = of_coreml(path)
    assert table.taken == 0
    assert any("within a range" in str(row.cause) for row in table.rows)

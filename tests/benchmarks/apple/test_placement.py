"""Operations by compute device, over coremltools' own structures."""

from __future__ import annotations

from itertools import count
from typing import Any

from benchmarks.apple import placement
from export.suppress_output import suppress_output

with suppress_output("coremltools"):
    from coremltools.models import compute_device, compute_plan


class Plan:
    """A compute plan over coremltools' own structure; operations on devices by name."""

    def __init__(self, structure: Any, devices: dict[str, str]) -> None:
        self.model_structure = structure
        self.devices = devices

    def _usage(self, name: str) -> Any:
        if name not in self.devices:
            return None
        kind = getattr(compute_device, self.devices[name])
        device = kind.__new__(kind)
        return compute_plan.MLComputePlanDeviceUsage(device, [device])

    def get_compute_device_usage_for_mlprogram_operation(self, operation: Any) -> Any:
        assert operation.operator_name.split(".")[-1] != "const"
        return self._usage(operation.operator_name)

    def get_compute_device_usage_for_neuralnetwork_layer(self, layer: Any) -> Any:
        return self._usage(layer.type)


def operation(name: str, *blocks: Any) -> Any:
    return compute_plan.MLModelStructureProgramOperation({}, name, [], list(blocks), None)


def block(*operations: Any) -> Any:
    return compute_plan.MLModelStructureProgramBlock([], list(operations), [])


DEVICES = {
    "ios16.conv": "MLNeuralEngineComputeDevice",
    "ios16.upsample_bilinear": "MLGPUComputeDevice",
    "ios16.cast": "MLCPUComputeDevice",
}


def test_placement_of_a_program() -> None:
    inner = block(operation("ios16.conv"), operation("const"))
    main = block(
        operation("ios16.const"),
        operation("ios16.cast"),
        operation("ios16.conv"),
        operation("ios16.cond", inner),
        operation("ios16.upsample_bilinear"),
    )
    functions = {"main": compute_plan.MLModelStructureProgramFunction([], main)}
    program = compute_plan.MLModelStructureProgram(functions)
    structure = compute_plan.MLModelStructure(None, program, None)
    assert placement.placement(Plan(structure, DEVICES)) == {
        "CPU": 1,
        "Neural Engine": 2,
        "unknown": 1,
        "GPU": 1,
    }


def test_placement_of_a_network() -> None:
    layers = [
        compute_plan.MLModelStructureNeuralNetworkLayer(str(i), kind, [], [], None)
        for i, kind in zip(count(), ("ios16.conv", "ios16.conv", "ios16.cast"))
    ]
    network = compute_plan.MLModelStructureNeuralNetwork(layers)
    structure = compute_plan.MLModelStructure(network, None, None)
    found = placement.placement(Plan(structure, DEVICES))
    assert found == {"Neural Engine": 2, "CPU": 1}


def test_no_placement_of_a_pipeline() -> None:
    structure = compute_plan.MLModelStructure(None, None, None)
    assert placement.placement(Plan(structure, {})) is None

"""On which compute device Core ML plans to run every operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

DEVICES = {
    "MLCPUComputeDevice": "CPU",
    "MLGPUComputeDevice": "GPU",
    "MLNeuralEngineComputeDevice": "Neural Engine",
}
"""By the name of coremltools' class."""

UNKNOWN = "unknown"


def placement(plan: Any) -> dict[str, int] | None:
    """Operations by preferred device; None for a model whose structure is not told.

    Args:
        plan: coremltools' ``MLComputePlan``. Constants run nowhere and are not counted.
    """
    structure = plan.model_structure
    if structure.program is not None:
        usages = [
            plan.get_compute_device_usage_for_mlprogram_operation(operation)
            for function in structure.program.functions.values()
            for operation in _operations(function.block)
        ]
    elif structure.neuralnetwork is not None:
        usages = [
            plan.get_compute_device_usage_for_neuralnetwork_layer(layer)
            for layer in structure.neuralnetwork.layers
        ]
    else:
        return None
    return dict(Counter(_device(usage) for usage in usages))


def _operations(block: Any) -> Iterator[Any]:
    """Those of a block and of the blocks within, without constants."""
    for operation in block.operations:
        # Operators may have their opset in front: ios16.const.
        if operation.operator_name.rpartition(".")[2] != "const":
            yield operation
        for inner in operation.blocks:
            yield from _operations(inner)


def _device(usage: Any) -> str:
    if usage is None:
        return UNKNOWN
    return DEVICES.get(type(usage.preferred_compute_device).__name__, UNKNOWN)

"""Figures of a graph that are the same in every run: MACs and parameters."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from export import sigint
from export.convert.graphs import Graph
from export.convert.tflite import example_inputs


def macs(graph: Graph) -> int:
    """Multiply-accumulates of one run: of convolutions, ``outputs * inputs / groups * kernel * H *
    W``, and of matrix products; nothing else counts."""
    counter = FlopCounterMode(display=False)
    with sigint.held(), torch.no_grad(), counter:
        graph.module(*example_inputs(graph.contract))
    return counter.get_total_flops() // 2


def used_modules(graph: Graph) -> set[str]:
    """Names of the modules with parameters or buffers of their own that one run calls."""
    used: set[str] = set()
    handles = [
        module.register_forward_hook(lambda m, i, o, name=name: used.add(name))
        for name, module in graph.module.named_modules()
        if any(True for _ in (*module.parameters(recurse=False), *module.buffers(recurse=False)))
    ]
    with torch.no_grad():
        graph.module(*example_inputs(graph.contract))
    for handle in handles:
        handle.remove()
    return used


def parameters(graph: Graph) -> int:
    """Parameters that one run reads."""
    modules = dict(graph.module.named_modules())
    return sum(
        p.numel() for name in used_modules(graph) for p in modules[name].parameters(recurse=False)
    )

"""Figures of a graph that never wobble."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from export.graphs import Graph
from export.tflite import example_inputs


def macs(graph: Graph) -> int:
    """Multiply-accumulates of one run: convolutions and matrix products."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        graph.module(*example_inputs(graph.contract))
    return counter.get_total_flops() // 2


def parameters(graph: Graph) -> int:
    """Parameters that one run reads."""
    used: set[str] = set()
    handles = [
        module.register_forward_hook(lambda m, i, o, name=name: used.add(name))
        for name, module in graph.module.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    with torch.no_grad():
        graph.module(*example_inputs(graph.contract))
    for handle in handles:
        handle.remove()
    modules = dict(graph.module.named_modules())
    return sum(p.numel() for name in used for p in modules[name].parameters(recurse=False))

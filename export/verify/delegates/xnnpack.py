"""XNNPACK's table of a ``.tflite`` file, and the pieces that it will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from export.verify.delegates import checks
from export.verify.delegates.partitions import partitions
from export.verify.delegates.table import Basis, Coverage, Refusal, placement
from export.verify.delegates.tflite_graph import FlatGraph, Node
from export.verify.delegates.xnnpack_rewrites import UNPROBED, UNSUPPORTED
from export.verify.delegates.xnnpack_rules import RULES

DELEGATE = "XNNPACK"

SOURCE = (
    "xnnpack_delegate.cc and graph_info.cc of google-ai-edge/LiteRT, probed operator by operator "
    "in LiteRT 2.1.0; uint8 and float weights that are computed are not built in"
)

UNPACKED = ("float16", "int8")
"""Data types of constants that XNNPACK turns into float itself, once, when the file is loaded."""

READS_HALF = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""Operators for which XNNPACK keeps float16 weights as they are."""


def coverage(graph: FlatGraph) -> Coverage:
    """What XNNPACK takes of a graph.

    Raises:
        ValueError: when operators wait for one another.
    """
    refusals = refuse(graph)
    rows = tuple(
        placement(node.operator, str(node.outputs[0]) if node.outputs else "", why, Basis.MEASURED)
        for node, why in zip(graph.nodes, refusals)
    )
    pieces = partitions(graph.wirings, [row.taken for row in rows], graph.outputs)
    return Coverage(DELEGATE, rows, SOURCE, pieces)


def refuse(graph: FlatGraph) -> list[Refusal | None]:
    """Why each operator is left out, None for those that are taken."""
    unpacking = _unpacking(graph)
    kept, unpackers = _kept_half(graph, unpacking), set(unpacking.values())
    result: list[Refusal | None] = []
    for place, node in enumerate(graph.nodes):
        if place in unpackers:
            result.append(None)  # unless a reader, which comes later, needs its result
            continue
        refusal = _refusal(_with_constants(node, unpacking, kept))
        result.append(refusal)
        if refusal is not None:
            for tensor in node.wiring.inputs:
                if tensor in unpacking:
                    result[unpacking[tensor]] = Refusal(
                        f"{node.operator}, which is not taken, reads its result"
                    )
    return result


def _refusal(node: Node) -> Refusal | None:
    if node.operator in UNSUPPORTED:
        basis = Basis.SOURCE if node.operator in UNPROBED else None
        return Refusal("XNNPACK has no such operator", UNSUPPORTED[node.operator], basis)
    if node.operator not in RULES:
        return Refusal("unknown to this table", basis=Basis.SOURCE)
    if not node.outputs or not node.inputs:
        return Refusal("no input or no output", basis=Basis.SOURCE)
    return checks.judge(RULES[node.operator], node)


def _unpacking(graph: FlatGraph) -> dict[int, int]:
    """Tensors that are constants turned into float, with the DEQUANTIZE that does so."""
    found: dict[int, int] = {}
    for place, node in enumerate(graph.nodes):
        if node.operator != "DEQUANTIZE" or len(node.inputs) != 1 or len(node.outputs) != 1:
            continue
        stored = node.inputs[0]
        if stored is None or stored.sparse or stored.dtype not in UNPACKED:
            continue
        static = stored.constant or node.wiring.inputs[0] in found
        scaled = stored.dtype == "float16" or bool(stored.scales)
        if static and scaled and node.outputs[0].dtype == "float32":
            found[node.wiring.outputs[0]] = place
    return found


def _kept_half(graph: FlatGraph, unpacking: dict[int, int]) -> set[int]:
    """Those of them that XNNPACK reads as float16: only ever weights or biases."""
    kept = {
        tensor
        for tensor, place in unpacking.items()
        if (stored := graph.nodes[place].inputs[0]) is not None and stored.dtype == "float16"
    }
    for node in graph.nodes:
        others: Sequence[int] = node.wiring.inputs
        if node.operator in READS_HALF:
            others = others[:1]
        kept -= set(others)
    return kept


def _with_constants(node: Node, unpacking: dict[int, int], kept: set[int]) -> Node:
    """The operator as XNNPACK sees it: unpacked constants are constants."""
    inputs = tuple(
        replace(tensor, constant=True, half=index in kept)
        if tensor is not None and index in unpacking
        else tensor
        for index, tensor in zip(node.wiring.inputs, node.inputs)
    )
    return replace(node, inputs=inputs)

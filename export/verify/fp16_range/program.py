"""A graph as a list of operators that have names, a kind, and can be executed one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch
from torch import Tensor
from torch.export.graph_signature import InputKind
from torch.fx import Node

from export import sigint
from export.convert.graphs import Graph
from export.convert.tflite import example_inputs

aten = torch.ops.aten


class Kind(Enum):
    """What an operator does to the range of its numbers."""

    SQUARE = "square"
    REDUCTION = "reduction"
    DIVISION = "division or root"
    EXPONENTIAL = "exponential"
    NORMALISATION = "normalisation"
    """Any other operator between a centring and the root of its variance."""
    CONTRACTION = "convolution or matrix product"
    OTHER = "other"
    CONSTANT = "constant"
    INPUT = "input"


SENSITIVE = frozenset(
    {Kind.SQUARE, Kind.REDUCTION, Kind.DIVISION, Kind.EXPONENTIAL, Kind.NORMALISATION}
)
"""Where half precision is known to fail."""

REDUCTIONS = frozenset({"mean", "sum", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "avg_pool2d"})
CONTRACTIONS = frozenset(
    {"conv2d", "convolution", "linear", "addmm", "mm", "bmm", "matmul", "conv_transpose2d"}
)
ROOTS = frozenset({"rsqrt", "sqrt"})
DIVISORS = {"div": 1, "reciprocal": 0, "rsqrt": 0, "sqrt": 0, "log": 0}
"""Operators, and which of their arguments must not come near zero."""

EXPONENTIALS = frozenset(
    {"exp", "sigmoid", "tanh", "softmax", "_softmax", "silu", "softplus", "expm1", "sinh", "cosh"}
)


@dataclass(frozen=True)
class Operator:
    """An operator, a constant or an input of a program.

    Attributes:
        name: the layer it comes from and what it does there: ``decoder.style_full · square``.
        operator: as PyTorch calls it: ``aten.mul.Tensor``.
        kind: what it does to the range.
    """

    name: str
    operator: str
    kind: Kind


@dataclass(frozen=True)
class Program:
    """What executing a graph operator by operator needs.

    Attributes:
        nodes: placeholders and calls, in the order of execution.
        operators: one for each node.
        constants: values of the placeholders that are no inputs.
        inputs: the other placeholders, in the contract's order.
        output: the node that computes the graph's only output.
        last_use: the nodes whose value nobody reads after the given one.
        centrings: nodes of which the first argument is a normalisation's input: global means,
            and the subtractions of such a mean.
        elements: numbers that one run computes.
    """

    nodes: tuple[Node, ...]
    operators: dict[Node, Operator]
    constants: dict[Node, Tensor]
    inputs: tuple[Node, ...]
    output: Node
    last_use: dict[Node, tuple[Node, ...]]
    centrings: frozenset[Node]
    elements: int


def short(node: Node) -> str:
    """``mul`` of ``aten.mul.Tensor``."""
    return str(node.target).split(".")[1] if "." in str(node.target) else str(node.target)


def trace(graph: Graph) -> Program:
    """The program of a graph, normalisations taken apart to the squares inside them."""
    with sigint.held(), torch.no_grad():
        exported = torch.export.export(graph.module.eval(), example_inputs(graph.contract))
        exported = exported.run_decompositions(dict(FUSED))
    constants: dict[Node, Tensor] = {}
    sources: dict[Node, str] = {}
    inputs, placeholders = [], exported.graph.find_nodes(op="placeholder")
    for node, spec in zip(placeholders, exported.graph_signature.input_specs):
        if spec.kind is InputKind.USER_INPUT:
            inputs.append(node)
            continue
        assert spec.target is not None
        held = exported.state_dict if spec.target in exported.state_dict else exported.constants
        constants[node], sources[node] = held[spec.target].detach(), spec.target
    # Every parameter of the module is a placeholder; those of layers that do not run have no users.
    nodes = tuple(
        n
        for n in exported.graph.nodes
        if n.op == "call_function" or (n.op == "placeholder" and (n.users or n in inputs))
    )
    ((output, *_),) = exported.graph.output_node().args
    centrings = _centrings(nodes)
    names = dict(zip(inputs, (port.name for port in graph.contract.inputs))) | sources
    return Program(
        nodes=nodes,
        operators=_operators(graph.name, nodes, names, constants, centrings),
        constants={n: value for n, value in constants.items() if n.users},
        inputs=tuple(inputs),
        output=output,
        last_use=_last_use(nodes, output),
        centrings=centrings,
        elements=sum(_elements(n) for n in nodes if n.op == "call_function"),
    )


def _instance_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    *more: Any,
) -> Tensor:
    per_channel = (1, -1) + (1,) * (x.dim() - 2)
    if use_input_stats or running_mean is None or running_var is None:
        y = _normalised(x, list(range(2, x.dim())), eps)
    else:
        inverse = torch.rsqrt(running_var + eps).reshape(per_channel)
        y = (x - running_mean.reshape(per_channel)) * inverse
    return _affine(y, weight, bias, per_channel)


def _group_norm(
    x: Tensor,
    groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *more: Any,
) -> Tensor:
    y = _normalised(x.reshape(x.shape[0], groups, -1), [2], eps).reshape(x.shape)
    return _affine(y, weight, bias, (1, -1) + (1,) * (x.dim() - 2))


def _layer_norm(
    x: Tensor,
    shape: list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *more: Any,
) -> Tensor:
    return _affine(_normalised(x, list(range(-len(shape), 0)), eps), weight, bias, tuple(shape))


def _normalised(x: Tensor, axes: list[int], eps: float) -> Tensor:
    # As converters write it out, and as kernels compute it: the square of raw features.
    centred = x - x.mean(axes, keepdim=True)
    return centred * torch.rsqrt((centred * centred).mean(axes, keepdim=True) + eps)


def _affine(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]
) -> Tensor:
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


FUSED: dict[Any, Callable[..., Any]] = {
    aten.instance_norm.default: _instance_norm,
    aten.group_norm.default: _group_norm,
    aten.layer_norm.default: _layer_norm,
}
"""Normalisations that PyTorch has as one operator, in the steps that phones compute."""


def _operators(
    graph: str,
    nodes: tuple[Node, ...],
    names: dict[Node, str],
    constants: dict[Node, Tensor],
    centrings: frozenset[Node],
) -> dict[Node, Operator]:
    inside = _normalisations(nodes, centrings)
    seen: Counter[str] = Counter()
    found = {}
    for node in nodes:
        if node.op == "placeholder":
            kind = Kind.CONSTANT if node in constants else Kind.INPUT
            found[node] = Operator(names[node], kind.value, kind)
            continue
        stack = node.meta.get("nn_module_stack") or {}
        layer = next((path for path, _ in reversed(list(stack.values())) if path), graph)
        kind = _kind(node, inside)
        name = f"{layer} · {'square' if kind is Kind.SQUARE else short(node)}"
        seen[name] += 1
        number = f"_{seen[name]}" if seen[name] > 1 else ""
        found[node] = Operator(name + number, str(node.target), kind)
    return found


def _kind(node: Node, inside: set[Node]) -> Kind:
    name = short(node)
    if name == "square" or (name == "mul" and node.args[0] is node.args[1]):
        return Kind.SQUARE
    if name == "pow" and isinstance(node.args[1], int | float) and node.args[1] >= 2:
        return Kind.SQUARE
    for names, kind in (
        (REDUCTIONS, Kind.REDUCTION),
        (DIVISORS.keys(), Kind.DIVISION),
        (EXPONENTIALS, Kind.EXPONENTIAL),
        (CONTRACTIONS, Kind.CONTRACTION),
    ):
        if name in names:
            return kind
    return Kind.NORMALISATION if node in inside else Kind.OTHER


def _centrings(nodes: tuple[Node, ...]) -> frozenset[Node]:
    found = set()
    for node in nodes:
        if node.op == "call_function" and short(node) == "sub":
            x, mean = node.args[:2]
            while isinstance(mean, Node) and short(mean) in ("unsqueeze", "view", "expand"):
                mean = mean.args[0]
            if isinstance(mean, Node) and short(mean) in REDUCTIONS and mean.args[0] is x:
                found |= {node, mean}
    return frozenset(found)


def _normalisations(nodes: tuple[Node, ...], centrings: frozenset[Node]) -> set[Node]:
    """Everything from a centring to the root of what became of it."""
    after = set(centrings)
    for node in nodes:
        if after & set(node.all_input_nodes):
            after.add(node)
    before = {node for node in nodes if node.op == "call_function" and short(node) in ROOTS}
    for node in reversed(nodes):
        # Roots further down must not claim what lies before this normalisation's own centring.
        if node in before and node not in centrings:
            before |= set(node.all_input_nodes)
    return (after & before) | set(centrings)


def _last_use(nodes: tuple[Node, ...], output: Node) -> dict[Node, tuple[Node, ...]]:
    last: dict[Node, Node] = {}
    for node in nodes:
        last |= {used: node for used in node.all_input_nodes}
    released = defaultdict(list)
    for used, node in last.items():
        if used is not output:
            released[node].append(used)
    return {node: tuple(used) for node, used in released.items()}


def tensors(value: Any) -> Iterator[Tensor]:
    """The floating tensors in an operator's result."""
    for part in value if isinstance(value, tuple | list) else (value,):
        if isinstance(part, Tensor) and part.is_floating_point():
            yield part


def _elements(node: Node) -> int:
    return sum(t.numel() for t in tensors(node.meta.get("val")))

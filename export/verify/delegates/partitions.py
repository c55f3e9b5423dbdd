"""How TFLite cuts a graph into pieces that a delegate takes and pieces that it does not.

After ``PartitionGraphIntoIndependentNodeSubsets`` (tflite/graph_info.cc, greedy): epoch by epoch
it gathers every operator of one kind, taken or not, whose inputs are there; the first ready
operator says which kind. Order chains between operators with side effects are left out: no
graph of ours has any.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

ABSENT = -1
"""Stands for an optional input or output that is not there."""


@dataclass(frozen=True)
class Wiring:
    """Tensors that an operator reads and writes, by index."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Partition:
    """A piece of a graph.

    Attributes:
        nodes: its operators, by their places in the file.
        inputs: tensors that come from outside, constants too.
        outputs: tensors that others read, or that the graph gives.
    """

    nodes: tuple[int, ...]
    inputs: frozenset[int]
    outputs: frozenset[int]


def epochs(wirings: Sequence[Wiring], taken: Sequence[bool]) -> list[list[int]]:
    """Gather operators.

    Args:
        wirings: of every operator.
        taken: by the delegate, of every operator.

    Returns:
        Operators of each epoch; epochs alternate between taken and not taken.

    Raises:
        ValueError: when operators wait for one another.

    >>> chain = [Wiring(inputs=(i,), outputs=(i + 1,)) for i in range(4)]
    >>> epochs(chain, [True, True, False, True])
    [[0, 1], [2], [3]]
    """
    missing = {t for wiring in wirings for t in wiring.outputs}
    waiting = list(range(len(wirings)))
    result = []
    while waiting:
        kind: bool | None = None
        epoch: list[int] = []
        while True:
            ready = []
            for node in waiting:
                if not missing.isdisjoint(wirings[node].inputs):
                    continue
                if kind is None:
                    kind = taken[node]
                if taken[node] == kind:
                    ready.append(node)
                    missing.difference_update(wirings[node].outputs)
            if not ready:
                break
            epoch += ready
            chosen = set(ready)
            waiting = [node for node in waiting if node not in chosen]
        if not epoch:
            raise ValueError("its operators wait for one another")
        result.append(sorted(epoch))
    return result


def partitions(
    wirings: Sequence[Wiring], taken: Sequence[bool], given: Collection[int]
) -> tuple[Partition, ...]:
    """The pieces that the delegate takes.

    Args:
        wirings, taken: as of ``epochs``.
        given: the graph's outputs.

    Raises:
        ValueError: when operators wait for one another.
    """
    return tuple(
        boundary(wirings, epoch, given) for epoch in epochs(wirings, taken) if taken[epoch[0]]
    )


def boundary(wirings: Sequence[Wiring], nodes: Sequence[int], given: Collection[int]) -> Partition:
    """A piece with what goes in and out."""
    inside = set(nodes)
    read = {t for node in nodes for t in wirings[node].inputs}
    written = {t for node in nodes for t in wirings[node].outputs}
    elsewhere = {t for i, w in enumerate(wirings) if i not in inside for t in w.inputs}
    return Partition(
        nodes=tuple(nodes),
        inputs=frozenset(read - written - {ABSENT}),
        outputs=frozenset(written & (elsewhere | set(given)) - {ABSENT}),
    )

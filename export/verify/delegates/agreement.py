"""Whether the runtime cut a file as XNNPACK's table says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from export.verify.delegates.partitions import ABSENT
from export.verify.delegates.table import Coverage
from export.verify.verdicts import Assurance, Verdict

DELEGATE = "DELEGATE"
"""The runtime's name of a piece that a delegate took."""


def partitions_agree(coverage: Coverage, interpreter: Any) -> Verdict:
    """Compare the pieces, their inputs and outputs, and the operators left out.

    Args:
        coverage: XNNPACK's, with ``partitions``.
        interpreter: of the same file, its tensors allocated.
    """
    operators = interpreter._get_ops_details()
    found = [
        (_tensors(operator["inputs"]), _tensors(operator["outputs"]))
        for operator in operators
        if operator["op_name"] == DELEGATE
    ]
    nodes = [operator for operator in operators if operator["op_name"] != DELEGATE]
    pieces = coverage.partitions or ()
    wanted = [(piece.inputs, piece.outputs) for piece in pieces]
    inside = _inside(nodes, found)
    outside = [node["op_name"] for place, node in enumerate(nodes) if place not in inside]
    limit = _words(len(wanted), coverage.outside)
    # Equal pieces have equal operators, also those that nobody reads.
    figure = limit if found == wanted else _words(len(found), outside)
    if figure == limit and found != wanted:
        unlike = next(i for i, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1])
        figure += f"; partition {unlike + 1} has other inputs or outputs"
    return Verdict(
        "XNNPACK partitions as predicted", figure, limit, found == wanted, Assurance.RUNTIME
    )


def _tensors(indices: Sequence[int]) -> frozenset[int]:
    return frozenset(int(i) for i in indices) - {ABSENT}


def _inside(
    nodes: Sequence[dict[str, Any]], pieces: Sequence[tuple[frozenset[int], frozenset[int]]]
) -> set[int]:
    """Places of the operators in the runtime's pieces: from their outputs back to their inputs.

    An operator that nobody reads cannot be seen from outside.
    """
    makers = {int(tensor): place for place, node in enumerate(nodes) for tensor in node["outputs"]}
    found: set[int] = set()
    for inputs, outputs in pieces:
        waiting = list(outputs)
        while waiting:
            tensor = waiting.pop()
            place = makers.get(tensor)
            if tensor in inputs or place is None or place in found:
                continue
            found.add(place)
            waiting += [int(t) for t in nodes[place]["inputs"]]
    return found


def _words(pieces: int, outside: Sequence[str]) -> str:
    counts = Counter(outside)
    names = ", ".join(f"{name} x {counts[name]}" for name in sorted(counts))
    return f"{pieces} partition{'' if pieces == 1 else 's'}, left out: {names or 'none'}"

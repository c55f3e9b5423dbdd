"""The table of what an accelerator takes, and its short form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from export.verify.delegates.partitions import Partition


class Basis(Enum):
    """What a rule rests on, weakest first."""

    SECONDARY = "secondary"
    """Told by people who watched the accelerator, or by articles."""
    SOURCE = "source code"
    """Read in the accelerator's own code, not executed."""
    MEASURED = "measured"
    """Seen to hold in the installed runtime, by tests."""


@dataclass(frozen=True)
class Refusal:
    """Why an operator is left out.

    Attributes:
        cause: in plain words.
        rewrite: what computes the same and is taken; None where none is known.
        basis: what this rule rests on; None where it is the table's.
    """

    cause: str
    rewrite: str | None = None
    basis: Basis | None = None


@dataclass(frozen=True)
class Placement:
    """Where one operator of a file runs.

    Attributes:
        operator: its name.
        where: its first output's name and shape.
        taken: by the accelerator.
        cause, rewrite: as of ``Refusal``; None where it is taken.
        basis: what that rests on.
    """

    operator: str
    where: str
    taken: bool
    cause: str | None
    rewrite: str | None
    basis: Basis


def placement(operator: str, where: str, refusal: Refusal | None, basis: Basis) -> Placement:
    """A row from what the rules said; ``basis`` is the table's."""
    if refusal is None:
        return Placement(operator, where, True, None, None, basis)
    return Placement(operator, where, False, refusal.cause, refusal.rewrite, refusal.basis or basis)


@dataclass(frozen=True)
class Kind:
    """All rows of one operator.

    Attributes:
        operator: its name.
        count: how often it occurs.
        taken: how many of them the accelerator takes.
        causes, rewrites: of the others, each once.
    """

    operator: str
    count: int
    taken: int
    causes: tuple[str, ...]
    rewrites: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """What an accelerator takes of a file.

    Attributes:
        delegate: the accelerator.
        rows: every operator, in the file's order.
        source: what the table rests on and what it does not say.
        partitions: the pieces that it takes, in the order in which they run; None where the
            accelerator's partitioning is not simulated.
    """

    delegate: str
    rows: tuple[Placement, ...]
    source: str
    partitions: tuple[Partition, ...] | None = None

    @property
    def total(self) -> int:
        """How many operators there are."""
        return len(self.rows)

    @property
    def taken(self) -> int:
        """How many of them the accelerator takes."""
        return sum(row.taken for row in self.rows)

    @property
    def outside(self) -> tuple[str, ...]:
        """Names of the others, in the file's order."""
        return tuple(row.operator for row in self.rows if not row.taken)

    def by_kind(self) -> tuple[Kind, ...]:
        """One entry an operator: those left out first, then the most frequent."""
        groups: dict[str, list[Placement]] = {}
        for row in self.rows:
            groups.setdefault(row.operator, []).append(row)
        kinds = [
            Kind(
                operator,
                len(rows),
                sum(row.taken for row in rows),
                _once([row.cause for row in rows]),
                _once([row.rewrite for row in rows]),
            )
            for operator, rows in groups.items()
        ]
        return tuple(sorted(kinds, key=lambda k: (k.taken == k.count, -k.count, k.operator)))

    def summary(self) -> CoverageSummary:
        """For a manifest, by kind."""
        return CoverageSummary(
            self.delegate,
            self.source,
            self.taken,
            self.total,
            None if self.partitions is None else len(self.partitions),
            self.by_kind(),
        )


@dataclass(frozen=True)
class CoverageSummary:
    """What a manifest says of an accelerator; see ``Coverage``.

    Attributes:
        delegate, source: as there.
        taken: operators that it takes.
        total: operators in all.
        partitions: how many pieces it takes; None where that is not simulated.
        operators: by kind.
    """

    delegate: str
    source: str
    taken: int
    total: int
    partitions: int | None
    operators: tuple[Kind, ...]


def _once(texts: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text is not None))

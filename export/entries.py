"""What a manifest says of each file of a build, as types that msgspec reads and writes."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from export.verify.delegates.table import CoverageSummary
from export.verify.verdicts import Assurance
from facestyle.contract import Contract, Kind, Port


class PortEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An input or output as a file has it: an image of Core ML's, or an array.

    Attributes:
        name, kind: of the contract's port.
        type: ``image`` where the file takes 8-bit images themselves.
        width, height: of such an image.
        shape, layout, dtype: of an array.
        range: least and greatest value; None where unbounded.
        scale, zero_point: of integers: ``value = (q - zero_point) * scale``.
        colour_order: of images.
        description: for people.
    """

    name: str
    kind: Kind
    type: str | None = None
    width: int | None = None
    height: int | None = None
    shape: tuple[int, int, int, int] | None = None
    layout: str | None = None
    dtype: str | None = None
    range: tuple[float, float] | None
    scale: float | None = None
    zero_point: int | None = None
    colour_order: str | None = None
    description: str

    @property
    def port(self) -> Port:
        """The contract's port, of an array.

        Raises:
            ValueError: when it is no array with channels last.
        """
        if self.shape is None or self.layout != "NHWC":
            raise ValueError(f"{self.name} is no array in NHWC")
        n, height, width, channels = self.shape
        shape = (n, channels, height, width)
        return Port(self.name, self.kind, shape, self.range, self.description)


class ConstantEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A constant of a file and the parameter that it comes from; None where nobody knows."""

    name: str
    shape: tuple[int, ...]
    origin: str | None = msgspec.field(name="from")
    value: float | None = None


class VerdictEntry(Struct, frozen=True, kw_only=True):
    """A check: see ``export.verify.verdicts.Verdict``."""

    check: str
    figure: str
    limit: str
    passed: bool
    assurance: Assurance


class ParityEntry(Struct, frozen=True, kw_only=True):
    """A file executed by one runtime on all test inputs: the worst of it.

    Attributes:
        assurance: what executed it.
        psnr_db: least PSNR to PyTorch, or ``exact`` or ``not finite``.
        at: the name of the test input.
        limit_db: what was asked.
        max_error: greatest error, as a share of the output's range; or ``not finite``.
        probes: how many test inputs.
    """

    assurance: Assurance
    psnr_db: float | str
    at: str
    limit_db: float
    max_error: float | str
    probes: int


class Proof(Struct, frozen=True, kw_only=True):
    """What was found out about a file that was verified; see ``export.verify.verify_file``."""

    verified: bool
    executed: bool
    worst_psnr_db: float | str | None
    max_error: float | str | None
    executions: tuple[ParityEntry, ...]
    delegate_partitions: int | None
    fully_delegated: bool | None
    operators: dict[str, int]
    coverage: tuple[CoverageSummary, ...]
    verdicts: tuple[VerdictEntry, ...]
    constants: tuple[ConstantEntry, ...]


class FileEntry(Struct, frozen=True, kw_only=True):
    """One file of a build.

    Attributes:
        file: its name, in the build's folder.
        graph: one of ``export.formats.GRAPHS``.
        style: the name of the style that is part of it; None for all others.
        format, precision: names.
        sha256, bytes: of the file.
        macs, parameters: of one run.
        inputs, outputs: as the file has them.
        proof: None where it was not verified.
    """

    file: str
    graph: str
    style: str | None
    format: str
    precision: str
    sha256: str
    bytes: int
    macs: int
    parameters: int
    inputs: tuple[PortEntry, ...]
    outputs: tuple[PortEntry, ...]
    proof: Proof | None

    @property
    def verified(self) -> bool:
        """Whether it was verified and passed."""
        return self.proof is not None and self.proof.verified

    @property
    def subject(self) -> str:
        """The graph's name, with the style that is part of it."""
        return self.graph if self.style is None else f"{self.graph}_{self.style}"

    @property
    def contract(self) -> Contract:
        """The graph's, of a file whose inputs and outputs are arrays.

        Raises:
            ValueError: when they are not; see ``PortEntry.port``.
        """
        inputs = tuple(entry.port for entry in self.inputs)
        return Contract(self.graph, inputs, tuple(entry.port for entry in self.outputs))

    def as_json(self) -> dict[str, Any]:
        """For JSON, where what was found out stands beside all else."""
        flat: dict[str, Any] = msgspec.to_builtins(self)
        proof = flat.pop("proof")
        return flat | (proof or {"verified": False})


def file_entry(stored: dict[str, Any]) -> dict[str, Any]:
    """What msgspec makes a ``FileEntry`` of: the inverse of ``FileEntry.as_json``."""
    return stored | {"proof": stored if "verdicts" in stored else None}

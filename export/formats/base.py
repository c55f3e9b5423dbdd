"""What a file format is: one object that converts, reads back, executes and describes its files.

A new format is one file beside this one that makes an instance of a ``Format`` and is listed in
``export.formats``; a new precision is one more entry of a format's ``precisions``. Everything else
(the command line's table, the legal combinations, limits, checks, the report) is read off these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from export.verify.verdicts import Assurance, Verdict

if TYPE_CHECKING:
    from torch import Tensor

    from export.convert.description import Description
    from export.convert.graphs import Graph
    from export.entries import PortEntry
    from export.inspect.constants import Constant
    from export.verify.delegates.table import Coverage
    from facestyle.contract import Contract, Port

STYLIZER, STYLE_ENCODER, FULL = "stylizer", "style_encoder", "full"
GRAPHS = (STYLIZER, STYLE_ENCODER, FULL)
"""Names of the graphs that can be exported; see ``export.convert.graphs``."""

HALF_DB = 45.0
"""Least PSNR to PyTorch of what is computed in half precision, whatever the file's precision."""


@dataclass(frozen=True, eq=False)
class Precision:
    """How a format stores and computes numbers.

    Attributes:
        name: as typed after ``--precision``, and in file names.
        psnr_db: least PSNR to PyTorch.
        max_error: greatest error of any value, as a share of the output's range: a few pixels may
            be all wrong at 45 dB.
        in_half: whether it is meant to be computed in fp16, so that the graph's range is audited.
        calibrated: whether a conversion measures ranges on real pictures; exported only where it
            is asked for.
        graphs: names of the graphs that it exists for.
        about: what it is, for people.
        elsewhere: what to say to those who ask for it in a combination that does not exist.
    """

    name: str
    psnr_db: float
    max_error: float
    in_half: bool = False
    calibrated: bool = False
    graphs: tuple[str, ...] = GRAPHS
    about: str = ""
    elsewhere: str = ""


@dataclass(frozen=True)
class Inspection:
    """A saved file read back, without executing it.

    Attributes:
        verdicts: on its structure; those on ports begin with ``input`` or ``output``.
        constants: every floating-point constant of it.
        operators: how often each occurs.
    """

    verdicts: tuple[Verdict, ...]
    constants: tuple[Constant, ...]
    operators: dict[str, int]


class Loaded(Protocol):
    """A file that a runtime has loaded."""

    def run(self, inputs: Sequence[Tensor]) -> Tensor:
        """Execute on inputs in the contract's order and shapes; so the output, in its range.

        Raises:
            UserError, LookupError, RuntimeError, ValueError: when the runtime gives up.
        """
        ...


@dataclass(frozen=True)
class Runtime:
    """What executes a format's files.

    Attributes:
        assurance: what a verdict rests on that comes from it.
        load: loads a file for a contract; UserError or ConversionError where it refuses to.
        eight_bit: whether images come back in 8 bits.
    """

    assurance: Assurance
    load: Callable[[Path, Contract], Loaded]
    eight_bit: bool = False


@dataclass(frozen=True)
class Delegation:
    """What an accelerator took of a file that was loaded.

    Attributes:
        verdicts: on that.
        partitions: pieces that it took.
        whole: whether nothing is left to reference kernels.
    """

    verdicts: tuple[Verdict, ...] = ()
    partitions: int | None = None
    whole: bool | None = None


@dataclass(frozen=True, eq=False)
class Format(ABC):
    """A file format.

    Attributes:
        name: as typed after ``--formats``; also the files' suffix, without its dot.
        extra: of facestyle's, which its tools are installed with.
        precisions: what it can be written in, the finest first.
        about: what it computes in, for those who ask for a combination that does not exist.
        eight_bit: whether images come back in 8 bits on a phone.
    """

    name: str
    extra: str
    precisions: tuple[Precision, ...]
    about: str
    eight_bit: bool = False

    @property
    def suffix(self) -> str:
        """Of its files, with the dot."""
        return f".{self.name}"

    def precision(self, name: str) -> Precision:
        """By name.

        Raises:
            KeyError: when it has none of that name.
        """
        return next((p for p in self.precisions if p.name == name), None) or _missing(name)

    @abstractmethod
    def convert(self, graph: Graph, scratch: Path) -> Any:
        """What ``write`` takes: what all precisions of a graph have in common.

        Args:
            graph: to convert.
            scratch: a folder of its own for files in between; it need not exist.

        Raises:
            ConversionError: when the converter gives up.
        """

    @abstractmethod
    def write(
        self,
        converted: Any,
        precision: Precision,
        path: Path,
        description: Description,
        examples: Sequence[tuple[Tensor, ...]] = (),
    ) -> None:
        """Write one file; the same arguments give the same bytes.

        Args:
            converted: from ``convert``.
            precision: one of ``precisions``.
            path: where to.
            description: what the file is to say of itself.
            examples: real inputs in the contract's order, for precisions that are calibrated.

        Raises:
            ConversionError: when the converter gives up.
        """

    def written(self, graph: Graph) -> Graph:
        """The graph as its files have it: what constants are traced to and MACs counted on."""
        return graph

    def derived(self, written: Graph) -> dict[str, str]:
        """Parameters of ``written`` that were computed from others: name to origin."""
        return {}

    @abstractmethod
    def inspect(self, path: Path, graph: Graph, precision: Precision) -> Inspection:
        """Read a saved file back and check how it is built.

        Raises:
            UserError: when it cannot be read.
        """

    @abstractmethod
    def runtimes(self) -> tuple[Runtime, ...]:
        """What can execute its files on this machine, the one that the report shows first."""

    def coverages(self, path: Path) -> tuple[Coverage, ...]:
        """What each accelerator of phones takes of a file.

        Raises:
            UserError: when it cannot be read.
        """
        return ()

    def delegation(
        self, loaded: Loaded, coverages: Sequence[Coverage], precision: Precision
    ) -> Delegation:
        """What an accelerator took of a file that the first of ``runtimes`` loaded."""
        return Delegation()

    @abstractmethod
    def ports(self, path: Path, ports: Sequence[Port]) -> tuple[PortEntry, ...]:
        """How a file has some of its contract's ports, for the manifest.

        Raises:
            UserError: when the file cannot be read.
        """


def _missing(name: str) -> Precision:
    raise KeyError(name)

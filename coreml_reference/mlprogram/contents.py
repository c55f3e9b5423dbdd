"""An ML Program as data: its operations, constants and weights, without executing it."""

from __future__ import annotations

from collections.abc import Iterator

from coreml_reference.mlprogram.constants import Constant, constants
from coreml_reference.mlprogram.mil import all_operations
from coreml_reference.mlprogram.weight_file import WeightFiles
from coreml_reference.package import Package


class ProgramContents:
    """What is in a program, operations that cannot be executed here included.

    Attributes:
        operations: of every function, in order, whether it ever runs or not.

    Raises:
        DamagedFile: when a value is not what its type says.
        UnsupportedOperation: for a kind of value that is not known here.
    """

    def __init__(self, package: Package) -> None:
        self._weights = WeightFiles(package)
        self.operations = tuple(all_operations(package.spec, self._weights))

    def constants(self) -> Iterator[Constant]:
        """Every constant tensor, decoded, with what compression may have changed.

        Raises:
            DamagedFile: when one cannot be decoded.
        """
        return constants(self.operations)

    def unused_weights(self) -> int:
        """How many blobs of the weight files nothing refers to.

        Raises:
            DamagedFile: when a file does not hold what its header says.
        """
        return self._weights.unused()

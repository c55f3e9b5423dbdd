"""What can be wrong with a Core ML file or with what it is given."""

from __future__ import annotations


class CoreMLError(ValueError):
    """Base of all errors here; the message is one line for people."""

    def __init__(self, message: str) -> None:
        # Names from a damaged file may hold line breaks.
        super().__init__(" ".join(message.split()))


class DamagedFile(CoreMLError):
    """The file is missing, cut short, contradicts itself, or is not a Core ML model at all."""


class UnsupportedOperation(CoreMLError):
    """The file has an operation, a layer or a setting that this runtime does not know.

    Attributes:
        operation: its name.
    """

    def __init__(self, operation: str, what: str = "unknown operation") -> None:
        super().__init__(f"{what}: {operation}")
        self.operation = operation


class WrongInput(CoreMLError):
    """An input is missing, unknown, or of another shape or type than the file says."""

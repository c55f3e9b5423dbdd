"""What this runtime knows about an operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments

Results = Tensor | Sequence[Tensor]
ResultTypes = torch.dtype | Sequence[torch.dtype]


@dataclass(frozen=True)
class Op:
    """An operator.

    Attributes:
        compute: its function, in the precision of computing.
        required, optional: its parameters.
        choices: what parameters that are texts may be.
        result: types that results are rounded to, one for all or one each.
    """

    compute: Callable[[Arguments], Results]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    choices: dict[str, tuple[str, ...]]
    result: Callable[[Arguments], ResultTypes]


def op(
    compute: Callable[[Arguments], Results],
    parameters: str,
    result: torch.dtype | str | Callable[[Arguments], ResultTypes] | None = None,
    **choices: tuple[str, ...],
) -> Op:
    """Describe an operator.

    Args:
        compute: its function.
        parameters: names, with a question mark after what may be missing: ``"x weight bias?"``.
        result: type of its results; or the parameter whose type they have, by default the first.
        choices: what parameters that are texts may be.
    """
    names = parameters.split()
    return Op(
        compute,
        tuple(name for name in names if not name.endswith("?")),
        tuple(name[:-1] for name in names if name.endswith("?")),
        choices,
        _types(result or names[0]),
    )


def _types(
    result: torch.dtype | str | Callable[[Arguments], ResultTypes],
) -> Callable[[Arguments], ResultTypes]:
    if isinstance(result, str):
        return lambda arguments: arguments.first(result).dtype
    if isinstance(result, torch.dtype):
        return lambda arguments: result
    return result

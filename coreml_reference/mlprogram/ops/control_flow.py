"""What chooses between values. Branches, loops and lists are not executed."""

from __future__ import annotations

import torch
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.values import check_size


def _select(arguments: Arguments) -> Tensor:
    """``select``: a where ``cond`` is true, else b; all three are broadcast."""
    condition, a, b = (arguments.tensor(name) for name in ("cond", "a", "b"))
    check_size(torch.broadcast_shapes(condition.shape, a.shape, b.shape), "a result")
    return torch.where(condition.bool(), a, b)


OPS = {
    "select": op(_select, "cond a b", "a"),
}

"""Attention."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from coreml_reference.mlprogram.arguments import Arguments
from coreml_reference.mlprogram.op import op
from coreml_reference.mlprogram.values import check_size


def _attention(arguments: Arguments) -> Tensor:
    """``scaled_dot_product_attention``: softmax(Q K^T / sqrt(E) + mask) V.

    query (..., L, E), key (..., S, E), value (..., S, V) -> (..., L, V); a boolean mask keeps where
    it is true.
    """
    query, key, value = (arguments.tensor(name) for name in ("query", "key", "value"))
    lead = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2])
    check_size([*lead, query.shape[-2], key.shape[-2]], "scores")
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    mask = arguments.optional("attn_mask")
    if mask is not None:
        allowed = mask.dtype == torch.bool
        scores = scores.masked_fill(~mask, -math.inf) if allowed else scores + mask
    return scores.softmax(-1) @ value


OPS = {
    "scaled_dot_product_attention": op(_attention, "query key value attn_mask?"),
}

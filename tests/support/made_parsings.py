"""Parsings of faces that are known: ids of parts, and logits of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from train.auxiliary.face_classes import CLASSES

SIDE = 32
EYES = (slice(10, 12), slice(8, 12))
SKIN = (slice(8, 24), slice(6, 26))


def face(extra: tuple[str, tuple[slice, slice]] | None = None) -> Tensor:
    """Ids (1, SIDE, SIDE): skin with an eye and a mouth, hair above, cloth below."""
    ids = torch.zeros(1, SIDE, SIDE, dtype=torch.long)
    parts = [
        ("skin", SKIN),
        ("l_eye", EYES),
        ("mouth", (slice(19, 21), slice(12, 20))),
        ("hair", (slice(4, 8), slice(6, 26))),
        ("cloth", (slice(26, 32), slice(0, 32))),
    ]
    for name, (rows, columns) in [*parts, *([extra] if extra else [])]:
        ids[:, rows, columns] = CLASSES.index(name)
    return ids


def logits_of(ids: Tensor, probability: float = 1 - 1e-6) -> Tensor:
    """Logits whose softmax gives each id this probability, the rest spread evenly over parts."""
    gap = math.log(probability / (1 - probability) * 15)
    logits = torch.nn.functional.one_hot(ids, 19).permute(0, 3, 1, 2).float() * gap
    logits[:, [CLASSES.index(name) for name in ("r_eye", "r_brow", "r_ear")]] -= 60
    return logits


def random_logits(seed: int, scale: float = 3.0) -> Tensor:
    return torch.randn(2, 19, 6, 5, generator=torch.Generator().manual_seed(seed)) * scale

"""Pictures of samples, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def tile(rows: Sequence[Sequence[Tensor]], side: int = 192) -> Image.Image:
    """A table of images (3, H, W) in [0, 1], each ``side`` pixels wide and high."""
    sheet = Image.new("RGB", (side * len(rows[0]), side * len(rows)))
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            pixels = (image.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
            cell = Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())
            sheet.paste(cell.resize((side, side), Image.Resampling.BICUBIC), (x * side, y * side))
    return sheet


def shade(depth: Tensor, like: Tensor | None = None) -> Tensor:
    """Depth (1, H, W) as grey levels (3, H, W): near is bright, unknown (NaN) is black.

    Args:
        depth: in any unit.
        like: a map whose 2nd and 98th percentiles become white and black; itself by default.
    """
    scale = (like if like is not None else depth).detach().float()
    known = scale[torch.isfinite(scale)].cpu().numpy()
    low, high = np.percentile(known, (2, 98)) if len(known) else (0.0, 1.0)
    grey = 1 - (depth.float() - float(low)) / max(float(high - low), 1e-6)
    return torch.nan_to_num(grey, nan=0.0).clamp(0, 1).expand(3, -1, -1)

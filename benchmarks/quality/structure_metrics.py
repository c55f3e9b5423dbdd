"""How much of a face's structure is kept, pixel by pixel: SSIM, FSIMc, GMSD (paper 4, Table 1)."""

from __future__ import annotations

import piq
from torch import Tensor

from benchmarks.quality.boxes import Box


def structure(image: Tensor, photo: Tensor, box: Box) -> dict[str, float]:
    """Figures of what lies in a box, by piq.

    Args:
        image, photo: (1, 3, H, W) in [0, 1].
        box: of the face, at least ``boxes.LEAST_SIDE`` wide and high.

    Returns:
        ``face_ssim`` of grey values (Wang et al., 2004), 1 if alike; ``face_fsimc`` (Zhang et
        al., 2011), 1 if alike; ``face_gmsd`` (Xue et al., 2014), 0 if alike.
    """
    own, wanted = box.cut(image), box.cut(photo)
    grey = own.mean(1, keepdim=True), wanted.mean(1, keepdim=True)
    return {
        "face_ssim": piq.ssim(*grey, data_range=1.0, downsample=False).item(),
        "face_fsimc": piq.fsim(own, wanted, data_range=1.0, chromatic=True).item(),
        "face_gmsd": piq.gmsd(own, wanted, data_range=1.0).item(),
    }

"""Images and weights for those that are not at hand: as fast to work with, of no other use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import save_file

from facestyle import checkpoint

WIDTH, HEIGHT = 640, 480
"""Of images: MS-COCO's."""


def make_images(folder: Path, count: int, seed: int) -> Path:
    """Random JPEGs, smooth with fine grain, about as hard to decode as photos."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for index in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        grain = rng.normal(0, 8, smooth.shape)
        pixels = (smooth + grain).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:05}.jpg", quality=90)
    return folder


def make_encoder(path: Path) -> Path:
    """A VGG-19 encoder with random weights: as fast as a trained one."""
    state = checkpoint.untrained("vgg19").network.state_dict()
    save_file({k: v for k, v in state.items() if k.startswith("encoder.")}, path)
    return path

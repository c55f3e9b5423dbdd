"""Small training data and weights that tests make for themselves, in folders and tars."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from facestyle import gallery
from facestyle.networks import vgg19
from train.auxiliary.perceptual import STAGES


def pictures(folder: Path, kind: str, side: int = 72) -> Path:
    """The gallery's ``portraits`` or ``paintings``, small."""
    folder.mkdir()
    for picture in getattr(gallery, kind)():
        image = Image.open(picture.path).convert("RGB")
        image.resize((side, round(side * image.height / image.width))).save(
            folder / f"{picture.name}.png"
        )
    return folder


def labelled(folder: Path, count: int = 6, side: int = 72) -> Path:
    """Noise photos with a disc whose depth and parts are known, in the paired layout."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    for index in range(count):
        disc = (x - side / 2) ** 2 + (y - side / 2) ** 2 < (side * (0.2 + 0.03 * index)) ** 2
        photo = rng.integers(0, 80, (side, side, 3), dtype=np.uint8)
        photo[disc] += 120
        Image.fromarray(photo).save(folder / f"{index}.jpg")
        Image.fromarray(disc.astype(np.uint8)).save(folder / f"{index}_mask.png")
        depth = np.where(disc, 300, 900).astype(np.uint16)
        depth[:4] = 0
        Image.fromarray(depth).save(folder / f"{index}_depth.png")
    return folder


def torchvision_vgg(path: Path) -> Path:
    """A VGG-19 in torchvision's layout with random weights."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, place in vgg19.TORCHVISION.items():
        inputs, outputs = vgg19.ENCODER[name]
        scale = (2 / (9 * inputs)) ** 0.5
        weight = scale * torch.randn(outputs, inputs, 3, 3, generator=generator)
        state[f"features.{place}.weight"] = weight
        state[f"features.{place}.bias"] = torch.zeros(outputs)
    torch.save(state, path)
    return path


def distilled_vgg(path: Path) -> Path:
    """A distilled VGG-19, narrower still, with random weights."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, torch.Tensor] = {}
    inputs = 3

    def layer(name: str, outputs: int, inputs: int, size: int) -> None:
        scale = (2 / (inputs * size**2)) ** 0.5
        weight = torch.randn(outputs, inputs, size, size, generator=generator)
        state[f"{name}.weight"] = scale * weight
        state[f"{name}.bias"] = torch.zeros(outputs)

    layer("preprocess", 3, 3, 1)
    for number, names in enumerate(STAGES, 1):
        for name in names:
            if name != "pool":
                outputs = 4 * int(name[4])
                layer(name, outputs, inputs, 3)
                inputs = outputs
        layer(f"head{number}_1", 8, inputs, 1)
    save_file(state, path)
    return path


def write_folder(root: Path, content: dict[str, bytes]) -> Path:
    """Files by their names in a folder."""
    for name, data in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_tar(path: Path, content: dict[str, bytes], prefix: str = "") -> Path:
    """The same in a tar."""
    with tarfile.open(path, "w") as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def png(array: np.ndarray) -> bytes:
    """A picture's file."""
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()

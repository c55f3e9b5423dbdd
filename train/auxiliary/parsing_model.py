"""A door for users' own face parsers: any semantic segmentation network of ``transformers``.

For example a SegFormer trained on CelebAMask-HQ, from the Hugging Face hub or a folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from facestyle.dependencies import install_command
from facestyle.errors import UserError
from train.auxiliary.face_classes import CLASSES

ABSENT = -1e4
"""Logit of a class that the network lacks: finite in fp16, and its softmax is 0."""

_SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "background": ("bg", "unlabeled"),
        "skin": ("face", "faceskin", "facialskin"),
        "glasses": ("eyeg", "eyeglass", "eyeglasses", "sunglasses"),
        "l_eye": ("lefteye", "eye", "eyes"),
        "r_eye": ("righteye",),
        "l_brow": ("leftbrow", "lefteyebrow", "leyebrow", "brow", "brows", "eyebrow", "eyebrows"),
        "r_brow": ("rightbrow", "righteyebrow", "reyebrow"),
        "l_ear": ("leftear", "ear", "ears"),
        "r_ear": ("rightear",),
        "mouth": ("innermouth", "mouthinterior", "teeth", "tongue"),
        "u_lip": ("upperlip", "toplip"),
        "l_lip": ("lowerlip", "bottomlip"),
        "hat": ("headwear",),
        # Not the right ear, whose side comes first.
        "earring": ("earr", "earrings"),
        "necklace": ("neckl",),
        "cloth": ("clothes", "clothing"),
    }
)
"""How else a class is called, in lower case without signs and spaces."""


@dataclass(frozen=True)
class Normalization:
    """What a network was fed in its training, of RGB in [0, 1]: ``(image * scale - mean) / std``.

    Attributes:
        scale: 1 where the network takes [0, 1], 255 where it takes 8-bit values.
        mean, std: by channel.
    """

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


def class_id(label: str) -> int:
    """The id of a class by any of its spellings.

    Raises:
        UserError: for a name that is none.
    """
    plain = re.sub(r"[^a-z0-9]", "", label.lower())
    for number, name in enumerate(CLASSES):
        if plain == name.replace("_", "") or plain in _SPELLINGS.get(name, ()):
            return number
    raise UserError(
        f"the face parser's label {label!r} is not a known part of a face; "
        f"rename it in the id2label of its config.json to one of {', '.join(CLASSES)}"
    )


class ParsingModel(nn.Module):
    """A frozen parser behind the interface of ``BiSeNet``: always in eval mode.

    Args:
        network: a transformers network for semantic segmentation.
        labels: names of its logits, in order.
        normalization: of its inputs.

    Raises:
        UserError: for a label that is no part of a face.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, labels: list[str], normalization: Normalization) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        self.scale = normalization.scale
        self.register_buffer("mean", torch.tensor(normalization.mean).view(1, -1, 1, 1), False)
        self.register_buffer("std", torch.tensor(normalization.std).view(1, -1, 1, 1), False)
        sources: list[list[int]] = [[] for _ in CLASSES]
        for index, label in enumerate(labels):
            sources[class_id(label)].append(index)
        self.sources = sources
        self.eval()

    def train(self, mode: bool = True) -> ParsingModel:
        """Stays in eval mode, whatever the network around it does."""
        return super().train(False)

    def forward(self, image: Tensor) -> Tensor:
        """Logits of the 19 classes of CelebAMask-HQ.

        Args:
            image: (N, 3, H, W), RGB in [0, 1], of any size that the network takes; its image
                processor's resizing is left out. Gradients reach it, but not the network.

        Returns:
            (N, 19, h, w) at the network's own resolution. Labels of one class are summed in
            probability; a class without any is ``ABSENT``.
        """
        logits = self.network(pixel_values=(image * self.scale - self.mean) / self.std).logits
        absent = torch.full_like(logits[:, 0], ABSENT)
        return torch.stack(
            [logits[:, ids].logsumexp(1) if ids else absent for ids in self.sources], 1
        )


def load_pretrained(name: str) -> ParsingModel:
    """A face parser from the Hugging Face hub or a folder that ``save_pretrained`` wrote.

    Args:
        name: a repository (``owner/name``), downloaded on first use, or a folder.

    Raises:
        UserError: when transformers is not installed; when the network cannot be found or
            downloaded, is damaged, or is no trained segmentation network of face parts.
    """
    try:
        from transformers import AutoImageProcessor, AutoModelForSemanticSegmentation
    except ImportError as error:
        raise UserError(
            f"{name} needs the transformers package: {install_command('hub')}"
        ) from error
    try:
        network, report = AutoModelForSemanticSegmentation.from_pretrained(
            name,
            output_loading_info=True,
            # Left out, transformers would ask whether to execute a repository's own code.
            trust_remote_code=False,
        )
        processor = AutoImageProcessor.from_pretrained(name, trust_remote_code=False)
    except Exception as error:  # hub, JSON, safetensors and transformers each raise their own
        reason = next(filter(str.strip, str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"cannot load the face parser {name!r} ({reason}); check its name and the "
            "network connection, or give a folder that holds its config.json, "
            "preprocessor_config.json and weights"
        ) from error
    if report["missing_keys"]:
        raise UserError(
            f"{name} holds no trained segmentation network: {min(report['missing_keys'])!r} and "
            "maybe more are missing"
        )
    labels = [network.config.id2label[i] for i in range(network.config.num_labels)]
    return ParsingModel(network, labels, _normalization(processor))


def _normalization(processor: Any) -> Normalization:
    """What a transformers image processor does to 8-bit values, told for [0, 1]."""
    scale = 255 * (processor.rescale_factor if processor.do_rescale else 1)
    if not processor.do_normalize:
        return Normalization(scale, (0.0,) * 3, (1.0,) * 3)
    return Normalization(scale, tuple(processor.image_mean), tuple(processor.image_std))

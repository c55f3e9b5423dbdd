"""A door for other people's depth networks: MiDaS (DPT) and Depth Anything, by transformers.

They need no training here, but most of them know depth only as MiDaS defined it (Ranftl et al.,
TPAMI 2022): inverse depth up to an unknown scale and shift. No reciprocal can undo that, since
the shift is unknown (and what is infinitely far is about 0). The inverse is negated instead, so
that near is below far as in any depth map, and ``standardise`` brings the maps of a photo and of
its stylised version to a common scale that the photo's map alone decides.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facestyle.dependencies import install_command
from facestyle.errors import UserError

READABLE = ("dpt", "depth_anything")
"""``model_type`` in the configuration of what can be loaded."""

STANDARD_METRES = 0.1
"""What ``standardise`` makes the standard deviation of the reference: a face's depth."""


class DepthModel(nn.Module):
    """A frozen depth network: always in eval mode, no gradient of its own.

    Attributes:
        metric: it gives metres; otherwise see ``standardise``.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, config: Any, processor: Any) -> None:
        """Wrap a network as transformers has it.

        Args:
            network: pixel values (N, 3, h, w) to an object with ``predicted_depth``, (N, h', w').
            config: its configuration.
            processor: its image processor; only its settings are read.
        """
        super().__init__()
        self.network = network
        self.metric = not _is_inverse(config)
        backbone = getattr(config, "backbone_config", None)
        patch = getattr(backbone or config, "patch_size", None) or config.patch_size
        self.multiple = math.lcm(patch, getattr(processor, "ensure_multiple_of", None) or 1)
        self.square = not getattr(processor, "keep_aspect_ratio", False)
        plain = not processor.do_normalize
        for name, values in (
            ("mean", (0.0,) * 3 if plain else processor.image_mean),
            ("std", (1.0,) * 3 if plain else processor.image_std),
        ):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.eval()

    @classmethod
    def load(cls, source: str) -> DepthModel:
        """Load by name from the Hugging Face hub (once; then from its cache), or from a folder.

        Args:
            source: such as ``depth-anything/Depth-Anything-V2-Small-hf`` or ``Intel/dpt-large``,
                or a folder written by ``save_pretrained`` of network and image processor.

        Raises:
            UserError: when transformers is missing, the network cannot be fetched or read, lacks
                weights, or is of another kind.
        """
        try:
            from transformers import AutoConfig, AutoImageProcessor, AutoModelForDepthEstimation
        except ImportError as error:
            raise UserError(
                f"other people's depth networks need transformers: {install_command('hub')}"
            ) from error
        try:
            # Left out, transformers would ask whether to execute a repository's own code.
            config = AutoConfig.from_pretrained(source, trust_remote_code=False)
            if config.model_type not in READABLE:
                raise UserError(
                    f"{source} is a {config.model_type!r}; only {' and '.join(READABLE)} are read"
                )
            processor = AutoImageProcessor.from_pretrained(source, trust_remote_code=False)
            network, found = AutoModelForDepthEstimation.from_pretrained(
                source,
                config=config,
                dtype=torch.float32,
                output_loading_info=True,
                trust_remote_code=False,
            )
        except UserError:
            raise
        except Exception as error:  # transformers raises almost anything on missing files
            reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
            raise UserError(
                f"cannot load the depth network {source!r} ({reason}); go online once, or give "
                "a folder that holds its config.json, preprocessor_config.json and weights"
            ) from error
        if missing := sorted(found["missing_keys"]):
            raise UserError(f"{source} is no depth network: it has no weights for {missing[0]!r}")
        return cls(network, config, processor)

    def train(self, mode: bool = True) -> DepthModel:
        """Stays in eval mode, whatever is asked for."""
        return super().train(False)

    def forward(self, image: Tensor) -> Tensor:
        """Depth, nearest lowest; gradients reach the image.

        Args:
            image: (N, 3, H, W), RGB in [0, 1]. Normalised here as the network's image processor
                says, and resized to the nearest multiple of its patch size (to a square where
                the processor does not keep the aspect ratio), not to the size it was trained at.

        Returns:
            (N, 1, H, W), float32: metres, or, where not ``metric``, minus relative inverse depth.
        """
        height, width = image.shape[-2:]
        sides = (math.sqrt(height * width),) * 2 if self.square else (height, width)
        size = [max(1, round(side / self.multiple)) * self.multiple for side in sides]
        pixels = (_resize(image, size) - self.mean) / self.std
        found = self.network(pixel_values=pixels).predicted_depth[:, None].float()
        return _resize(found if self.metric else -found, [height, width])


def standardise(depth: Tensor, reference: Tensor) -> Tensor:
    """A map in units of its reference's own relief.

    To compare maps without absolute scale: give the photo's map as the reference of both, its
    own and that of the stylised photo. Had each its own, flattening a face would go unnoticed.

    Args:
        depth: (N, 1, H, W), of any one unit.
        reference: (N, 1, h, w), in the same; it gets no gradient.

    Returns:
        (N, 1, H, W), with the shift and the positive scale, per instance, that give the reference
        the mean 0 and the standard deviation ``STANDARD_METRES``.
    """
    reference = reference.detach().float()
    std, mean = torch.std_mean(reference, (1, 2, 3), correction=0, keepdim=True)
    # A wall seen head-on has no relief; its noise must not become a landscape.
    floor = 1e-3 * reference.abs().mean((1, 2, 3), keepdim=True) + 1e-6
    return (depth.float() - mean) * (STANDARD_METRES / torch.maximum(std, floor))


def _is_inverse(config: Any) -> bool:
    if config.model_type == "depth_anything":
        return bool(config.depth_estimation_type == "relative")
    # MiDaS's own are inverse; DPT heads published on DINOv2 were trained on metres.
    backbone = getattr(config, "backbone_config", None)
    return getattr(backbone, "model_type", None) != "dinov2"


def _resize(x: Tensor, size: list[int]) -> Tensor:
    if list(x.shape[-2:]) == size:
        return x
    return F.interpolate(x, size, mode="bilinear", align_corners=False)

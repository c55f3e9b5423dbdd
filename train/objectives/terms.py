"""The terms that a recipe can name: each a thin reading of a ``Scene`` by pure functions.

A term that a paper defines at full strength is asked at strength s for what lies s of the way
from the photo to it; at strength 1 it is the paper's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from facestyle.adain import adain
from train.auxiliary.face_classes import merge_logits
from train.objectives import (
    color,
    content,
    depth,
    face,
    lattice,
    motion,
    similarity,
    smoothness,
    style,
)
from train.objectives.scene import Scene, View
from train.perceptual import Features

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")

LEAST_BACKGROUND = 0.01
"""Part of the photo below which there is no background to speak of."""

Layers = tuple[str, ...]
Looked = Mapping[str, Features]


@dataclass(frozen=True)
class Term:
    """A line of a recipe.

    Attributes:
        compute: what it measures, (N,), of a scene at the given layers.
        reference: paper and equation.
        layers: of the perceptual network, where the recipe names none.
        depth: needs a depth network.
        parts: needs a face parsing network, to look at photo and output.
        face: needs one to find the face in the photo.
        frames: needs a second frame, moved and painted.
        rounded: needs the output of an 8-bit file.
        coarse: needs features of images in half size.
        marks: needs features of luminance detail.
    """

    compute: Callable[[Scene, Layers], Tensor]
    reference: str
    layers: Layers = ()
    depth: bool = False
    parts: bool = False
    face: bool = False
    frames: bool = False
    rounded: bool = False
    coarse: bool = False
    marks: bool = False


def _present(found: Tensor | None) -> Tensor:
    assert found is not None, "the style task looks at all that the terms declare"
    return found


def _statistics(view: View, layer: str) -> tuple[Tensor, Tensor]:
    return style.statistics(view.features[layer].full)


def content_term(scene: Scene, layers: Layers) -> Tensor:
    """Distance to the AdaIN output."""
    total = torch.zeros_like(scene.strength)
    for layer in layers:
        mean, std = _statistics(scene.painting, layer)
        target = adain(
            scene.photo.features[layer].full.float(),
            mean[..., None, None],
            std[..., None, None],
            scene.strength[:, None, None, None],
        )
        total = total + content.content_loss(scene.output.features[layer].full, target)
    return total


def style_term(scene: Scene, layers: Layers) -> Tensor:
    """Distance of means and stds."""
    total, share = torch.zeros_like(scene.strength), scene.strength[:, None]
    for layer in layers:
        mean, std = (
            torch.lerp(c, s, share)
            for c, s in zip(_statistics(scene.photo, layer), _statistics(scene.painting, layer))
        )
        total = total + style.statistics_loss(scene.output.features[layer].full, mean, std)
    return total


def gram_term(scene: Scene, layers: Layers, mask: Tensor | None = None) -> Tensor:
    """Relative distance of Gram matrices, averaged over the layers; masked in the photo."""
    total, share = torch.zeros_like(scene.strength), scene.strength[:, None, None]
    for layer in layers:
        photo, output = (
            style.gram(view.features[layer].narrow, mask) for view in (scene.photo, scene.output)
        )
        painting = style.gram(scene.painting.features[layer].narrow)
        total = total + style.gram_loss(output, torch.lerp(photo, painting, share))
    return total / len(layers)


def _texture(output: Looked, painting: Looked, strength: Tensor, layers: Layers) -> Tensor:
    """Relative distance of Gram matrices of VGG's own channels, at strength 1 only."""
    distances = [
        style.relative_distance(style.gram(output[n].full), style.gram(painting[n].full))
        for n in layers
    ]
    return (strength >= 1) * torch.stack(distances).mean(0)


def texture_term(scene: Scene, layers: Layers) -> Tensor:
    """Of the pictures in full size (twice) and in half size."""
    output, painting, strength = scene.output, scene.painting, scene.strength
    fine = _texture(output.features, painting.features, strength, layers)
    return (2 * fine + _texture(output.coarse, painting.coarse, strength, layers)) / 3


def stroke_term(scene: Scene, layers: Layers) -> Tensor:
    """Of luminance detail: the painting's marks, whatever its palette."""
    return _texture(scene.output.marks, scene.painting.marks, scene.strength, layers)


def palette_term(scene: Scene, _: Layers) -> Tensor:
    """Distance of areas of colour, the more the stronger the strength."""
    return scene.strength * color.palette_loss(scene.output.image, scene.painting.image)


def background_style_term(scene: Scene, layers: Layers) -> Tensor:
    """The same for what the photo shows behind the person, wherever it does."""
    background = merge_logits(_present(scene.photo.parts)).softmax(1)[:, :1]
    # A selfie that fills the frame has no background to paint.
    shown = background.mean((1, 2, 3)) > LEAST_BACKGROUND
    return shown * gram_term(scene, layers, background)


def structure_term(scene: Scene, layers: Layers) -> Tensor:
    """Distance of instance-normalised features."""
    total = torch.zeros_like(scene.strength)
    for layer in layers:
        own, photo = (view.features[layer].narrow for view in (scene.output, scene.photo))
        total = total + content.structure_loss(own, photo)
    return total


def _depth_term(scene: Scene, _: Layers) -> Tensor:
    return depth.depth_loss(_present(scene.output.depth), _present(scene.photo.depth))


def _between_parts(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Scene, Layers], Tensor]:
    return lambda scene, _: loss(_present(scene.output.parts), _present(scene.photo.parts))


def _between_images(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Scene, Layers], Tensor]:
    return lambda scene, _: loss(scene.output.image.float(), scene.photo.image.float())


def _on_the_face(
    loss: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Callable[[Scene, Layers], Tensor]:
    return lambda scene, _: loss(scene.output.image, scene.photo.image, _present(scene.photo.face))


def lattice_term(scene: Scene, _: Layers) -> Tensor:
    """Of the whole batch, the same for every instance."""
    return lattice.lattice_loss(scene.output.image).expand_as(scene.strength)


def flicker_term(scene: Scene, _: Layers) -> Tensor:
    """Of the instances that have a second frame."""
    assert scene.frames is not None, "the style task moves what the terms declare"
    return motion.flicker_loss(scene.frames.followed, scene.frames.second, scene.frames.shown)


def rounding_term(scene: Scene, _: Layers) -> Tensor:
    """Of the instances that have a rounded output: the mean of fourth powers, and its root.

    A mean of squares would not see the few pixels, at edges, that 8-bit files get all wrong.
    """
    rounded = _present(scene.rounded)
    difference = rounded.float() - scene.output.image[-len(rounded) :].float()
    return (difference.square().square().mean((1, 2, 3)) + 1e-12) ** 0.25 - 1e-3


def variation_term(scene: Scene, _: Layers) -> Tensor:
    """Total variation, where the output is painted."""
    return scene.strength * smoothness.total_variation(scene.output.image.float())


def reconstruction_term(scene: Scene, _: Layers) -> Tensor:
    """Distance to the photo, the more the weaker the strength."""
    difference = (scene.output.image.float() - scene.photo.image.float()).abs().mean((1, 2, 3))
    return (1 - scene.strength) ** 2 * difference


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        "content": Term(content_term, "paper 1, section 3; AdaIN, Eq. 12", ("relu4_1",)),
        "style": Term(style_term, "paper 1, Eq. 4", STYLE_LAYERS),
        "gram": Term(gram_term, "Gatys et al. 2016; papers 3 and 5", STYLE_LAYERS),
        "background_style": Term(
            background_style_term, "paper 4", ("relu1_1", "relu2_1", "relu3_1"), parts=True
        ),
        "texture": Term(
            texture_term, "Gatys et al. 2016, at two scales", STYLE_LAYERS, coarse=True
        ),
        "stroke": Term(stroke_term, "ours: the painting's marks", STYLE_LAYERS, marks=True),
        "palette": Term(palette_term, "ours: sliced Wasserstein distance of colours"),
        "soft_color": Term(
            _on_the_face(color.soft_color_loss), "ours: no patches on faces", face=True
        ),
        "flat_slope": Term(_between_images(color.flat_slope_loss), "ours: no halos, no bands"),
        "structure": Term(structure_term, "ours: content blind to the palette", ("relu4_1",)),
        "fine_structure": Term(structure_term, "the same, nearer to the pixels", ("relu3_1",)),
        "depth": Term(_depth_term, "paper 1, section 4.1.1", depth=True),
        "face": Term(_between_parts(face.probability_l2), "paper 1, section 5", parts=True),
        "face_parts": Term(
            _between_parts(face.feature_margin), "ours: paper 1 asks for a better one", parts=True
        ),
        "face_similarity": Term(
            _on_the_face(similarity.ssim_loss), "ours: SSIM on the face", face=True
        ),
        "face_gradients": Term(
            _on_the_face(similarity.gradient_loss), "ours: FSIM's and GMSD's gradients", face=True
        ),
        "laplacian": Term(_between_images(content.laplacian_loss), "paper 5"),
        "edges": Term(_between_images(content.edge_structure_loss), "ours: SSIM's structure"),
        "variation": Term(variation_term, "total variation; papers 3 and 4"),
        "flat_noise": Term(_between_images(smoothness.flat_noise_loss), "ours: no dots"),
        "skin_noise": Term(
            _on_the_face(smoothness.flat_noise_loss), "ours: no dots on skin", face=True
        ),
        "lattice": Term(lattice_term, "ours: no lattice in the spectrum"),
        "flicker": Term(flicker_term, "Wang et al. 2020: steady on video", frames=True),
        "rounding": Term(rounding_term, "ours: 8-bit files paint alike", rounded=True),
        "border": Term(_between_images(smoothness.border_loss), "ours: no rim"),
        "reconstruction": Term(reconstruction_term, "ours: strength 0 gives back the photo"),
    }
)
"""Every term by its name in a recipe."""

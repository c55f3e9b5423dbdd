"""The terms that a recipe can name: each a thin reading of a ``LossInputs`` by pure functions.

A term that a paper defines at full strength is asked at strength s for what lies s of the way
from the photo to it; at strength 1 it is the paper's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from facestyle.adain import adain, statistics
from facestyle.errors import UserError, unknown
from train.auxiliary.face_classes import merge_logits
from train.auxiliary.perceptual import Features
from train.auxiliary.registry import AUXILIARY, DEPTH, FACE, PERCEPTUAL
from train.objectives import (
    checkerboard,
    color,
    content,
    depth,
    face,
    motion,
    similarity,
    smoothness,
    style,
)
from train.objectives.loss_inputs import (
    COARSE,
    FACE_MASK,
    FRAMES,
    MADE_BY,
    MARKS,
    QUANTIZED,
    ImageFeatures,
    LossInputs,
)
from train.recipe import Recipe

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")

LEAST_BACKGROUND = 0.01
"""Part of the photo below which there is no background to speak of."""

Layers = tuple[str, ...]
Looked = Mapping[str, Features]


@dataclass(frozen=True)
class Term:
    """A line of a recipe.

    Attributes:
        compute: what it measures, (N,), of a batch's loss inputs at the given layers.
        reference: paper and equation.
        layers: of the perceptual network, where the recipe names none.
        needs: what must be in the loss inputs beside the images and the features of ``layers``:
            kinds of auxiliary networks, which then see output and photo, and names of
            ``train.objectives.loss_inputs``.
    """

    compute: Callable[[LossInputs, Layers], Tensor]
    reference: str
    layers: Layers = ()
    needs: tuple[str, ...] = ()

    def auxiliary(self) -> frozenset[str]:
        """The kinds of auxiliary networks that take part."""
        named = {MADE_BY.get(need, need) for need in self.needs}
        return frozenset(named & AUXILIARY.keys() | ({PERCEPTUAL} if self.layers else set()))


def select(recipe: Recipe, provided: frozenset[str]) -> dict[str, Term]:
    """The terms of a recipe.

    Args:
        recipe: which names them.
        provided: what a task puts into the loss inputs beside what auxiliary networks see.

    Raises:
        UserError: for an unknown term, or one that needs what the task does not provide.
    """
    for name in recipe.weights:
        if name not in TERMS:
            raise unknown("term", name, TERMS)
        if missing := set(TERMS[name].needs) - AUXILIARY.keys() - provided:
            raise UserError(
                f"the term {name!r} needs {', '.join(sorted(missing))}, which the task "
                f"{recipe.task!r} does not provide; leave it out, or use a recipe of another task"
            )
    return {name: TERMS[name] for name in recipe.weights}


def _present(found: Tensor | None) -> Tensor:
    assert found is not None, "a task provides what its terms need"
    return found


def _statistics(image: ImageFeatures, layer: str) -> tuple[Tensor, Tensor]:
    return statistics(image.features[layer].full)


def content_term(inputs: LossInputs, layers: Layers) -> Tensor:
    """Distance to the AdaIN output."""
    total = torch.zeros_like(inputs.strength)
    for layer in layers:
        mean, std = _statistics(inputs.painting, layer)
        target = adain(
            inputs.photo.features[layer].full.float(),
            mean[..., None, None],
            std[..., None, None],
            inputs.strength[:, None, None, None],
        )
        total = total + content.content_loss(inputs.output.features[layer].full, target)
    return total


def style_term(inputs: LossInputs, layers: Layers) -> Tensor:
    """Distance of means and stds."""
    total, share = torch.zeros_like(inputs.strength), inputs.strength[:, None]
    for layer in layers:
        mean, std = (
            torch.lerp(c, s, share)
            for c, s in zip(_statistics(inputs.photo, layer), _statistics(inputs.painting, layer))
        )
        total = total + style.statistics_loss(inputs.output.features[layer].full, mean, std)
    return total


def gram_term(inputs: LossInputs, layers: Layers, mask: Tensor | None = None) -> Tensor:
    """Relative distance of Gram matrices, averaged over the layers; masked in the photo."""
    total, share = torch.zeros_like(inputs.strength), inputs.strength[:, None, None]
    for layer in layers:
        photo, output = (
            style.gram(image.features[layer].narrow, mask)
            for image in (inputs.photo, inputs.output)
        )
        painting = style.gram(inputs.painting.features[layer].narrow)
        total = total + style.gram_loss(output, torch.lerp(photo, painting, share))
    return total / len(layers)


def _texture(output: Looked, painting: Looked, strength: Tensor, layers: Layers) -> Tensor:
    """Relative distance of Gram matrices of VGG's own channels, at strength 1 only."""
    distances = [
        style.relative_distance(style.gram(output[n].full), style.gram(painting[n].full))
        for n in layers
    ]
    return (strength >= 1) * torch.stack(distances).mean(0)


def texture_term(inputs: LossInputs, layers: Layers) -> Tensor:
    """Of the pictures in full size (twice) and in half size."""
    output, painting, strength = inputs.output, inputs.painting, inputs.strength
    fine = _texture(output.features, painting.features, strength, layers)
    return (2 * fine + _texture(output.coarse, painting.coarse, strength, layers)) / 3


def stroke_term(inputs: LossInputs, layers: Layers) -> Tensor:
    """Of luminance detail: the painting's marks, whatever its palette."""
    return _texture(inputs.output.marks, inputs.painting.marks, inputs.strength, layers)


def palette_term(inputs: LossInputs, _: Layers) -> Tensor:
    """Distance of areas of colour, the more the stronger the strength."""
    return inputs.strength * color.palette_loss(inputs.output.image, inputs.painting.image)


def background_style_term(inputs: LossInputs, layers: Layers) -> Tensor:
    """The same for what the photo shows behind the person, wherever it does."""
    background = merge_logits(inputs.photo.seen[FACE]).softmax(1)[:, :1]
    # A selfie that fills the frame has no background to paint.
    shown = background.mean((1, 2, 3)) > LEAST_BACKGROUND
    return shown * gram_term(inputs, layers, background)


def structure_term(inputs: LossInputs, layers: Layers) -> Tensor:
    """Distance of instance-normalised features."""
    total = torch.zeros_like(inputs.strength)
    for layer in layers:
        own, photo = (image.features[layer].narrow for image in (inputs.output, inputs.photo))
        total = total + content.structure_loss(own, photo)
    return total


def _depth_term(inputs: LossInputs, _: Layers) -> Tensor:
    return depth.depth_loss(inputs.output.seen[DEPTH], inputs.photo.seen[DEPTH])


def _between_parts(
    loss: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[LossInputs, Layers], Tensor]:
    return lambda inputs, _: loss(inputs.output.seen[FACE], inputs.photo.seen[FACE])


def _between_images(
    loss: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[LossInputs, Layers], Tensor]:
    return lambda inputs, _: loss(inputs.output.image.float(), inputs.photo.image.float())


def _on_the_face(
    loss: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Callable[[LossInputs, Layers], Tensor]:
    return lambda inputs, _: loss(
        inputs.output.image, inputs.photo.image, _present(inputs.photo.face_mask)
    )


def checkerboard_term(inputs: LossInputs, _: Layers) -> Tensor:
    """Of the whole batch, the same for every instance."""
    return checkerboard.checkerboard_loss(inputs.output.image).expand_as(inputs.strength)


def flicker_term(inputs: LossInputs, _: Layers) -> Tensor:
    """Of the instances that have a second frame."""
    assert inputs.frames is not None, "a task provides what its terms need"
    return motion.flicker_loss(inputs.frames.followed, inputs.frames.second, inputs.frames.shown)


def quantization_noise_term(inputs: LossInputs, _: Layers) -> Tensor:
    """Of the instances that have a quantized output: the mean of fourth powers, and its root.

    A mean of squares would not see the few pixels, at edges, that 8-bit files get all wrong.
    """
    quantized = _present(inputs.quantized)
    difference = quantized.float() - inputs.output.image[-len(quantized) :].float()
    return (difference.square().square().mean((1, 2, 3)) + 1e-12) ** 0.25 - 1e-3


def variation_term(inputs: LossInputs, _: Layers) -> Tensor:
    """Total variation, where the output is painted."""
    return inputs.strength * smoothness.total_variation(inputs.output.image.float())


def reconstruction_term(inputs: LossInputs, _: Layers) -> Tensor:
    """Distance to the photo, the more the weaker the strength."""
    difference = (inputs.output.image.float() - inputs.photo.image.float()).abs().mean((1, 2, 3))
    return (1 - inputs.strength) ** 2 * difference


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        "content": Term(content_term, "paper 1, section 3; AdaIN, Eq. 12", ("relu4_1",)),
        "style": Term(style_term, "paper 1, Eq. 4", STYLE_LAYERS),
        "gram": Term(gram_term, "Gatys et al. 2016; papers 3 and 5", STYLE_LAYERS),
        "background_style": Term(
            background_style_term,
            "paper 4",
            ("relu1_1", "relu2_1", "relu3_1"),
            needs=(FACE,),
        ),
        "texture": Term(
            texture_term,
            "Gatys et al. 2016, at two scales",
            STYLE_LAYERS,
            needs=(COARSE,),
        ),
        "stroke": Term(stroke_term, "ours: the painting's marks", STYLE_LAYERS, needs=(MARKS,)),
        "palette": Term(palette_term, "ours: sliced Wasserstein distance of colours"),
        "soft_color": Term(
            _on_the_face(color.soft_color_loss),
            "ours: no patches on faces",
            needs=(FACE_MASK,),
        ),
        "flat_slope": Term(_between_images(color.flat_slope_loss), "ours: no halos, no bands"),
        "structure": Term(structure_term, "ours: content blind to the palette", ("relu4_1",)),
        "fine_structure": Term(structure_term, "the same, nearer to the pixels", ("relu3_1",)),
        "depth": Term(_depth_term, "paper 1, section 4.1.1", needs=(DEPTH,)),
        "face": Term(_between_parts(face.probability_l2), "paper 1, section 5", needs=(FACE,)),
        "face_parts": Term(
            _between_parts(face.feature_margin),
            "ours: paper 1 asks for a better one",
            needs=(FACE,),
        ),
        "face_similarity": Term(
            _on_the_face(similarity.ssim_loss),
            "ours: SSIM on the face",
            needs=(FACE_MASK,),
        ),
        "face_gradients": Term(
            _on_the_face(similarity.gradient_loss),
            "ours: FSIM's and GMSD's gradients",
            needs=(FACE_MASK,),
        ),
        "laplacian": Term(_between_images(content.laplacian_loss), "paper 5"),
        "edges": Term(_between_images(content.edge_structure_loss), "ours: SSIM's structure"),
        "variation": Term(variation_term, "total variation; papers 3 and 4"),
        "flat_noise": Term(_between_images(smoothness.flat_noise_loss), "ours: no dots"),
        "skin_noise": Term(
            _on_the_face(smoothness.flat_noise_loss),
            "ours: no dots on skin",
            needs=(FACE_MASK,),
        ),
        "lattice": Term(checkerboard_term, "ours: no lattice in the spectrum"),
        "flicker": Term(flicker_term, "Wang et al. 2020: steady on video", needs=(FRAMES,)),
        "rounding": Term(
            quantization_noise_term, "ours: 8-bit files paint alike", needs=(QUANTIZED,)
        ),
        "border": Term(_between_images(smoothness.border_loss), "ours: no rim"),
        "reconstruction": Term(reconstruction_term, "ours: strength 0 gives back the photo"),
    }
)
"""Every term by its name in a recipe."""

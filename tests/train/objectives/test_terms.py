"""The terms that recipes make of losses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from train.auxiliary.face_classes import CLASSES
from train.auxiliary.perceptual import Features
from train.auxiliary.registry import DEPTH, FACE
from train.objectives.loss_inputs import Frames, ImageFeatures, LossInputs
from train.objectives.terms import STYLE_LAYERS, TERMS


def seen(seed: int) -> ImageFeatures:
    """An image whose networks see noise."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    full = {layer: noise(2, 6, 8, 8) for layer in STYLE_LAYERS}
    features = {layer: Features(value, value) for layer, value in full.items()}
    return ImageFeatures(
        image=noise(2, 3, 32, 32),
        features=features,
        coarse=features,
        marks=features,
        seen={DEPTH: 2 + noise(2, 1, 16, 16), FACE: 8 * noise(2, len(CLASSES), 4, 4)},
        face_mask=noise(2, 1, 32, 32),
    )


def frames(first: ImageFeatures, second: ImageFeatures) -> Frames:
    """Two frames of which everything can be compared."""
    return Frames(first.image, second.image, torch.ones(2, 32, 32, dtype=torch.bool))


@pytest.fixture(scope="module")
def inputs() -> LossInputs:
    strength = torch.tensor([1.0, 0.4])
    return LossInputs(
        seen(0), seen(1), seen(2), strength, frames(seen(0), seen(1)), quantized=seen(3).image
    )


@pytest.mark.parametrize("name", TERMS)
def test_terms_give_a_value_an_instance_and_cite_their_source(
    name: str, inputs: LossInputs
) -> None:
    term = TERMS[name]
    values = term.compute(inputs, term.layers)
    assert values.shape == (2,)
    assert (values >= 0).all()
    assert values.max() > 0
    assert term.reference


@pytest.mark.parametrize(
    # Those left out do not look at the photo, or at how flat a photo is, which noise is not.
    "name",
    [n for n in TERMS if n not in ("style", "gram", "background_style", "lattice", "flat_slope")],
)
def test_a_photo_left_alone_costs_nothing_at_strength_0(name: str, inputs: LossInputs) -> None:
    photo = inputs.photo
    still = frames(photo, photo)
    untouched = replace(
        inputs, output=photo, strength=torch.zeros(2), frames=still, quantized=photo.image
    )
    term = TERMS[name]
    assert torch.allclose(term.compute(untouched, term.layers), torch.zeros(2), atol=1e-4)


@pytest.mark.parametrize("name", ["texture", "stroke"])
def test_texture_is_asked_for_at_strength_1_only(name: str, inputs: LossInputs) -> None:
    term = TERMS[name]
    values = term.compute(inputs, term.layers)
    assert values[0] > 0.01 and values[1] == 0
    there = replace(inputs, output=inputs.painting)
    # The root of a small constant is what is left of a distance of nothing.
    assert (term.compute(there, term.layers) < 0.01).all()


@pytest.mark.parametrize("name", ["style", "gram"])
def test_style_is_the_paintings_at_strength_1_and_the_photos_at_0(
    name: str, inputs: LossInputs
) -> None:
    term = TERMS[name]
    for image, strength in ((inputs.painting, 1.0), (inputs.photo, 0.0)):
        there = replace(inputs, output=image, strength=torch.full((2,), strength))
        assert torch.allclose(term.compute(there, term.layers), torch.zeros(2), atol=1e-5)


def test_content_target_is_adain_of_the_features(inputs: LossInputs) -> None:
    """Worked out by the definition, Eq. 1, for the instance at strength 1."""
    photo, painting, output = (
        v.features["relu4_1"].full[:1] for v in (inputs.photo, inputs.painting, inputs.output)
    )
    std, mean = torch.std_mean(photo, (2, 3), correction=0, keepdim=True)
    new_std, new_mean = torch.std_mean(painting, (2, 3), correction=0, keepdim=True)
    target = (photo - mean) / std * new_std + new_mean
    expected = (output - target).square().mean()
    assert TERMS["content"].compute(inputs, ("relu4_1",))[0] == pytest.approx(
        float(expected), rel=1e-3
    )


def test_background_style_leaves_portraits_without_background_alone(inputs: LossInputs) -> None:
    parts = torch.full((2, len(CLASSES), 4, 4), -20.0)
    parts[:, 1] = 20
    filled = replace(inputs, photo=replace(inputs.photo, seen={FACE: parts}))
    term = TERMS["background_style"]
    assert term.compute(filled, term.layers).max() == 0


def test_rounding_sees_single_pixels(inputs: LossInputs) -> None:
    """A hundredth everywhere counts for less than one pixel that is all wrong."""
    term = TERMS["rounding"]
    even = inputs.output.image + 0.01
    single = inputs.output.image.clone()
    single[..., 5, 7] += 0.5
    assert (
        term.compute(replace(inputs, quantized=even), ()).max()
        < 0.2 * term.compute(replace(inputs, quantized=single), ()).min()
    )


def test_rounding_is_of_the_last_instances(inputs: LossInputs) -> None:
    last = replace(inputs, quantized=inputs.output.image[1:])
    assert TERMS["rounding"].compute(last, ()).tolist() == pytest.approx([0], abs=1e-6)

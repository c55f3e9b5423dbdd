"""Which judges trained the model that they judge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.quality import judge_independence
from benchmarks.quality.models_under_test import ModelUnderTest
from facestyle import checkpoint
from tests.benchmarks.quality.conftest import model
from train import provenance, recipes
from train.auxiliary.registry import DEPTH, FACE, PERCEPTUAL, Record

VGG = Record(PERCEPTUAL, "vgg19.pth", "a" * 12)


RELIEF = Record(DEPTH, "depth_v3_small", "b" * 12)


PARSER = Record(FACE, "bisenet_small", "c" * 12)


JUDGES = (VGG, RELIEF, PARSER, Record("VGG-16 of HED", "VGG-16 of HED", ""))
"""The last is one that no training here can use."""


def trained(judged: ModelUnderTest) -> tuple[judge_independence.Known, ...]:
    return tuple(judge_independence.took_part(judged, judge) for judge in JUDGES)


def test_who_trained_the_shipped_weights() -> None:
    shipped = checkpoint.load()
    judged = dataclasses.replace(
        model(), metadata=shipped.metadata, fingerprint=shipped.fingerprint
    )
    assert trained(judged) == (True, True, True, False)


def test_who_trained_by_a_recipes_name() -> None:
    assert trained(model()) == (None, None, None, None)
    assert trained(model(recipe="my_own")) == (None, None, None, None)
    assert trained(model(recipe="depth_adain")) == (True, True, None, False)
    assert trained(model(recipe="face_adain")) == (True, None, True, False)
    assert trained(dataclasses.replace(model(), untrained=True)) == (False,) * 4


def test_who_trained_by_the_recipe_beside_the_weights(tmp_path: Path) -> None:
    tomli_w = pytest.importorskip("tomli_w")
    recipe = recipes.load("depth_adain", None, ("auxiliary.depth=other.safetensors",))
    (tmp_path / "recipe.toml").write_text(tomli_w.dumps(recipe.tables()))
    judged = model(recipe="depth_adain", recipe_fingerprint=recipe.fingerprint)
    judged = dataclasses.replace(judged, path=tmp_path / "mobile.safetensors")
    assert trained(judged) == (True, False, False, False)
    other = dataclasses.replace(judged, metadata={**judged.metadata, "recipe_fingerprint": "0"})
    assert trained(other) == (True, True, None, False)


def metadata_of(
    *records: Record, start: str = "", began_from: Sequence[dict[str, str]] = ()
) -> dict[str, str]:
    recipe = recipes.load("depth_adain", "mobile", (f"start='{start}'",))
    return provenance.metadata(recipe, "revision", records, began_from)


def test_who_trained_by_the_metadata_of_the_weights() -> None:
    """Another depth network than the judge; and a VGG-19 is a VGG-19, distilled or not."""
    other = Record(DEPTH, "depth_v3_small", "d" * 12)
    distilled = Record(PERCEPTUAL, "vgg19_distilled.safetensors", "e" * 12)
    assert trained(model(**metadata_of(other, distilled))) == (True, False, False, False)
    assert trained(model(**metadata_of(RELIEF))) == (False, True, False, False)
    assert trained(model(**metadata_of())) == (False, False, False, False)


def test_who_trained_what_a_training_began_from() -> None:
    """What trained the starting weights is remembered; where they do not say, it is unknown."""
    first = metadata_of(PARSER)
    second = metadata_of(RELIEF, start="first.safetensors", began_from=[first])
    third = metadata_of(start="second.safetensors", began_from=[second])
    assert trained(model(**second)) == trained(model(**third)) == (False, True, True, False)
    unknown = metadata_of(RELIEF, start="public.pth", began_from=[{}])
    assert trained(model(**unknown)) == (None, True, None, None)


def test_several_models_are_answered_for_together() -> None:
    assert judge_independence.together([False, False]) is False
    assert judge_independence.together([False, None]) is None
    assert judge_independence.together([None, True]) is True

"""Which of the judges took part in the training of the model that they judge, as far as is known.

Derived from what the model's own file says (``train.provenance``). Files of before 2026-11-28 name
their recipe only: then it is derived from the recipe.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence

from benchmarks.quality.models_under_test import ModelUnderTest
from facestyle.errors import UserError
from train import provenance, recipes
from train.auxiliary.registry import AUXILIARY, PERCEPTUAL, Record
from train.objectives.terms import TERMS
from train.recipe import Recipe, fingerprint

RECIPE = "recipe.toml"
"""Beside the weights in a run's folder."""

Known = bool | None
"""None is unknown."""


def took_part(model: ModelUnderTest, judge: Record) -> Known:
    """Whether a judge, or for the perceptual one a network alike, was in a model's loss.

    Args:
        model: the model.
        judge: its kind, name and fingerprint; of a kind that is not in ``AUXILIARY`` where no
            training here can use it.
    """
    if model.untrained:
        return False
    if any(_same(judge, record) for record in provenance.own_records(model.metadata)):
        return True
    records = provenance.auxiliary_records(model.metadata)
    if records is not None:
        return any(_same(judge, record) for record in records)
    if "auxiliary" in model.metadata:
        return None
    return _by_recipe(model, judge)


def together(answers: Sequence[Known]) -> Known:
    """For several models: True if it is so of any, False if of none."""
    if any(answers):
        return True
    return None if None in answers else False


def _same(judge: Record, record: Record) -> bool:
    if judge.kind == record.kind == PERCEPTUAL:
        return True  # VGG-19, whole or distilled: they see alike
    return judge.fingerprint == record.fingerprint


def _by_recipe(model: ModelUnderTest, judge: Record) -> Known:
    recipe, exact = _recipe(model)
    if recipe is None:
        return None
    if judge.kind not in AUXILIARY:
        return False  # no recipe of that time could name it
    if judge.kind not in _kinds(recipe):
        # A recipe's name tells what took part, but --set may have added more, and so may what
        # the run began from.
        return False if exact and not recipe.start else None
    if judge.kind == PERCEPTUAL or recipe.auxiliary[judge.kind] == judge.name:
        return True
    return False if exact and not recipe.start else None


def _kinds(recipe: Recipe) -> set[str]:
    named: Iterable[frozenset[str]] = (
        TERMS[name].auxiliary() for name in recipe.weights if name in TERMS
    )
    return set().union(*named)


def _recipe(model: ModelUnderTest) -> tuple[Recipe | None, bool]:
    """The recipe that a model was trained by, and whether it is that to the letter."""
    beside = model.path.with_name(RECIPE)
    wanted = model.metadata.get("recipe_fingerprint")
    if wanted and beside.is_file():
        try:
            tables = tomllib.loads(beside.read_text(encoding="utf-8"))
            if fingerprint(tables) == wanted:
                return recipes.read(tables), True
        except (UserError, OSError, ValueError):
            pass
    name = model.metadata.get("recipe")
    return (recipes.load(name), False) if name in recipes.names() else (None, False)

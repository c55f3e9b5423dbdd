"""Which of the judges trained the model that they judge, as far as it is known."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality import watched
from benchmarks.quality.subjects import Subject
from facestyle.errors import UserError
from train import recipes
from train.objectives.terms import TERMS
from train.recipe import Recipe

RECIPE = "recipe.toml"
"""Beside the weights in a run's folder."""

Known = bool | None


def perceptual(subject: Subject) -> Known:
    """Whether features of a VGG-19, this one's or alike, were in the loss."""
    recipe, _ = _recipe(subject)
    if recipe is None:
        return False if subject.untrained else None
    return any(TERMS[name].layers for name in recipe.weights)


def depth(subject: Subject) -> Known:
    """Whether the depth network that judges was in the loss."""
    recipe, exact = _recipe(subject)
    if recipe is None:
        return False if subject.untrained else None
    used = any(TERMS[name].depth for name in recipe.weights)
    return _known(used and recipe.auxiliary.depth == watched.DEPTH, exact)


def parsing(subject: Subject) -> Known:
    """Whether the face parser that judges was in the loss."""
    recipe, exact = _recipe(subject)
    if recipe is None:
        return False if subject.untrained else None
    used = any(TERMS[name].parts for name in recipe.weights)
    return _known(used and recipe.auxiliary.face == watched.PARSING, exact)


def together(answers: Sequence[Known]) -> Known:
    """For several models: True if it is so of any, False if of none."""
    if any(answers):
        return True
    return None if None in answers else False


def _known(used: bool, exact: bool) -> Known:
    """A recipe's name tells what took part, but --set may have added more."""
    return used if used or exact else None


def _recipe(subject: Subject) -> tuple[Recipe | None, bool]:
    """The recipe that a model was trained by, and whether it is that to the letter."""
    beside = subject.path.with_name(RECIPE)
    wanted = subject.metadata.get("recipe_fingerprint")
    if wanted and beside.is_file():
        recipe = _read(beside)
        if recipe is not None and recipe.fingerprint == wanted:
            return recipe, True
    name = subject.metadata.get("recipe")
    return (recipes.load(name), False) if name in recipes.names() else (None, False)


def _read(path: Path) -> Recipe | None:
    try:
        return recipes.read(tomllib.loads(path.read_text(encoding="utf-8")))
    except (UserError, OSError, ValueError):
        return None

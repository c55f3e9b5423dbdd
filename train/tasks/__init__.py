"""What can be trained: style networks, one or several, a depth network, a face parser.

A task is a module whose forward pass turns a batch into the values of a recipe's terms; the
engine knows nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable

from train.recipe import Recipe
from train.tasks.task import Task


def create(recipe: Recipe) -> Task:
    """The task of a recipe, with data and networks loaded.

    Raises:
        UserError: when data, weights or names are missing or make no sense.
    """
    from train.tasks.depth import DepthTask
    from train.tasks.joint import JointTask
    from train.tasks.parsing import ParsingTask
    from train.tasks.style import StyleTask

    kinds: dict[str, Callable[[Recipe], Task]] = {
        "style": StyleTask,
        "joint": JointTask,
        "depth": DepthTask,
        "parsing": ParsingTask,
    }
    return kinds[recipe.task](recipe)

"""The examples in the docstrings of ``facestyle`` and of the terms of the loss."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import facestyle
import train.objectives

MODULES = [
    module.name
    for package in (facestyle, train.objectives)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_right(name: str) -> None:
    result = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = {
        name: sum(len(found.examples) for found in finder.find(import_module(name)))
        for name in MODULES
    }
    assert sum(examples.values()) >= 30
    losses = [name for name in MODULES if name.startswith("train.objectives.")]
    without = {name for name in losses if not examples[name]}
    assert without <= {"train.objectives.loss_inputs", "train.objectives.terms"}

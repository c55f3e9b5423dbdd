"""The examples in the docstrings of ``facestyle``, ``export`` and of the terms of the loss."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import export
import facestyle
import train.objectives

CONVERTERS = {"export.convert.tensorflow_graph"}
"""Modules that import a converter, which takes seconds."""

MODULES = [
    module.name
    for package in (facestyle, export, train.objectives)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if module.name not in CONVERTERS
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
    for package, least in (("facestyle", 25), ("export", 40), ("train", 20)):
        found = sum(n for name, n in examples.items() if name.split(".")[0] == package)
        assert found >= least, (package, found)
    losses = [name for name in MODULES if name.startswith("train.objectives.")]
    without = {name for name in losses if not examples[name]}
    assert without <= {"train.objectives.loss_inputs", "train.objectives.terms"}

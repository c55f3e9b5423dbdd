"""No test reaches for a private name: what is worth a test of its own is public."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = sorted(
    path for folder in ("tests", "coreml_reference/tests") for path in (ROOT / folder).rglob("*.py")
)

PUBLIC = {"_asdict", "_field_defaults", "_fields", "_make", "_replace"}
"""Of named tuples."""

OTHERS = {
    # PyTorch documents TorchDispatchMode, and has it nowhere else.
    "tests/export/verify/test_fp16_range.py": {"_python_dispatch"},
    # coremltools compresses by public functions, and undoes it by private ones.
    "coreml_reference/tests/test_network_files.py": {"_dequantize_nn_spec"},
}
"""Private names of other packages, where nothing public does the same."""

BY_NAME = {"getattr", "setattr", "delattr", "hasattr"}
"""Functions and methods (of ``monkeypatch``) that take a name as text."""


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in PUBLIC


def reached_for(source: str) -> set[str]:
    """Private names that a module takes from elsewhere; its own, and its objects' own, are free."""
    return {name for node in ast.walk(ast.parse(source)) for name in names(node) if private(name)}


def names(node: ast.AST) -> Iterator[str]:
    """Names that a node takes from a module or an object."""
    match node:
        case ast.Import():
            yield from (part for alias in node.names for part in alias.name.split("."))
        case ast.ImportFrom():
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
            return
        case ast.Attribute():
            yield node.attr
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in BY_NAME:
            for argument in node.args[:2]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield from argument.value.split(".")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_private_name_is_tested(path: Path) -> None:
    allowed = OTHERS.get(path.relative_to(ROOT).as_posix(), set())
    assert reached_for(path.read_text(encoding="utf-8")) == allowed


@pytest.mark.parametrize(
    "source",
    [
        "import package._module",
        "from package._module import name",
        "from package import _name",
        "module._name()",
        "call()._name = 1",
        "monkeypatch.setattr(module, '_name', None)",
        "monkeypatch.setattr('module._name', None)",
        "getattr(thing, '_name')",
    ],
)
def test_each_way_to_one_is_seen(source: str) -> None:
    assert reached_for(source) in ({"_name"}, {"_module"})


@pytest.mark.parametrize(
    "source",
    [
        "from __future__ import annotations",
        "self._name = super()._name",
        "_name()",
        "pair._replace(left=1)",
        "thing.__dict__",
        "for _ in thing: pass",
        "module.name('_name')",
    ],
)
def test_what_is_not_private_is_free(source: str) -> None:
    assert not reached_for(source)

"""The recipes that come with the package, and how a recipe is read.

A recipe is a TOML file. It may extend another one (``extends = "adain"``), so that a method states
only what is its own. Where another network is trained than the one that a recipe was written for,
the network's ``training_defaults`` are put in, and what the recipe itself says of that network
(``[for.mobile]``, keys with dots). What the user gives with ``--set`` comes last. What a recipe may
say is in ``train.recipe``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import reduce
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS
from train.auxiliary.registry import AUXILIARY
from train.recipe import Recipe, Tables, TermSpec

TERMS_ALSO_CALLED = MappingProxyType({"checkerboard": "lattice", "quantization_noise": "rounding"})
"""Terms by what the field calls them; recipes, metrics and metadata keep the second word."""

SCHEDULES_ALSO_CALLED = MappingProxyType({"linear_decay": "tail", "multistep": "drops"})
"""The same for ``schedule.name``."""


def names() -> list[str]:
    """Of the recipes that come with the package."""
    folder = resources.files(__name__)
    return sorted(Path(f.name).stem for f in folder.iterdir() if f.name.endswith(".toml"))


def load(recipe: str, network: str | None = None, settings: tuple[str, ...] = ()) -> Recipe:
    """A recipe by name or from a TOML file, for a network, with the user's settings.

    Args:
        recipe: a name of ``names()`` or the path of a ``.toml`` file.
        network: instead of the recipe's own.
        settings: ``KEY=VALUE`` with dots in the key, the value written as in TOML; quotes
            around words may be left out.

    Raises:
        UserError: for an unknown recipe, key or value, with a hint; for a network that the recipe
            was not written for and that states no defaults.
    """
    layers = _layers(recipe)
    tables = reduce(_merge, layers)
    written_for = next((layer["network"] for layer in layers if "network" in layer), None)
    if network is not None:
        tables["network"] = network
    chosen = next((s for s in settings if s.startswith("network=")), None)
    if chosen:
        tables["network"] = chosen.removeprefix("network=").strip("\"'")
    special = tables.pop("for", {})
    for name in special:
        if name not in NETWORKS:
            raise unknown("network in [for.NETWORK]", name, NETWORKS)
    name = tables.get("network")
    if name in NETWORKS:
        wanted = special.get(name)
        if tables.get("task") == "style" and name != written_for:
            defaults = NETWORKS[name].training_defaults
            if defaults is None and wanted is None:
                raise UserError(
                    f"the recipe {recipe} is written for {written_for}, and the network {name} "
                    f"states no training_defaults; state them in its file, or write a recipe that "
                    f"extends this one with a table [for.{name}]"
                )
            wanted = {**(defaults or {}), **(wanted or {})}
        for key, value in (wanted or {}).items():
            _put(tables, key, value)
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise UserError(f"--set {setting}: expected KEY=VALUE, e.g. terms.style.weight=10")
        _put(tables, key.strip(), _value(text.strip()))
    return read(tables)


def read(tables: Tables) -> Recipe:
    """A recipe from its tables, checked.

    Raises:
        UserError: for an unknown key or a value that makes no sense, with a hint.
    """
    terms, kinds = tables.get("terms"), tables.get("auxiliary", {})
    changed: Tables = {}
    if isinstance(terms, Mapping):
        # One by one, so that a message can tell which.
        changed["terms"] = {n: _convert(t, TermSpec, f"terms.{n}.") for n, t in terms.items()}
    if isinstance(kinds, Mapping):
        for kind in kinds:
            if kind not in AUXILIARY:
                known = [f"auxiliary.{name}" for name in AUXILIARY]
                raise unknown("recipe key", f"auxiliary.{kind}", known)
        changed["auxiliary"] = {name: kind.default for name, kind in AUXILIARY.items()} | dict(
            kinds
        )
    schedule = tables.get("schedule")
    if isinstance(schedule, Mapping) and isinstance(schedule.get("name"), str):
        name = schedule["name"]
        changed["schedule"] = {**schedule, "name": SCHEDULES_ALSO_CALLED.get(name, name)}
    recipe = _convert({**tables, **changed}, Recipe, "")
    _check(recipe)
    return recipe


def _layers(recipe: str, above: tuple[str, ...] = ()) -> list[Tables]:
    """The TOML of a recipe, behind that of those it extends."""
    if recipe in above:
        raise UserError(f"{recipe} extends itself ({' -> '.join((*above, recipe))})")
    path = Path(recipe)
    if path.suffix == ".toml":
        if not path.is_file():
            raise UserError(f"{recipe}: no such recipe file")
        text = path.read_text(encoding="utf-8")
    elif recipe in names():
        file = resources.files(__name__) / f"{recipe}.toml"
        text = file.read_text(encoding="utf-8")
    else:
        raise unknown("recipe", recipe, names())
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{recipe}: not a TOML file: {error}") from error
    tables.setdefault("name", path.stem)
    terms = tables.get("terms")
    if isinstance(terms, dict):
        tables["terms"] = {TERMS_ALSO_CALLED.get(n, n): term for n, term in terms.items()}
    base = tables.pop("extends", None)
    return [*([] if base is None else _layers(base, (*above, recipe))), tables]


def _merge(base: Tables, own: Tables) -> Tables:
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _put(tables: Tables, key: str, value: object) -> None:
    """Set ``a.b.c`` in nested tables."""
    *parents, last = key.split(".")
    if parents[:1] == ["terms"] and len(parents) > 1:
        parents[1] = TERMS_ALSO_CALLED.get(parents[1], parents[1])
    for parent in parents:
        tables = tables.setdefault(parent, {})
        if not isinstance(tables, dict):
            raise UserError(f"unknown setting {key!r}: {parent!r} holds a value, not keys")
    tables[last] = value


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


Made = TypeVar("Made", bound=msgspec.Struct)


def _convert(value: object, kind: type[Made], where: str) -> Made:
    """A table as what it must be.

    Args:
        value: as TOML has it.
        kind: what it must be.
        where: it stands: keys with dots, the last included.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), value, kind, where) from error


def _explained(message: str, value: Any, kind: type[msgspec.Struct], where: str) -> UserError:
    """A line for people of what msgspec says, such as ``Expected `int` >= 1 - at `$.steps```."""
    what, _, path = message.partition(" - at `$")
    info: Any = inspect.type_info(kind)
    key = where
    for name, _ in re.findall(r"\.(\w+)|(\[[^]]*\])", path.rstrip("`")):
        if name:
            fields = {field.name: field.type for field in info.fields}
            value, info, key = value[name], fields[name], f"{key}{name}."
    own = key.rstrip(".")
    quoted = re.findall(r"[`'](.*?)[`']", what)
    if "unknown field" in what:
        return unknown("recipe key", f"{key}{quoted[0]}", [f"{key}{f.name}" for f in info.fields])
    if "missing required field" in what:
        return UserError(f"recipe: {key}{quoted[0]} is missing")
    if "enum value" in what:
        return unknown(own, quoted[0], info.values)
    if limit := re.fullmatch(r"Expected `\w+` (>=|<=|>) ([\d.]+)", what):
        low, high = getattr(info, "ge", None), getattr(info, "le", None)
        if low is not None and high is not None:
            span = f"{low:g} and {high:g}"
            return UserError(f"recipe: {own} must lie between {span}, not {value}")
        words = {">=": "at least", "<=": "at most", ">": "above"}[limit[1]]
        return UserError(f"recipe: {own} must be {words} {float(limit[2]):g}, not {value}")
    if length := re.fullmatch(r"Expected `array` of length (\d+), got (\d+)", what):
        return UserError(f"recipe: {own} must hold {length[1]} values, not {length[2]}")
    expected = {"object": "a table", "array": "a list"}.get(quoted[0], quoted[0])
    return UserError(f"recipe: {own} must be {expected}, not {value!r}")


def _check(recipe: Recipe) -> None:
    """What takes more than one key to tell."""
    if recipe.data.short_side < recipe.data.size:
        raise UserError(
            f"recipe: data.short_side ({recipe.data.short_side}) must not be below data.size "
            f"({recipe.data.size})"
        )
    if not recipe.strength.full + recipe.strength.none <= 1:
        raise UserError(
            "recipe: strength.full + strength.none must be at most 1, not "
            f"{recipe.strength.full + recipe.strength.none:g}"
        )
    for name, term in recipe.terms.items():
        for network in term.targets:
            if network not in NETWORKS:
                raise unknown(f"network in terms.{name}.targets", network, NETWORKS)
    if not recipe.weights:
        raise UserError("recipe: no term has a weight; add e.g. --set terms.style.weight=10")

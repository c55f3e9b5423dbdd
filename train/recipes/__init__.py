"""The recipes that come with the package, and how a recipe is read.

A recipe is a TOML file. It may extend another one (``extends = "adain"``), so that a method states
only what is its own, and may hold changes for one network (``[for.mobile]``, keys with dots). What
the user gives with ``--set`` comes last. What a recipe may say is in ``train.recipe``.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from facestyle.errors import UserError, unknown
from facestyle.networks import NETWORKS
from train.recipe import Recipe, Tables


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
        UserError: for an unknown recipe, key or value, with a hint.
    """
    tables = _tables(recipe)
    if network is not None:
        tables["network"] = network
    special = tables.pop("for", {})
    for name in special:
        if name not in NETWORKS:
            raise unknown("network in [for.NETWORK]", name, NETWORKS)
    chosen = next((s for s in settings if s.startswith("network=")), None)
    if chosen:
        tables["network"] = chosen.removeprefix("network=").strip("\"'")
    for key, value in special.get(tables.get("network"), {}).items():
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
    recipe: Recipe = _build(Recipe, tables, "")
    _check(recipe)
    return recipe


def _tables(recipe: str, above: tuple[str, ...] = ()) -> Tables:
    """The TOML of a recipe, on top of that of the one it extends."""
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
    base = tables.pop("extends", None)
    return tables if base is None else _merge(_tables(base, (*above, recipe)), tables)


def _merge(base: Tables, own: Tables) -> Tables:
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _put(tables: Tables, key: str, value: object) -> None:
    """Set ``a.b.c`` in nested tables."""
    *parents, last = key.split(".")
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


def _build(kind: Any, value: Any, where: str) -> Any:
    """``value`` as the type that an annotation names, checked all the way down."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise UserError(f"recipe: {where.rstrip('.')} must be a table, not {value!r}")
        hints = typing.get_type_hints(kind)
        for key in value:
            if key not in hints:
                raise unknown("recipe key", f"{where}{key}", [f"{where}{name}" for name in hints])
        missing = {
            f.name
            for f in dataclasses.fields(kind)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        } - value.keys()
        if missing:
            raise UserError(f"recipe: {where}{sorted(missing)[0]} is missing")
        made = {key: _build(hints[key], item, f"{where}{key}.") for key, item in value.items()}
        return kind(**made)  # type: ignore[operator]
    name = where.rstrip(".")
    if origin is dict and isinstance(value, Mapping):
        return {key: _build(arguments[1], item, f"{where}{key}.") for key, item in value.items()}
    if origin is tuple and isinstance(value, (list, tuple)):
        ends = arguments[-1] is Ellipsis
        if not ends and len(value) != len(arguments):
            raise UserError(f"recipe: {name} must hold {len(arguments)} values, not {len(value)}")
        kinds = [arguments[0]] * len(value) if ends else arguments
        return tuple(_build(k, item, where) for k, item in zip(kinds, value))
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    plain = kind in (int, str, bool) and type(value) is kind
    if not plain:
        expected = getattr(kind, "__name__", str(kind)) if origin is None else str(kind)
        raise UserError(f"recipe: {name} must be {expected}, not {value!r}")
    return value


CHOICES: Mapping[str, tuple[str, ...]] = types.MappingProxyType(
    {
        "task": ("style", "joint", "depth", "parsing"),
        "optimizer.name": ("adam", "sgd"),
        "schedule.name": ("constant", "inverse", "poly", "tail", "drops"),
        "engine.precision": ("auto", "fp32", "bf16"),
        "engine.compile": ("auto", "on", "off"),
        "engine.graph": ("auto", "off"),
    }
)
"""Words that some keys are limited to."""


def _check(recipe: Recipe) -> None:
    tables = recipe.tables()
    for key, words in CHOICES.items():
        value: Any = tables
        for name in key.split("."):
            value = value[name]
        if value not in words:
            raise unknown(key, value, words)
    least = {
        "steps": recipe.steps,
        "batch": recipe.batch,
        "data.size": recipe.data.size,
        "engine.workers": recipe.engine.workers,
        "engine.log_every": recipe.engine.log_every,
        "engine.save_every": recipe.engine.save_every,
        "engine.sample_every": recipe.engine.sample_every,
    }
    for key, count in least.items():
        if count < 1:
            raise UserError(f"recipe: {key} must be at least 1, not {count}")
    for key, value in {
        "seed": recipe.seed,
        "schedule.warmup": recipe.schedule.warmup,
        "optimizer.rate": recipe.optimizer.rate,
        "optimizer.clip": recipe.optimizer.clip,
        "optimizer.weight_decay": recipe.optimizer.weight_decay,
        "data.shift": recipe.data.shift,
    }.items():
        if not value >= 0:
            raise UserError(f"recipe: {key} must not be negative, but is {value}")
    for key, zoom in {
        "data.zoom": recipe.data.zoom,
        "data.style_zoom": recipe.data.style_zoom,
    }.items():
        if not zoom >= 1:
            raise UserError(f"recipe: {key} must be at least 1, not {zoom:g}")
    if recipe.data.short_side < recipe.data.size:
        raise UserError(
            f"recipe: data.short_side ({recipe.data.short_side}) must not be below data.size "
            f"({recipe.data.size})"
        )
    for key, part in {
        "average": recipe.average,
        "strength.full": recipe.strength.full,
        "strength.none": recipe.strength.none,
        "strength.full + strength.none": recipe.strength.full + recipe.strength.none,
        "data.holdout": recipe.data.holdout,
        "data.jitter": recipe.data.jitter,
        "data.style_jitter": recipe.data.style_jitter,
        "data.fill_depth": recipe.data.fill_depth,
        "data.closest": recipe.data.closest,
        "data.style_closest": recipe.data.style_closest,
        "data.hues": recipe.data.hues,
        **{f"terms.{name}.begin": term.begin for name, term in recipe.terms.items()},
    }.items():
        if not 0 <= part <= 1:
            raise UserError(f"recipe: {key} must lie between 0 and 1, not {part:g}")
    for name, term in recipe.terms.items():
        for network, target in term.targets.items():
            if network not in NETWORKS:
                raise unknown(f"network in terms.{name}.targets", network, NETWORKS)
            if not target > 0:
                raise UserError(f"recipe: terms.{name}.targets.{network} must be above 0")
    if not recipe.weights:
        raise UserError("recipe: no term has a weight; add e.g. --set terms.style.weight=10")

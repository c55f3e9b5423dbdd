"""What weights were trained with, as the metadata of their file says.

Keys, beside those of ``facestyle.checkpoint.describe``: ``recipe`` (its name),
``recipe_fingerprint``, ``steps``, ``batch``, ``git``, ``facestyle``; and as JSON
``recipe_settings`` (the whole recipe), ``data`` (names of the sources, by what they were for),
``auxiliary`` (the auxiliary networks of the run) and ``auxiliary_before`` (those of the runs that
its starting weights came from; null if these do not say). Folders of the machine stay out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from facestyle import __version__
from train.auxiliary.registry import HUB, Record
from train.recipe import Recipe

SOURCES = ("content", "style", "labelled")
"""Keys of a recipe's ``data`` that name sources."""


def metadata(
    recipe: Recipe,
    revision: str,
    auxiliary: Sequence[Record],
    began_from: Iterable[Mapping[str, str]] = (),
) -> dict[str, str]:
    """What a file of trained weights says of its training.

    Args:
        recipe: that it was trained by.
        revision: of the code.
        auxiliary: the networks that took part in the loss.
        began_from: metadata of the files of weights that it began from.
    """
    return {
        "recipe": recipe.name,
        "recipe_fingerprint": recipe.fingerprint,
        "steps": str(recipe.steps),
        "batch": str(recipe.batch),
        "git": revision,
        "facestyle": __version__,
        "recipe_settings": json.dumps(_settings(recipe)),
        "data": json.dumps({k: [_name(s) for s in getattr(recipe.data, k)] for k in SOURCES}),
        "auxiliary": msgspec.json.encode(auxiliary).decode(),
        "auxiliary_before": msgspec.json.encode(_before(began_from)).decode(),
    }


def auxiliary_records(metadata: Mapping[str, str]) -> list[Record] | None:
    """Every auxiliary network that took part in a training or in one that it began from.

    Returns:
        None where the metadata does not say, or does so of the last run only.

    >>> auxiliary_records({"auxiliary": "[]", "auxiliary_before": "[]"})
    []
    >>> auxiliary_records({"recipe": "mobile"})
    """
    own, before = (_records(metadata.get(key)) for key in ("auxiliary", "auxiliary_before"))
    return None if own is None or before is None else [*own, *before]


def own_records(metadata: Mapping[str, str]) -> list[Record]:
    """What is known of them: those of the last run, be the ones before it unknown."""
    return _records(metadata.get("auxiliary")) or []


def _before(files: Iterable[Mapping[str, str]]) -> list[Record] | None:
    found: dict[Record, None] = {}
    for file in files:
        records = auxiliary_records(file)
        if records is None:
            return None
        found |= dict.fromkeys(records)
    return list(found)


def _records(text: str | None) -> list[Record] | None:
    try:
        return msgspec.json.decode(text or "null", type=list[Record] | None)
    except msgspec.DecodeError:
        return None


def _settings(recipe: Recipe) -> dict[str, Any]:
    tables = recipe.tables()
    tables["data"] = {k: v for k, v in tables["data"].items() if k not in SOURCES}
    tables["auxiliary"] = {kind: _name(source) for kind, source in recipe.auxiliary.items()}
    tables["start"] = _name(recipe.start)
    return tables


def _name(source: str) -> str:
    """A source without the folders that it lies in; a reader's prefix stays."""
    if source.startswith(HUB):
        return source
    reader, colon, path = source.rpartition(":")
    return f"{reader}{colon}{Path(path).name}"

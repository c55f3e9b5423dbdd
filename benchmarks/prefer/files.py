"""Files beside the sheets: who is where, the answers, and what to tell those who choose."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.prefer.pairs import QUESTIONS, SIDES, Pair
from facestyle.errors import UserError

KEY, ANSWERS, INSTRUCTIONS = "key.json", "answers.csv", "instructions.md"

COLUMNS = ("pair", *QUESTIONS)
"""Of ``ANSWERS``."""


@dataclass(frozen=True)
class Key:
    """Who is where.

    Attributes:
        a, b: short names of the folders.
        names: of the pairs' pictures, by the pair's number.
        a_left: by the pair's number, whether A's is on the left.
    """

    a: str
    b: str
    names: Mapping[int, str]
    a_left: Mapping[int, bool]


Answers = Mapping[int, Mapping[str, str]]
"""``left`` or ``right`` by question, by the pair's number; what was not answered is left out."""


def key_text(a: str, b: str, seed: int, pairs: Sequence[Pair]) -> str:
    """``KEY``, for whoever scores.

    Args:
        a, b: short names of the folders.
        seed: by which pairs and sides were drawn.
        pairs: as they are shown.
    """
    made = {
        "a": a,
        "b": b,
        "seed": seed,
        "pairs": [
            {"pair": pair.number, "name": pair.a.name, "left": "a" if pair.a_left else "b"}
            for pair in pairs
        ],
    }
    return json.dumps(made, indent=1) + "\n"


def answers_text(pairs: Sequence[Pair]) -> str:
    """``ANSWERS``, to be filled in."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([pair.number, *("" for _ in QUESTIONS)] for pair in pairs)
    return text.getvalue()


def instructions_text(sheets: Sequence[tuple[str, Sequence[Pair]]]) -> str:
    """``INSTRUCTIONS``, for whoever chooses.

    Args:
        sheets: names of their files, and the pairs on each.
    """
    asked = [f"- `{column}`: {question}" for column, question in QUESTIONS.items()]
    shown = [
        f"- `{name}`: {', '.join(str(pair.number) for pair in pairs)}" for name, pairs in sheets
    ]
    return "\n".join(
        [
            "# Which picture is better?",
            "",
            "Each pair shows a photo, a painting, and two pictures made of both: left and right.",
            "Two programs made them. Which side is whose changes from pair to pair.",
            "",
            "Look at the sheets at 100 %. For every pair write `left` or `right` into",
            f"`{ANSWERS}`, once for each question:",
            "",
            *asked,
            "",
            "If you cannot decide, write what you feel first. Leave a cell empty only if you saw",
            f"no picture. Please do not open `{KEY}`: it tells whose picture is where.",
            "",
            "Sheets and their pairs:",
            "",
            *shown,
            "",
        ]
    )


def read_key(folder: Path) -> Key:
    """Who is where, from ``KEY``.

    Raises:
        UserError: when it is missing or something else.
    """
    path = folder / KEY
    text = _read(path, "first make the sheets: facestyle evaluate prefer make")
    try:
        made = json.loads(text)
        pairs = {int(pair["pair"]): pair for pair in made["pairs"]}
        left = {number: ("b", "a").index(pair["left"]) == 1 for number, pair in pairs.items()}
        names = {number: str(pair["name"]) for number, pair in pairs.items()}
        return Key(str(made["a"]), str(made["b"]), names, left)
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path}: not the key of sheets; make them again") from error


def read_answers(folder: Path, key: Key) -> Answers:
    """What was chosen, from ``ANSWERS``.

    Raises:
        UserError: when the file is missing, has other columns, names a pair that is unknown or
            twice there, a value is neither left nor right, or nothing is answered.
    """
    path = folder / ANSWERS
    reader = csv.DictReader(io.StringIO(_read(path, "write the answers there")))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise UserError(f"{path}: the first line must be {','.join(COLUMNS)}")
    found: dict[int, Mapping[str, str]] = {}
    try:
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            number = _number(row["pair"], key, where)
            if number in found:
                raise UserError(f"{where}: pair {number} has been answered above")
            found[number] = _chosen(row, where)
    except csv.Error as error:
        raise UserError(f"{path}: cannot be read as CSV ({error})") from error
    if not any(found.values()):
        raise UserError(f"{path}: nothing is answered yet; write left or right into its cells")
    return found


def _number(text: str | None, key: Key, where: str) -> int:
    given = (text or "").strip()
    known = {str(number): number for number in key.names}
    if given not in known:
        raise UserError(f"{where}: unknown pair {given!r}; they are 1 to {len(known)}")
    return known[given]


def _chosen(row: Mapping[str, str | None], where: str) -> dict[str, str]:
    chosen = {}
    for question in QUESTIONS:
        value = (row[question] or "").strip().lower()
        if value and value not in SIDES:
            raise UserError(f"{where}: {question} is {value!r}, neither left nor right")
        if value:
            chosen[question] = value
    return chosen


def _read(path: Path, remedy: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; {remedy}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as text") from error

"""What was chosen, told by name again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.prefer.files import Answers, Key
from benchmarks.prefer.pairs import QUESTIONS
from benchmarks.prefer.proportion import binomial_p, wilson


@dataclass(frozen=True)
class Score:
    """The answers to one question.

    Attributes:
        question: its column.
        a: how many chose A.
        answers: of how many.
        share: a / answers.
        low, high: the 95 % interval of ``share`` (Wilson).
        p: how often chance alone is as far from half (two-sided exact binomial).
    """

    question: str
    a: int
    answers: int
    share: float
    low: float
    high: float
    p: float


def chosen(key: Key, answers: Answers) -> dict[int, dict[str, str]]:
    """``a`` or ``b`` by question, by the pair's number."""
    return {
        number: {
            question: "a" if (side == "left") == key.a_left[number] else "b"
            for question, side in sides.items()
        }
        for number, sides in answers.items()
    }


def score(key: Key, answers: Answers) -> list[Score]:
    """Every question that was answered."""
    named = chosen(key, answers)
    scores = []
    for question in QUESTIONS:
        votes = [row[question] for row in named.values() if question in row]
        if votes:
            count, total = votes.count("a"), len(votes)
            low, high = wilson(count, total)
            p = binomial_p(count, total)
            scores.append(Score(question, count, total, count / total, low, high, p))
    return scores


def to_document(key: Key, answers: Answers) -> dict[str, Any]:
    """For machines."""
    return {
        "a": key.a,
        "b": key.b,
        "pairs": len(key.names),
        "questions": QUESTIONS,
        "scores": [dataclasses.asdict(one) for one in score(key, answers)],
        "rows": [
            {"pair": number, "name": key.names[number], **row}
            for number, row in chosen(key, answers).items()
        ],
    }


def to_markdown(key: Key, scores: Sequence[Score]) -> str:
    """A row for every question."""
    lines = [
        f"A is {key.a}, B is {key.b}.",
        "",
        "| question | chose A | of | share | 95 % interval | p |",
        "| :-- | --: | --: | --: | --: | --: |",
    ]
    for one in scores:
        lines.append(
            f"| {QUESTIONS[one.question]} | {one.a} | {one.answers} | {100 * one.share:.0f} % "
            f"| {100 * one.low:.0f} to {100 * one.high:.0f} % | {one.p:.3g} |"
        )
    missing = sum(len(key.names) - one.answers for one in scores)
    missing += len(key.names) * (len(QUESTIONS) - len(scores))
    if missing:
        lines += ["", f"{missing} of {len(key.names) * len(QUESTIONS)} cells are empty."]
    return "\n".join(
        [
            *lines,
            "",
            "Intervals are Wilson's. p: how often fair coins are as far from half, two-sided.",
        ]
    )

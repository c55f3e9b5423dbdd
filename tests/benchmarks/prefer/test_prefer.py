"""Blind choice: statistics by known values, sides by chance, sheets and answers end to end."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.prefer.files import Key
from benchmarks.prefer.pairs import QUESTIONS, Pair, draw
from benchmarks.prefer.proportion import Z, binomial_p, wilson
from benchmarks.prefer.score import score
from benchmarks.prefer.sheets import GAP, LINE, block, sheets
from benchmarks.quality.painted_folders import Painted
from benchmarks.quality.pictures import Picture
from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]

PHOTOS, PAINTINGS = ("ann", "bob", "cyd"), ("wave", "night")

SIDE = 64

RED, BLUE = (200, 30, 30), (30, 30, 200)
"""What A paints, and what B does."""


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (SIDE, SIDE)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Of photos, paintings, and what two painted of them."""
    for photo in PHOTOS:
        picture(tmp_path / "photos" / f"{photo}.png", (90, 90, 90), (80, 70))
        for painting in PAINTINGS:
            picture(tmp_path / "red" / f"{photo}__{painting}.png", RED)
            picture(tmp_path / "blue" / f"{photo}__{painting}.png", BLUE)
    for painting in PAINTINGS:
        picture(tmp_path / "paintings" / f"{painting}.png", (20, 160, 20))
    return tmp_path


@pytest.fixture
def make(facestyle: Run, folders: Path) -> Run:
    """The command with all that it needs; what is given again takes its place."""

    def run(a: object = "red", b: object = "blue", **options: object) -> Outcome:
        wanted = {
            "content": folders / "photos",
            "style": folders / "paintings",
            "out": folders / "out",
            **options,
        }
        pairs = [part for name, value in wanted.items() for part in (f"--{name}", value)]
        return facestyle("evaluate", "prefer", "make", folders / str(a), folders / str(b), *pairs)

    return run


def answer(out: Path, choose: Callable[[int, str], str]) -> None:
    """Fill in the answers, by the pair's number and the question."""
    with (out / "answers.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (out / "answers.csv").open("w") as file:
        writer = csv.DictWriter(file, ("pair", *QUESTIONS))
        writer.writeheader()
        for row in rows:
            chosen = {question: choose(int(row["pair"]), question) for question in QUESTIONS}
            writer.writerow({"pair": row["pair"], **chosen})


def found(count: int) -> list[tuple[Painted, Painted]]:
    """Pairs of files that are not there."""
    nothing = Picture("x", Path("x.png"))
    return [
        (
            Painted(f"{n}", Path("a") / f"{n}.png", nothing, nothing),
            Painted(f"{n}", Path("b") / f"{n}.png", nothing, nothing),
        )
        for n in range(count)
    ]


def test_wilsons_interval_is_the_known_one() -> None:
    low, high = wilson(30, 60)
    assert (low, high) == (pytest.approx(0.37736, abs=1e-5), pytest.approx(0.62264, abs=1e-5))
    assert wilson(0, 10) == (0, pytest.approx(0.27753, abs=1e-5))
    assert wilson(10, 10) == (pytest.approx(0.72247, abs=1e-5), pytest.approx(1))


@given(st.integers(1, 200), st.data())
def test_wilsons_ends_are_where_a_score_test_is_undecided(total: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, total - 1)) if total > 1 else 1
    for end in wilson(count, total):
        if 0 < end < 1:
            distance = abs(count / total - end) / math.sqrt(end * (1 - end) / total)
            assert distance == pytest.approx(Z, rel=1e-6)


def test_p_values_are_those_of_coins() -> None:
    assert binomial_p(30, 60) == 1
    assert binomial_p(5, 5) == binomial_p(0, 5) == pytest.approx(2 / 32)
    assert binomial_p(8, 10) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert binomial_p(40, 60) == pytest.approx(0.0134, abs=1e-4)
    assert binomial_p(1, 1) == 1


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 99))
def test_sides_are_balanced_and_known_by_the_seed(names: int, count: int, seed: int) -> None:
    pairs = draw(found(names), count, seed)
    left = sum(pair.a_left for pair in pairs)
    assert abs(2 * left - len(pairs)) <= 1
    assert len({pair.a.name for pair in pairs}) == len(pairs) == min(names, count)
    assert [pair.number for pair in pairs] == list(range(1, len(pairs) + 1))
    assert pairs == draw(found(names), count, seed)


def test_other_seeds_give_other_sides() -> None:
    drawn = {tuple(pair.a_left for pair in draw(found(40), 40, seed)) for seed in range(20)}
    assert len(drawn) == 20
    odd = [sum(pair.a_left for pair in draw(found(5), 5, seed)) for seed in range(40)]
    assert set(odd) == {2, 3}


def test_scores_are_by_name_not_by_side() -> None:
    key = Key("ours", "theirs", {1: "x", 2: "y", 3: "z"}, {1: True, 2: False, 3: True})
    answers = {
        1: {"share": "left", "face": "right"},
        2: {"share": "right", "face": "left"},
        3: {"share": "right"},
    }
    share, face = score(key, answers)
    assert (share.question, share.a, share.answers) == ("share", 2, 3)
    assert (face.question, face.a, face.answers) == ("face", 0, 2)
    assert share.share == pytest.approx(2 / 3) and share.p == 1
    assert (share.low, share.high) == wilson(2, 3)


def pair_of(folders: Path, a_left: bool, size: tuple[int, int] = (SIDE, SIDE)) -> Pair:
    photo = Picture("ann", folders / "photos" / "ann.png")
    painting = Picture("wave", folders / "paintings" / "wave.png")
    of = [folders / name / "ann__wave.png" for name in ("red", "blue")]
    for path, colour in zip(of, (RED, BLUE)):
        picture(path, colour, size)
    a, b = (Painted(path.stem, path, photo, painting) for path in of)
    return Pair(7, a, b, a_left)


@pytest.mark.parametrize("a_left", [True, False])
def test_pictures_are_where_the_key_says_pixel_for_pixel(folders: Path, a_left: bool) -> None:
    made = np.asarray(block(pair_of(folders, a_left)))
    places = [made[LINE:, GAP + n * (SIDE + GAP) :][:SIDE, :SIDE] for n in range(4)]
    wanted = [(90, 90, 90), (20, 160, 20), *((RED, BLUE) if a_left else (BLUE, RED))]
    for place, colour in zip(places, wanted):
        assert np.abs(place.astype(int) - colour).max() <= 1


def test_wide_pictures_stand_in_two_rows(folders: Path) -> None:
    made = block(pair_of(folders, True, (400, 300)))
    assert made.size == (2 * (400 + GAP) + GAP, 2 * (300 + LINE) + GAP)
    assert made.getpixel((GAP + 9, 300 + 2 * LINE + 9)) == RED


def test_sheets_hold_as_many_pairs_as_fit(folders: Path) -> None:
    pair = pair_of(folders, True)
    counts = [len(shown) for shown, _ in sheets([pair] * 30)]
    assert sum(counts) == 30 and counts[0] == 1200 // (LINE + SIDE + GAP)
    tall = pair_of(folders, True, (100, 1300))
    assert [len(shown) for shown, _ in sheets([tall] * 2)] == [1, 1]


def test_choosing_from_end_to_end(make: Run, facestyle: Run, folders: Path) -> None:
    outcome = make()
    assert outcome.code == 0, outcome.err
    out = folders / "out"
    names = {"sheet_01.png", "key.json", "answers.csv", "instructions.md"}
    assert {path.name for path in out.iterdir()} == names
    assert f"facestyle evaluate prefer score {out}" in outcome.out
    told = (out / "instructions.md").read_text()
    assert all(question in told for question in QUESTIONS.values())
    assert "`sheet_01.png`: 1, 2, 3, 4, 5, 6" in told
    assert "blue" not in told
    key = json.loads((out / "key.json").read_text())
    assert (key["a"], key["b"]) == ("red", "blue")
    left = {pair["pair"]: pair["left"] for pair in key["pairs"]}
    assert sorted(left.values()) == ["a"] * 3 + ["b"] * 3

    def prefers_red(pair: int, question: str) -> str:
        if question == "artist":
            return "" if pair == 1 else "Left "
        side = "left" if left[pair] == "a" else "right"
        return side if question == "share" else {"left": "right", "right": "left"}[side]

    answer(out, prefers_red)
    outcome = facestyle("evaluate", "prefer", "score", out, "--json", out / "scores.json")
    assert outcome.code == 0, outcome.err
    assert f"| {QUESTIONS['share']} | 6 | 6 | 100 % | 61 to 100 % | 0.0312 |" in outcome.out
    assert f"| {QUESTIONS['face']} | 0 | 6 | 0 % | 0 to 39 % | 0.0312 |" in outcome.out
    assert "1 of 18 cells are empty" in outcome.out
    made = json.loads((out / "scores.json").read_text())
    by_question = {one["question"]: one for one in made["scores"]}
    assert by_question["share"]["a"] == 6 and by_question["share"]["p"] == pytest.approx(2 / 64)
    assert by_question["artist"]["answers"] == 5
    assert all(row["share"] == "a" and row["face"] == "b" for row in made["rows"])
    assert {row["name"] for row in made["rows"]} == {f"{p}__{s}" for p in PHOTOS for s in PAINTINGS}


def test_the_same_seed_gives_the_same_files(make: Run, folders: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        assert make(out=folders / name, seed=seed, pairs=5).code == 0
    one, two, three = (
        {path.name: path.read_bytes() for path in (folders / name).iterdir()}
        for name in ("one", "two", "three")
    )
    assert one == two
    assert one["key.json"] != three["key.json"]
    assert len(json.loads(one["key.json"])["pairs"]) == 5


def test_answers_are_never_overwritten(make: Run, folders: Path) -> None:
    assert make().code == 0
    kept = (folders / "out" / "answers.csv").read_bytes()
    assert_refused(make(), "key.json", "made earlier", "--out")
    assert (folders / "out" / "answers.csv").read_bytes() == kept


def test_pictures_that_cannot_be_compared(make: Run, folders: Path) -> None:
    assert_refused(make(b="none"), "none", "no such folder")
    assert_refused(make(b="red"), "one folder")
    assert_refused(make(content=folders / "none"), "none", "no such file or folder")
    assert_refused(make(a="photos"), "photos", "<photo>__<painting>", "ann__")
    picture(folders / "other" / "ann__wave.png", BLUE, (SIDE, 2 * SIDE))
    assert_refused(make(b="other"), "ann__wave.png", f"{SIDE} x {2 * SIDE}", "one size")
    for name in ("huge", "huge2"):
        picture(folders / name / "ann__wave.png", BLUE, (2100, 64))
    assert_refused(make(a="huge", b="huge2"), "2100 x 64", "2048")
    picture(folders / "first" / "ann__wave.png", RED)
    picture(folders / "second" / "bob__wave.png", RED)
    assert_refused(make(a="first", b="second"), "no picture of the same name")
    (folders / "first" / "ann__wave.png").write_bytes(b"\x89PNG no more")
    assert_refused(make(a="first"), "ann__wave.png", "not an image")
    assert not (folders / "out").exists()


def test_answers_that_cannot_be_read(make: Run, facestyle: Run, folders: Path) -> None:
    def scored() -> Outcome:
        return facestyle("evaluate", "prefer", "score", folders / "out")

    assert_refused(scored(), "out", "no such folder")
    assert make().code == 0
    answers = folders / "out" / "answers.csv"
    assert_refused(scored(), "answers.csv", "nothing is answered")
    head = "pair,share,artist,face\n"
    for text, words in {
        head + "9,left,left,left\n": ("line 2", "unknown pair '9'", "1 to 6"),
        head + "x,left,left,left\n": ("line 2", "unknown pair 'x'"),
        head + "1,left,left,left\n1,left,left,left\n": ("line 3", "pair 1", "above"),
        head + "1,left,lft,left\n": ("line 2", "artist", "'lft'", "neither left nor right"),
        "pair;share;artist;face\n1;left;left;left\n": ("first line", "pair,share,artist,face"),
        "": ("first line",),
    }.items():
        answers.write_text(text)
        assert_refused(scored(), "answers.csv", *words)
    answers.write_text(head + "1,left\n")
    assert scored().code == 0
    answers.write_bytes(b"\xff\xfe\x00")
    assert_refused(scored(), "answers.csv", "cannot be read")
    answers.unlink()
    assert_refused(scored(), "answers.csv", "no such file")
    key = folders / "out" / "key.json"
    for text in ("{", "[]", '{"pairs": [{"pair": 1, "name": "x", "left": "c"}]}', '{"pairs": 1}'):
        key.write_text(text)
        assert_refused(scored(), "key.json", "not the key")
    key.unlink()
    assert_refused(scored(), "key.json", "no such file", "prefer make")


def test_help_shows_examples(facestyle: Run) -> None:
    assert "prefer" in facestyle("evaluate", "--help").out
    assert "make" in facestyle("evaluate", "prefer", "--help").out
    assert "evaluate prefer make ours/ theirs/" in facestyle(
        "evaluate", "prefer", "make", "--help"
    ).out.replace("\n", " ").replace("  ", " ")
    assert "--json" in facestyle("evaluate", "prefer", "score", "--help").out

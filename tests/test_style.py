"""Style codes: mixing, storage, names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facestyle import checkpoint, gallery
from facestyle.errors import UserError
from facestyle.shipped import style_book
from facestyle.style import StyleBook, StyleCode, mix
from facestyle.stylize import Painter, style_name

A, B = StyleCode("a", (1.0, 2.0), "A"), StyleCode("b", (3.0, -2.0))


def test_mixing_averages() -> None:
    assert mix([A, B]).values == (2.0, 0.0)
    assert mix([A, B], [3, 1]).values == (1.5, 1.0)
    assert mix([A]).values == A.values


def test_book_round_trip(tmp_path: Path) -> None:
    book = StyleBook("abc", (A, B))
    book.save(tmp_path / "styles.json")
    assert StyleBook.load(tmp_path / "styles.json") == book
    assert book["b"] == B
    with pytest.raises(UserError, match="unknown style"):
        book["c"]


def test_a_name_is_taken_over() -> None:
    book = StyleBook("abc", (A, B)).with_style(StyleCode("a", (9.0, 9.0)))
    assert [s.name for s in book.styles] == ["a", "b"]
    assert book["a"].values == (9.0, 9.0)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"weights": "x", "styles": [{"name": "a"}]}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "styles.json"
    path.write_text(text)
    with pytest.raises(UserError, match="not a styles file"):
        StyleBook.load(path)


@pytest.mark.parametrize("name", ["", "Ab", "../a", "a b", "é"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="cannot name"):
        StyleCode(name, (1.0,))


def test_values_must_be_finite() -> None:
    with pytest.raises(UserError, match="finite"):
        StyleCode("a", (float("nan"),))


@given(st.text(min_size=1).filter(lambda t: "/" not in t and "\0" not in t))
def test_any_file_name_gives_a_legal_name(text: str) -> None:
    StyleCode(style_name(Path("x" + text)), (1.0,))


def test_twelve_shipped_styles_are_what_the_weights_say() -> None:
    """The stored codes are the network's own for the shipped paintings."""
    painter = Painter(checkpoint.load())
    book = style_book(painter)
    assert len(book.styles) == 12
    for picture in gallery.paintings():
        fresh = painter.read_style(picture.path, picture.name)
        stored = book[picture.name].tensor()
        assert torch.allclose(stored, fresh.tensor(), atol=1e-4)

"""What an export may be asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.formats import FORMATS, GRAPHS, precisions
from export.request import Target, parse_list, parse_size, targets
from facestyle.errors import UserError


@given(st.integers(4, 256), st.integers(4, 256))
def test_sizes_in_range(rows: int, columns: int) -> None:
    height, width = rows * 8, columns * 8
    assert parse_size(f"{height}x{width}", 8) == (height, width)
    assert parse_size(str(height), 8) == (height, height)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "between"),
        ("-256", "between"),
        ("99999999", "between"),
        ("4096", "between"),
        ("big", "write a number"),
        ("", "write a number"),
        ("256x", "write a number"),
        ("256x256x256", "write a number"),
        ("1e3", "write a number"),
        ("nan", "write a number"),
        ("250", "try 248 or 256"),
        ("256x300", "try 296 or 304"),
    ],
)
def test_bad_sizes_are_refused(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        parse_size(text, 8)


@given(st.text(max_size=20))
def test_no_text_crashes_the_size_parser(text: str) -> None:
    try:
        height, width = parse_size(text, 8)
    except UserError:
        return
    assert height % 8 == width % 8 == 0


def test_lists_keep_the_known_order() -> None:
    assert parse_list("int8, fp32,fp32", "precision", precisions()) == ("fp32", "int8")
    assert parse_list("all", "precision", precisions()) == precisions()
    with pytest.raises(UserError, match="did you mean 'tflite'"):
        parse_list("tflight", "format", tuple(FORMATS))
    with pytest.raises(UserError, match="no format"):
        parse_list(" , ", "format", tuple(FORMATS))


def test_what_is_not_asked_for_follows_the_rest() -> None:
    assert {t.precision.name for t in targets(formats=["mlpackage"])} == {"fp16", "compressed"}
    assert {t.format.name for t in targets(precisions=["fp32"])} == {"tflite", "mlmodel"}
    assert {t.graph for t in targets(precisions=["int8"])} == {"stylizer"}
    assert "int8" not in {t.precision.name for t in targets()}


def test_default_covers_every_legal_file() -> None:
    found = targets(GRAPHS, tuple(FORMATS), precisions())
    assert set(found) == {
        Target(graph, format_, precision)
        for format_ in FORMATS.values()
        for precision in format_.precisions
        for graph in precision.graphs
    }
    assert len(found) == 22


@pytest.mark.parametrize(
    ("graphs", "formats", "precisions", "words"),
    [
        (["stylizer"], ["mlpackage"], ["int8"], "stylizer in .tflite only"),
        (["stylizer"], ["mlpackage"], ["fp32", "fp16"], "computes in fp16"),
        (["stylizer"], ["mlmodel", "tflite"], ["fp16"], "computes in fp32"),
        (["style_encoder"], ["tflite"], ["int8"], "stylizer in .tflite only"),
        (["stylizer"], ["tflite", "mlpackage"], ["fp32"], "mlpackage"),
        (["stylizer", "full"], ["tflite"], ["int8"], "full"),
    ],
)
def test_illegal_combinations_are_refused(
    graphs: list[str], formats: list[str], precisions: list[str], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        targets(graphs, formats, precisions)

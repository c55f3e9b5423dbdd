"""Style codes: mixing, storage, names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facestyle import checkpoint, gallery, images, stylize
from facestyle.cli.stylize import resolve_styles
from facestyle.errors import UserError
from facestyle.shipped import style_book, user_file
from facestyle.style import StyleBook, StyleCode, mix
from facestyle.stylize import Painter, style_name
from tests.conftest import Outcome, assert_refused

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


@pytest.fixture
def painter() -> Painter:
    """Of weights whose codes are not shipped."""
    return Painter(checkpoint.untrained("mobile"))


def _paintings(folder: Path, *names: str) -> list[Path]:
    files = []
    for at, name in enumerate(names, 1):
        files.append(folder / name)
        images.save(torch.full((1, 3, 8, 8), at / 10), files[-1])
    return files


def test_every_style_has_a_name_of_its_own(painter: Painter, tmp_path: Path) -> None:
    files = _paintings(
        tmp_path, "Van Gogh.png", "van_gogh.png", "日本.png", "中国.png", "spring.png"
    )
    text = ",".join(["spring", "spring", *map(str, files), str(files[1]), str(files[4])])
    codes = resolve_styles(painter, text)
    assert [c.name for c in codes] == [
        "spring", "van_gogh", "van_gogh_2", "style", "style_2", "spring_2",
    ]  # fmt: skip
    # Alone, too, a painting does not pass for the known style of its name.
    assert [c.name for c in resolve_styles(painter, str(files[4]))] == ["spring_2"]


def test_numbered_names_stay_legal(painter: Painter, tmp_path: Path) -> None:
    files = _paintings(tmp_path, f"{'a' * 70}.png", f"{'a' * 80}.png")
    names = [c.name for c in resolve_styles(painter, ",".join(map(str, files)))]
    assert names == ["a" * 64, "a" * 62 + "_2"]


def test_a_comma_or_plus_may_be_in_a_files_name(painter: Painter, tmp_path: Path) -> None:
    for file in _paintings(tmp_path, "Monet, 1890.png", "sun+sea.png"):
        assert len(resolve_styles(painter, str(file))) == 1


def test_a_plus_mixes(painter: Painter) -> None:
    wave, auvers, mixed = resolve_styles(painter, "great_wave,auvers,great_wave+auvers")
    assert mixed == mix([wave, auvers])
    with pytest.raises(UserError, match="did you mean 'auvers'"):
        resolve_styles(painter, "great_wave+auver")


def test_only_what_is_asked_for_is_encoded(
    painter: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load = images.load
    monkeypatch.setattr(images, "load", lambda path: read.append(path.name) or load(path))
    resolve_styles(painter, f"{_paintings(tmp_path, 'mine.png')[0]},spring")
    assert read == ["mine.png", "spring.jpg"]


def test_styles_of_other_weights_are_kept(painter: Painter) -> None:
    other = checkpoint.untrained("mobile", seed=1)
    for made in (painter.checkpoint, other):
        StyleBook(made.style_fingerprint, (A,)).save(user_file(made))
    assert (
        StyleBook.load(user_file(painter.checkpoint)).weights
        == painter.checkpoint.style_fingerprint
    )
    assert "a" in style_book(Painter(other))


def test_networks_with_one_style_encoder_have_the_same_styles(
    painter: Painter, facestyle: Callable[..., Outcome], tmp_path: Path
) -> None:
    (painting,) = _paintings(tmp_path, "mine.png")
    files = [tmp_path / f"{name}.safetensors" for name in ("mobile", "studio", "other")]
    mobile, studio, other = painter.checkpoint, *(checkpoint.untrained("studio", s) for s in (1, 2))
    own, theirs = (c.network.get_submodule("style_encoder") for c in (studio, mobile))
    own.load_state_dict(theirs.state_dict())
    for made, file in zip((mobile, studio, other), files):
        checkpoint.save(made, file)
    for_studio = ("--preset", "studio", "--checkpoint")
    assert facestyle("styles", "add", painting, "--checkpoint", files[0]).code == 0
    shown = [
        facestyle("styles", "show", "mine", *options)
        for options in (("--checkpoint", files[0]), (*for_studio, files[1]))
    ]
    assert shown[0].code == 0 and shown[0] == shown[1]
    refused = facestyle("styles", "show", "mine", *for_studio, files[2])
    assert_refused(refused, "unknown style 'mine'")
    assert "mine" not in facestyle("styles", "list", *for_studio, files[2]).out
    # And the other way round.
    assert facestyle("styles", "add", painting, "--name", "ours", *for_studio, files[1]).code == 0
    assert facestyle("styles", "show", "ours", "--checkpoint", files[0]).code == 0


def test_large_photos_are_painted_smaller(
    painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stylize, "PAINT_LIMIT", 32)
    seen: list[torch.Size] = []
    inner = painter.network.stylize

    def watched(photo: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        seen.append(photo.shape)
        return inner(photo, *rest)

    monkeypatch.setattr(painter.network, "stylize", watched)
    code = style_book(painter)["spring"].tensor()
    depth = torch.ones(1, 1, 5, 5)
    assert painter.paint(torch.rand(1, 3, 96, 41), code, depth=depth).shape == (1, 3, 96, 41)
    assert [max(shape) for shape in seen] == [32]


@pytest.mark.parametrize("preset", ["mobile", "studio"])
def test_every_shipped_style_has_a_stored_code(preset: str) -> None:
    """One that is missing would be encoded on the fly, and nobody would see it."""
    shipped = checkpoint.shipped(preset).with_name("styles.json")
    book = StyleBook.load(shipped)
    assert book.weights == checkpoint.load(None, preset).style_fingerprint
    assert {style.name for style in book.styles} == {p.name for p in gallery.paintings()}


def test_shipped_styles_are_what_the_weights_say() -> None:
    """The stored codes are the network's own for the shipped paintings."""
    painter = Painter(checkpoint.load())
    book = style_book(painter)
    assert len(book.styles) == len(gallery.paintings()) >= 24
    assert len({picture.movement for picture in gallery.paintings()}) >= 8
    for picture in gallery.paintings():
        fresh = painter.read_style(picture.path, picture.name)
        stored = book[picture.name].tensor()
        assert torch.allclose(stored, fresh.tensor(), atol=1e-4)
